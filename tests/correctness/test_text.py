"""Texts: numbers as numbers, print precision, layout."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.correctness import agree
from harness.correctness.printed import (
    NUMBER,
    PrintedArray,
    half_unit,
    printed_array,
    read_token,
)
from harness.model import OutputKind, Tolerance

EXACT = Tolerance("stdout")
CLOSE = Tolerance("stdout", OutputKind.DETERMINISTIC, rtol=1e-9)
LOOSE_LAYOUT = Tolerance("stdout", OutputKind.DETERMINISTIC, rtol=1e-9, ignore_layout=True)


def test_six_decimals_agree_with_the_full_number() -> None:
    agreement = agree("energy: -38.083958\n", "energy: -38.08395833281251\n", CLOSE)
    assert agreement.ok
    assert "only as far as they are printed" in agreement.summary
    assert agree("energy: -38.08395833281251\n", "energy: -38.083958\n", CLOSE).ok


def test_six_decimals_do_not_agree_with_a_number_that_rounds_otherwise() -> None:
    assert not agree("-38.083958\n", "-38.08395950281251\n", CLOSE).ok


def test_exact_compares_characters() -> None:
    assert not agree("1.0\n", "1.00\n", EXACT).ok
    assert agree("any words, 1.0\n", "any words, 1.0\n", EXACT).ok


@pytest.mark.parametrize("short", ["0.5", "1e+22", "38.1", "7."])
def test_a_number_of_few_digits_is_taken_at_its_word(short: str) -> None:
    near = repr(float(short) * 1.0001)
    assert not agree(short, near, CLOSE).ok
    assert not agree(near, short, CLOSE).ok


@given(st.floats(1e-3, 1e6), st.integers(6, 12))
def test_rounding_to_six_or_more_decimals_always_agrees(value: float, decimals: int) -> None:
    assert agree(repr(value), f"{value:.{decimals}f}", CLOSE).ok
    assert agree(f"{value:.{decimals}e}", repr(value), CLOSE).ok


@given(st.floats(1.0, 1e6), st.integers(6, 9), st.booleans())
def test_two_units_of_the_last_digit_are_always_found(
    value: float, decimals: int, up: bool
) -> None:
    off = value + (2 if up else -2) * 10.0**-decimals * 1.01 + (1 if up else -1) * 3e-9 * value
    assert not agree(f"{value:.{decimals}f}", f"{off:.{decimals}f}", CLOSE).ok


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1).filter(str.strip))
def test_every_text_agrees_with_itself(text: str) -> None:
    assert agree(text, text, EXACT).ok
    declared = Tolerance("x", OutputKind.DETERMINISTIC, nan_equal=True, ignore_layout=True)
    assert agree(text, text, declared).ok


@given(st.lists(st.sampled_from(["a", "b 1.5", "x=2", "3.25e-3,"]), min_size=1), st.data())
def test_any_word_that_changes_is_found(lines: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(lines) - 1))
    changed = [*lines[:place], lines[place] + " more", *lines[place + 1 :]]
    agreement = agree("\n".join(lines), "\n".join(changed), CLOSE)
    assert agreement.mismatches[0].place == f"line {place + 1}"


def test_layout_counts_unless_declared_meaningless() -> None:
    expected, actual = "a  1.5\nb 2.5\n", "a 1.5 b\t2.5"
    assert not agree(expected, actual, CLOSE).ok
    assert agree(expected, actual, LOOSE_LAYOUT).ok
    assert agree(expected, actual, Tolerance("x", ignore_layout=True)).ok


def test_layout_declared_meaningless_does_not_join_words() -> None:
    assert not agree("1 2\n", "12\n", LOOSE_LAYOUT).ok


def test_right_in_numbers_but_for_format_says_the_line() -> None:
    agreement = agree("x=1.0\ny=2.0\n", "x=1.0\ny: 2.0\n", CLOSE)
    assert (agreement.mismatches[0].place, agreement.mismatches[0].actual) == ("line 2", "y: 2.0")


@pytest.mark.parametrize("odd", ["nan", "NaN", "-inf", "Infinity"])
def test_not_finite_numbers_in_equal_texts_fail_unless_declared(odd: str) -> None:
    text = f"energy: {odd}\n"
    assert not agree(text, text, CLOSE).ok
    declared = Tolerance("x", OutputKind.DETERMINISTIC, nan_equal=True)
    assert agree(text, text, declared).ok
    assert agree("information, nano\n", "information, nano\n", CLOSE).ok


def test_a_number_is_no_substitute_for_nan() -> None:
    declared = Tolerance("x", OutputKind.DETERMINISTIC, rtol=1.0, nan_equal=True)
    assert not agree("nan", "1.0", declared).ok
    assert not agree("inf", "-inf", declared).ok


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("x86_64 v1.2.3 sha 3fa9b2c", []),
        ("t = 1.5s, z=2.0im; 50%", ["1.5", "2.0", "50"]),
        ("[-1.5e-3,+2,.5]", ["-1.5e-3", "+2", ".5"]),
        ("2024-01-31", ["2024", "01", "31"]),
        ("end 5.", ["5."]),
    ],
)
def test_numbers_are_found_where_a_reader_sees_them(text: str, numbers: list[str]) -> None:
    assert NUMBER.findall(text) == numbers


def test_integers_in_texts_are_exact() -> None:
    exactly = Tolerance("x", OutputKind.DETERMINISTIC)
    assert not agree("n 9007199254740992\n", "n 9007199254740993\n", exactly).ok
    assert not agree("1" * 5000, "1" * 4999 + "2", CLOSE).ok


def test_ulps_hold_in_texts() -> None:
    one_up = math.nextafter(0.1, 1)
    ulp = Tolerance("x", OutputKind.DETERMINISTIC, ulp=1)
    assert agree("0.1", repr(one_up), ulp).ok
    assert not agree("0.1", repr(math.nextafter(math.nextafter(one_up, 1), 1)), ulp).ok


def test_long_lines_that_differ_at_their_end_show_where() -> None:
    expected = "word " * 100 + "left"
    mismatch = agree(expected, "word " * 100 + "right", EXACT).mismatches[0]
    assert "left" in mismatch.expected
    assert "right" in mismatch.actual
    assert len(mismatch.expected) < 100


@pytest.mark.parametrize(
    ("token", "half"),
    [
        ("-38.083958", 5e-7),
        ("0.000012", 5e-7),
        ("1.234567e-12", 5e-19),
        ("123456.7", 0.05),
        ("0.5", 0.0),
        ("1e+22", 0.0),
        ("123456789", 0.0),
        ("0.000000e+00", 0.0),
        ("word", 0.0),
    ],
)
def test_half_a_unit_of_the_last_printed_digit(token: str, half: float) -> None:
    assert half_unit(token) == pytest.approx(half, rel=1e-12, abs=0)


def test_printed_arrays_remember_their_digits_and_their_descendants_do_not() -> None:
    array = printed_array(["1.000000", "2.5"])
    assert isinstance(array, PrintedArray)
    assert array.tokens is not None
    assert (array + 1).tokens is None  # type: ignore[attr-defined]
    assert agree(array, array + 4e-7, CLOSE).ok is False
    close = printed_array(["1.0000004", "2.5"])
    assert close is not None
    assert agree(array, close, CLOSE).ok


def test_what_is_not_a_number_is_not_read_as_one() -> None:
    assert read_token("1_00") is None
    assert read_token("_1") is None
    assert read_token("D+03") is None
    assert read_token("0x10") is None
    assert printed_array(["1", "x"]) is None
    assert printed_array(["1", str(2**64)]) is None
    assert printed_array([str(2**64 - 1)]).dtype == "uint64"  # type: ignore[union-attr]
