"""Texts of unequal length: what belongs together is compared, and the rest is one line each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.correctness import agree
from harness.model import Agreement, OutputKind, Tolerance

EXACT = Tolerance("stdout")
CLOSE = Tolerance("stdout", OutputKind.DETERMINISTIC, rtol=1e-9)
BOTH = pytest.mark.parametrize("tolerance", [EXACT, CLOSE])


def places(agreement: Agreement) -> list[str]:
    return [mismatch.place for mismatch in agreement.mismatches]


def lines(count: int) -> list[str]:
    return [f"step {i}: {i * 1.25}" for i in range(count)]


def text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


@BOTH
def test_one_inserted_line_among_many_is_one_difference(tolerance: Tolerance) -> None:
    expected = lines(20_000)
    actual = [*expected[:777], "warning: something", *expected[777:]]
    agreement = agree(text(expected), text(actual), tolerance)
    assert (agreement.differing, agreement.checked) == (1, 20_000)
    assert places(agreement) == ["line 778, which is one too many"]
    assert agreement.mismatches[0].actual == "warning: something"
    assert "first at line 778" in agreement.summary


@BOTH
def test_a_missing_line_is_one_difference(tolerance: Tolerance) -> None:
    expected = lines(300)
    agreement = agree(text(expected), text(expected[:100] + expected[101:]), tolerance)
    assert places(agreement) == ["line 101, which is missing"]
    assert agreement.mismatches[0].expected == expected[100]


@BOTH
def test_a_missing_line_at_the_end_is_not_a_missing_newline(tolerance: Tolerance) -> None:
    assert places(agree("1\n2\n3\n", "1\n2\n", tolerance)) == ["line 3, which is missing"]


@BOTH
@pytest.mark.parametrize(("expected", "actual"), [("a\nb\n", "a\nb"), ("a\nb", "a\nb\n")])
def test_a_missing_last_newline_is_said_as_such(
    tolerance: Tolerance, expected: str, actual: str
) -> None:
    agreement = agree(expected, actual, tolerance)
    assert agreement.differing == 1
    assert places(agreement) == ["the end of the last line"]
    assert "newline" in agreement.summary
    assert agree(expected, actual, Tolerance("stdout", ignore_layout=True)).ok


@BOTH
def test_an_empty_line_more_is_an_empty_line(tolerance: Tolerance) -> None:
    agreement = agree("a\nb\n", "a\n\nb\n", tolerance)
    assert agreement.mismatches[0].actual == "an empty line"
    assert agreement.differing == 1


def test_an_inserted_number_among_numbers_is_found_within_the_tolerance() -> None:
    values = np.random.default_rng(0).normal(size=5000)
    expected = text([repr(v) for v in values.tolist()])
    actual = [repr(v) for v in (values * (1 + 1e-12)).tolist()]
    actual.insert(1234, "3.5")
    actual.insert(3000, "4.5")
    agreement = agree(expected, text(actual), CLOSE)
    assert agreement.differing == 2
    assert places(agreement) == [
        "line 1235, which is one too many",
        "line 3001, which is one too many",
    ]


def test_a_line_more_and_another_less_are_two_differences() -> None:
    expected = lines(1000)
    actual = [*expected[:10], "new", *expected[10:900], *expected[901:]]
    assert agree(text(expected), text(actual), EXACT).differing == 2


def test_a_long_insertion_between_other_differences_is_found() -> None:
    expected = lines(1000)
    more = [f"note {i}" for i in range(200)]
    actual = ["first", *expected[1:500], *more, *expected[500:999], "last"]
    assert agree(text(expected), text(actual), EXACT).differing == 202


def test_a_changed_number_is_told_with_its_line_first_and_the_worst_after_it() -> None:
    expected = lines(100)
    actual = list(expected)
    actual[5], actual[50] = "step 5: 6.2500001", "step 50: 99"
    agreement = agree(text(expected), text(actual), CLOSE)
    assert places(agreement) == ["line 6", "line 51"]
    assert agreement.summary.index("first at line 6") < agreement.summary.index("worst at line 51")


@BOTH
def test_repeated_lines_that_change_are_no_insertions(tolerance: Tolerance) -> None:
    expected = ["0"] * 50
    actual = list(expected)
    actual[20] = "5"
    agreement = agree(text(expected), text(actual), tolerance)
    assert (agreement.differing, places(agreement)) == (1, ["line 21"])


@given(
    st.lists(st.integers(0, 49).map(lambda n: 4 * n), min_size=1, max_size=12, unique=True),
    st.sampled_from([EXACT, CLOSE]),
)
def test_every_insertion_into_lines_of_their_own_counts_once(
    inserted: list[int], tolerance: Tolerance
) -> None:
    expected = lines(200)
    actual = [
        word
        for i, line in enumerate(expected)
        for word in ([f"new {i}"] * (i in inserted) + [line])
    ]
    agreement = agree(text(expected), text(actual), tolerance)
    assert agreement.differing == len(inserted)
    assert places(agreement)[0] == f"line {min(inserted) + 1}, which is one too many"
    back = agree(text(actual), text(expected), tolerance)
    assert back.differing == len(inserted)


@given(
    st.lists(st.sampled_from("abc1"), max_size=40), st.lists(st.sampled_from("abc1"), max_size=40)
)
def test_different_texts_never_agree_and_never_differ_in_more_than_all_lines(
    one: list[str], other: list[str]
) -> None:
    agreement = agree(text(["x", *one]), text(["x", *other]), EXACT)
    assert agreement.ok is (one == other)
    assert agreement.differing <= max(len(one), len(other))
    assert agreement.differing >= abs(len(one) - len(other))


def test_words_are_aligned_too() -> None:
    layout = Tolerance("stdout", ignore_layout=True)
    agreement = agree("a b c d e f", "a b new c\nd e f", layout)
    assert places(agreement) == ["word 3, which is one too many"]


def test_a_text_that_is_wrong_everywhere_is_counted_whole_and_looked_at_in_part() -> None:
    values = np.random.default_rng(0).normal(size=20_000)
    sides = [text([repr(v) for v in side.tolist()]) for side in (values, values * 1.1)]
    agreement = agree(sides[0], sides[1], CLOSE)
    assert agreement.differing == 20_000
    assert places(agreement)[0] == "line 1"
