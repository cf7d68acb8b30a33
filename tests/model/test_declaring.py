"""Options that are declared at the fields that they set."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from harness.errors import UsageError
from harness.model import Mode
from harness.model.declaring import (
    RunOption,
    confidence_level,
    declared,
    given_to,
    one_of,
    options_of,
    share,
    truth,
    whole_number,
)


@dataclass(frozen=True)
class Inner:
    deep: int = declared(1, RunOption("deep_one", "How deep.", whole_number(1)))


@dataclass(frozen=True)
class Outer:
    mode: Mode = declared(Mode.COLD, RunOption("mode", "Which.", one_of(Mode)))
    silent: int = 3
    inner: Inner = field(default_factory=Inner)


def test_options_are_found_in_nested_values_too():
    assert [(o.keyword, o.flag) for o in options_of(Outer)] == [
        ("mode", "--mode"),
        ("deep_one", "--deep-one"),
    ]


def test_what_is_given_lands_in_its_field_and_none_changes_nothing():
    changed = given_to(Outer(), {"deep_one": 4, "mode": None})
    assert changed == Outer(inner=Inner(4))


def test_messages_name_options_by_their_keyword():
    with pytest.raises(UsageError, match=r"^deep_one: want a whole number of at least 1, got 0"):
        given_to(Outer(), {"deep_one": 0})


@pytest.mark.parametrize(
    ("read", "given", "value"),
    [
        (one_of(Mode), "steady", Mode.STEADY),
        (one_of(Mode), Mode.STEADY, Mode.STEADY),
        (one_of(Mode, nothing="auto"), "auto", None),
        (share("a share"), "2%", 0.02),
        (share("a share"), " 0.5 ", 0.5),
        (confidence_level, 0.99, 0.99),
        (confidence_level, "99%", 0.99),
        (whole_number(), -3, -3),
        (truth, False, False),
    ],
)
def test_what_readers_take(read, given, value):
    assert read(given, "x") == value


@pytest.mark.parametrize(
    ("read", "given"),
    [
        (one_of(Mode), "warm"),
        (one_of(Mode), "auto"),
        (share("a share"), "200%"),
        (share("a share"), "two"),
        (share("a share"), True),
        (share("a share"), [1]),
        (confidence_level, 0.4),
        (confidence_level, float("nan")),
        (whole_number(1), 0),
        (whole_number(1), True),
        (whole_number(1), 1.5),
        (truth, "yes"),
    ],
)
def test_what_readers_refuse(read, given):
    with pytest.raises(UsageError, match=r"^name: want"):
        read(given, "name")
