"""A few elements may differ by any amount, where that is declared; never what is no element."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.correctness import agree
from harness.correctness.printed import printed_array
from harness.model import OutputKind, Tolerance


def few(allowed: int | str, kind: OutputKind = OutputKind.EXACT) -> Tolerance:
    return Tolerance("x", kind, max_differing=allowed)


def image(wrong: int) -> bytes:
    return bytes([9] * wrong + [0] * (5011 - wrong))


@pytest.mark.parametrize(
    ("allowed", "wrong", "ok"),
    [(5, 5, True), (5, 6, False), ("0.1%", 5, True), ("0.1%", 6, False), (0, 1, False)],
)
def test_so_many_bytes_of_an_image_may_differ(allowed: int | str, wrong: int, ok: bool) -> None:
    agreement = agree(image(0), image(wrong), few(allowed))
    assert agreement.ok is ok
    assert agreement.differing == wrong


KINDS = [OutputKind.EXACT, OutputKind.DETERMINISTIC, OutputKind.COUNT]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (np.arange(1.0, 9), np.array([1.0, 2, 3, 4, 5, 6, 70, 80])),
        (np.arange(1, 9), np.array([1, 2, 3, 4, 5, 6, 70, 80])),
        ("1\n2\n3\n4\n", "1\n2\n30\n40\n"),
        (printed_array(["1.5", "2", "3", "4"]), printed_array(["1.5", "2", "30", "40"])),
        (np.array([1 + 1j, 2, 3, 4]), np.array([1 + 1j, 2, 30, 40])),
    ],
)
def test_two_elements_of_any_form_may_differ_and_no_third(
    kind: OutputKind, expected: object, actual: object
) -> None:
    agreement = agree(expected, actual, few(2, kind))  # type: ignore[arg-type]
    assert agreement.ok
    assert agreement.differing == 2
    assert "2 of" in agreement.summary
    assert "max_differing 2" in agreement.summary
    assert not agree(expected, actual, few(1, kind)).ok  # type: ignore[arg-type]


def test_words_count_where_the_layout_does_not() -> None:
    words = Tolerance("x", ignore_layout=True, max_differing=1)
    assert agree("a b c", "a\nB c", words).ok
    assert not agree("a b c", "A\nB c", words).ok


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("a\nb\nc\n", "a\nb\n"),
        ("a\nb\nc\n", "a\nb\nc\nd\n"),
        ("a\nb\nc\n", "a\nb\nc"),
        (b"abc", b"ab"),
        (np.zeros(9), np.zeros(8)),
        (np.zeros(9), np.zeros((3, 3))),
        (np.arange(9.0), np.array([0, 1, 2, 3, 4, 5, 6, 7, math.nan])),
        ("1\n2\n3\n", "1\n2\nnan\n"),
        (np.zeros(9, dtype=[("a", "f8")]), np.zeros(9, dtype=[("a", "i8")])),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_length_shape_and_what_is_not_finite_are_never_excused(
    expected: object, actual: object, kind: OutputKind
) -> None:
    assert not agree(expected, actual, few(3, kind)).ok  # type: ignore[arg-type]


@pytest.mark.parametrize("allowed", [5, "99%"])
def test_never_may_all_elements_differ(allowed: int | str) -> None:
    assert not agree(1.0, 2.0, few(allowed)).ok
    assert not agree(np.array([1.0, 2.0]), np.array([3.0, 4.0]), few(allowed)).ok
    assert agree(1.0, 1.0, few(allowed)).ok


def test_a_share_is_rounded_down_and_exact() -> None:
    assert few("0.1%").may_differ(999) == 0
    assert few("0.1%").may_differ(1000) == 1
    assert few("29%").may_differ(100) == 29
    assert few(7).may_differ(10**6) == 7


@pytest.mark.parametrize("wrong", [-1, True, 2.5, "5", "100%", "-1%", "0.1", "%", "many"])
def test_anything_else_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="max_differing"):
        Tolerance("x", max_differing=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [OutputKind.STOCHASTIC, OutputKind.STATISTICS])
def test_kinds_that_compare_no_elements_refuse_it(kind: OutputKind) -> None:
    with pytest.raises(ValueError, match="element by element"):
        few(1, kind)
