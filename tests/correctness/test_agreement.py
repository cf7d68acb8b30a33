"""One output, all outputs: types, defaults, and how a failure is told."""

from __future__ import annotations

import numpy as np
import pytest

from harness.correctness import agree, agree_all, default_tolerance
from harness.correctness.printed import PrintedFloat
from harness.model import Case, OutputKind, OutputSpec, Task, Tolerance

EXACT = Tolerance("x")
CLOSE = Tolerance("x", OutputKind.DETERMINISTIC, rtol=1e-9)


@pytest.mark.parametrize(
    ("kind", "rtol"),
    [
        (OutputKind.EXACT, 0.0),
        (OutputKind.DETERMINISTIC, 1e-9),
        (OutputKind.COUNT, 0.5),
        (OutputKind.STATISTICS, 0.01),
    ],
)
def test_default_tolerance_follows_the_kind(kind: OutputKind, rtol: float) -> None:
    tolerance = default_tolerance(kind, "energy")
    assert (tolerance.output, tolerance.kind, tolerance.rtol) == ("energy", kind, rtol)


@pytest.mark.parametrize("tolerance", [EXACT, CLOSE])
def test_a_scalar_equals_an_array_without_axes(tolerance: Tolerance) -> None:
    assert agree(3.5, np.array(3.5), tolerance).ok
    assert agree(np.array(3, dtype=np.int32), 3, tolerance).ok


def test_an_int_agrees_with_the_same_float_where_numbers_are_meant() -> None:
    assert agree(3, PrintedFloat("3.0"), CLOSE).ok
    assert not agree(3, PrintedFloat("3.0"), EXACT).ok


def test_integers_are_compared_without_going_through_floats() -> None:
    assert not agree(2**53, 2**53 + 1, EXACT).ok
    assert not agree(2**200, 2**200 + 1, CLOSE.__class__("x", OutputKind.DETERMINISTIC)).ok
    assert agree(2**200, 2**200 + 1, CLOSE).ok


def test_integers_too_large_for_a_float_still_compare() -> None:
    assert not agree(10**400, 10**400 + 1, EXACT).ok
    assert agree(10**400, 10**400, CLOSE).ok


@pytest.mark.parametrize(
    ("expected", "actual"),
    [("1", b"1"), ("1", 1), (b"1", 1.0), (True, 1), (np.ones(1, bool), np.ones(1, int))],
)
def test_another_type_fails(expected: object, actual: object) -> None:
    agreement = agree(expected, actual, CLOSE)  # type: ignore[arg-type]
    assert not agreement.ok
    assert agreement.mismatches[0].place in {"type", "dtype"}


@pytest.mark.parametrize("empty", ["", " \n", b"", np.zeros(0)])
@pytest.mark.parametrize("tolerance", [EXACT, CLOSE])
def test_an_empty_output_does_not_even_agree_with_itself(
    empty: str | bytes | np.ndarray, tolerance: Tolerance
) -> None:
    agreement = agree(empty, empty, tolerance)
    assert not agreement.ok
    assert agreement.mismatches[0].place == "length"


def test_a_count_agrees_loosely_and_no_further() -> None:
    count = default_tolerance(OutputKind.COUNT, "samples")
    assert agree(1000, 1400, count).ok
    assert not agree(1000, 1600, count).ok
    assert not agree(1000, 0, count).ok


def test_bytes_tell_the_first_place_that_differs() -> None:
    agreement = agree(b"abcdef", b"abXdef", EXACT)
    assert agreement.mismatches[0].place == "byte 2"
    assert (agreement.differing, agreement.checked) == (1, 6)


def test_bytes_of_another_length_fail_though_the_shorter_is_a_beginning() -> None:
    agreement = agree(b"abc", b"ab", EXACT)
    assert [m.place for m in agreement.mismatches] == ["length"]


def test_bytes_that_differ_everywhere_show_a_few_places() -> None:
    agreement = agree(b"a" * 1000, b"b" * 1000, EXACT)
    assert agreement.differing == 1000
    assert [m.place for m in agreement.mismatches] == [f"byte {i}" for i in range(5)]


def test_a_failure_names_output_place_expected_got_error_and_tolerance() -> None:
    tolerance = Tolerance("energy", OutputKind.DETERMINISTIC, rtol=1e-3)
    agreement = agree(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.5, 4.0]), tolerance)
    mismatch = agreement.mismatches[0]
    assert (mismatch.output, mismatch.place) == ("energy", "[1]")
    assert (mismatch.expected, mismatch.actual) == ("2.0", "2.5")
    assert (mismatch.error, mismatch.allowed) == (0.5, 0.002)
    for word in ("energy", "[1]", "2.0", "2.5", "0.5", "0.002", "rtol 0.001"):
        assert word in agreement.summary


def test_a_failure_where_zero_is_expected_advises_atol() -> None:
    assert "declare atol" in agree(np.zeros(3), np.full(3, 1e-17), CLOSE).summary


@pytest.mark.parametrize(("rtol", "ok"), [(1e-6, True), (1e-8, False)])
def test_one_part_in_ten_million_passes_or_fails_as_declared(rtol: float, ok: bool) -> None:
    tolerance = Tolerance("x", OutputKind.DETERMINISTIC, rtol=rtol)
    assert agree(38.08395833, 38.08395833 * (1 + 1e-7), tolerance).ok is ok
    assert agree("-38.083958330\n", "-38.083962138\n", tolerance).ok is ok


def test_another_order_of_summation_agrees_within_the_default() -> None:
    terms = np.random.default_rng(0).random(10_000)
    forwards, backwards = float(np.cumsum(terms)[-1]), float(np.cumsum(terms[::-1])[-1])
    assert forwards != backwards
    assert agree(forwards, backwards, default_tolerance(OutputKind.DETERMINISTIC)).ok
    assert not agree(forwards, backwards, EXACT).ok


def _task(*specs: OutputSpec) -> Task:
    return Task("t", (Case("c"),), outputs=specs)


def test_without_declared_outputs_standard_output_must_be_equal() -> None:
    assert agree_all(_task(), {"stdout": "1\n"}, {"stdout": "1\n"}).ok
    assert not agree_all(_task(), {"stdout": "1\n"}, {"stdout": "1.0\n"}).ok


def test_a_missing_output_fails() -> None:
    task = _task(OutputSpec("a", tolerance=Tolerance("a")))
    agreement = agree_all(task, {"a": 1}, {})
    assert not agreement.ok
    assert (agreement.mismatches[0].place, agreement.mismatches[0].actual) == ("missing", "nothing")


def test_every_failing_output_is_shown_before_a_second_place_of_one() -> None:
    specs = [OutputSpec(name, tolerance=Tolerance(name)) for name in "abc"]
    expected = {"a": np.zeros(9), "b": 1, "c": "text"}
    actual = {"a": np.ones(9), "b": 2, "c": "text"}
    agreement = agree_all(_task(*specs), expected, actual)
    assert [m.output for m in agreement.mismatches][:2] == ["a", "b"]
    assert agreement.differing == 10
    assert "c:" not in agreement.summary


def test_a_single_stochastic_run_is_checked_by_its_form_alone() -> None:
    tolerance = default_tolerance(OutputKind.STOCHASTIC, "evidence")
    agreement = agree(1.0, 1.3, tolerance)
    assert agreement.ok
    assert "one run does not decide about" in agreement.summary
    assert not agree(1.0, float("nan"), tolerance).ok
    assert not agree(1.0, "no numbers", tolerance).ok
    assert not agree(np.ones(3), np.ones(4), tolerance).ok
