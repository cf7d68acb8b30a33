"""Which functions a fresh interpreter can call, and why the others are refused."""

from __future__ import annotations

import functools
import operator
import threading
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.frontends.callables import called_afresh, called_function, config_of_functions


def squares(n: int, power: int = 2) -> int:
    return sum(i**power for i in range(n))


class Kept:
    @staticmethod
    def static(n: int) -> int:
        return n

    @classmethod
    def made(cls) -> str:
        return cls.__name__

    def method(self) -> int:
        return 1


def fails() -> None:
    raise ValueError("it is so")


@pytest.mark.parametrize(
    ("function", "given"),
    [
        (functools.partial(squares, 4), 14),
        (functools.partial(functools.partial(squares, 4), power=3), 36),
        (functools.partial(Kept.static, 7), 7),
        (Kept.made, "Kept"),
    ],
)
def test_a_fresh_interpreter_calls_it_with_its_arguments(tmp_path: Path, function, given) -> None:
    assert called_afresh(called_function(function), tmp_path) == given


def test_each_is_a_target(tmp_path: Path) -> None:
    one = called_function(functools.partial(squares, 4))
    config = config_of_functions({"one": one, "two": one}, tmp_path)
    assert list(config.targets) == ["one", "two"]


def closure() -> object:
    n = 3
    return lambda: n


def within() -> object:
    def inner() -> int:
        return 1

    return inner


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (closure(), "it is a closure"),
        (lambda: 1, "it is a lambda"),
        (within(), "it is defined within a function"),
        (Kept().method, "it is a method of an object"),
        (operator.add, "it is no function in Python"),
        (functools.partial(squares, threading.Lock()), "the arguments of squares cannot"),
    ],
)
def test_what_no_other_interpreter_can_call_is_refused_with_the_reason(function, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        called_function(function)
    assert why in str(caught.value)
    assert "in_process=True" in caught.value.hint


def test_what_fails_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fails when a fresh interpreter calls it: ValueError"):
        called_afresh(called_function(fails), tmp_path)
