"""Arrays: shapes, types, NaN, ULP, places, and the law of the tolerance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.correctness import agree
from harness.correctness.arrays import CHUNK, ulps_apart
from harness.model import OutputKind, Tolerance

EXACT = Tolerance("x")


def within(**fields: object) -> Tolerance:
    return Tolerance("x", OutputKind.DETERMINISTIC, **fields)  # type: ignore[arg-type]


TYPES = st.one_of(
    *(hnp.floating_dtypes(endianness=e) for e in "<>"),
    hnp.integer_dtypes(),
    hnp.unsigned_integer_dtypes(),
    hnp.boolean_dtypes(),
    hnp.complex_number_dtypes(sizes=(64, 128)),
    hnp.unicode_string_dtypes(max_len=4),
    hnp.byte_string_dtypes(max_len=4),
)
ARRAYS = TYPES.flatmap(lambda t: hnp.arrays(t, hnp.array_shapes(max_dims=3, max_side=4)))
FINITE = st.floats(-1e150, 1e150)


@given(ARRAYS)
def test_every_array_agrees_with_its_copy(array: np.ndarray) -> None:
    assert agree(array, array.copy(), Tolerance("x", nan_equal=True)).ok
    assert agree(array, array.copy(), within(nan_equal=True)).ok


@given(hnp.arrays(np.float64, st.integers(1, 20), elements=FINITE), st.data())
def test_within_the_tolerance_is_accepted_and_beyond_it_is_found(
    expected: np.ndarray, data: st.DataObject
) -> None:
    rtol = data.draw(st.sampled_from([1e-12, 1e-6, 0.01]))
    atol = data.draw(st.sampled_from([1e-9, 1.0]))
    place = data.draw(st.integers(0, len(expected) - 1))
    allowed = atol + rtol * abs(expected[place])
    for factor, ok in ((0.5, True), (2.0, False)):
        actual = expected.copy()
        actual[place] += factor * allowed
        moved = abs(actual[place] - expected[place])
        if (moved <= 0.9 * allowed) is not ok and moved <= 1.1 * allowed:
            continue  # lost in rounding: the step is below the number's own resolution
        agreement = agree(expected, actual, within(rtol=rtol, atol=atol))
        assert agreement.ok is ok
        if not ok:
            assert agreement.mismatches[0].place == f"[{place}]"
            assert agreement.differing == 1


@given(hnp.arrays(np.int64, st.integers(1, 20)), st.data())
def test_any_single_change_of_an_integer_is_found(array: np.ndarray, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(array) - 1))
    changed = array.copy()
    changed[place] ^= 1 << data.draw(st.integers(0, 62))
    agreement = agree(array, changed, EXACT)
    assert (agreement.differing, agreement.mismatches[0].place) == (1, f"[{place}]")


def test_integers_of_unlike_sign_types_compare_exactly() -> None:
    signed, unsigned = np.array([-1]), np.array([2**64 - 1], dtype=np.uint64)
    assert not agree(signed, unsigned, within()).ok
    assert agree(np.array([7]), np.array([7], dtype=np.uint64), within()).ok


def test_the_distance_of_extreme_integers_does_not_wrap() -> None:
    ends = np.array([-(2**63)]), np.array([2**63 - 1])
    assert agree(*ends, within(atol=1.0)).mismatches[0].error == float(2**64)


@pytest.mark.parametrize("tolerance", [EXACT, within(rtol=1.0, atol=1e300)])
@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_not_finite_numbers_agree_only_where_declared(tolerance: Tolerance, odd: float) -> None:
    array = np.array([1.0, odd])
    assert not agree(array, array, tolerance).ok
    assert not agree(np.ones(2), array, tolerance).ok
    declared = Tolerance("x", tolerance.kind, tolerance.rtol, tolerance.atol, nan_equal=True)
    assert agree(array, array, declared).ok
    assert not agree(array, np.ones(2), declared).ok
    assert not agree(np.ones(2), array, declared).ok


def test_declared_or_not_infinities_of_unlike_sign_differ() -> None:
    assert not agree(np.array([np.inf]), np.array([-np.inf]), within(nan_equal=True)).ok


def test_nan_everywhere_fails() -> None:
    agreement = agree(np.full(100, np.nan), np.full(100, np.nan), within(rtol=1.0))
    assert (agreement.ok, agreement.differing, len(agreement.mismatches)) == (False, 100, 5)


@pytest.mark.parametrize(
    ("expected", "actual", "place"),
    [
        (np.ones(3), np.ones(4), "length"),
        (np.ones((2, 3)), np.ones((3, 2)), "shape"),
        (np.ones(3), np.ones((3, 1)), "shape"),
        (np.ones(3), np.ones(3, dtype=int), "dtype"),
        (np.ones(3), np.ones(3, dtype=complex), "dtype"),
        (np.ones(1), np.array(["1"]), "dtype"),
        (np.ones(1, dtype=object), np.ones(1, dtype=object), "dtype"),
        (np.ones(1, dtype="V4"), np.ones(1, dtype="V8"), "dtype"),
    ],
)
def test_another_shape_or_type_fails(expected: np.ndarray, actual: np.ndarray, place: str) -> None:
    assert agree(expected, actual, within(rtol=1.0)).mismatches[0].place == place


def test_exact_asks_for_the_same_precision_but_not_the_same_byte_order() -> None:
    assert not agree(np.ones(2, "<f4"), np.ones(2, "<f8"), EXACT).ok
    assert agree(np.ones(2, "<f4"), np.ones(2, "<f8"), within()).ok
    assert agree(np.ones(2, "<f8"), np.ones(2, ">f8"), EXACT).ok


def test_exact_tells_the_two_zeros_apart() -> None:
    assert not agree(np.array([0.0]), np.array([-0.0]), EXACT).ok
    assert agree(np.array([0.0]), np.array([-0.0]), within()).ok


@given(hnp.arrays(np.float64, 5, elements=FINITE), st.integers(0, 40))
def test_ulps_count_the_representable_numbers_between(array: np.ndarray, steps: int) -> None:
    moved = array
    for _ in range(steps):
        moved = np.nextafter(moved, np.inf)
    assert (ulps_apart(array, moved) == steps).all()
    assert agree(array, moved, within(ulp=steps)).ok
    assert steps == 0 or not agree(array, moved, within(ulp=steps - 1)).ok


def test_ulps_of_unlike_precisions_are_those_of_the_coarser() -> None:
    coarse = np.array([0.1], dtype=np.float32)
    assert agree(np.array([0.1]), coarse, within(ulp=0)).ok
    assert not agree(np.array([0.1]), coarse, within()).ok


def test_ulps_of_extended_precision_and_of_complex_numbers() -> None:
    one = np.array([1], dtype=np.longdouble)
    assert agree(one, np.nextafter(one, 2), within(ulp=1)).ok
    assert not agree(one, one + 3 * np.spacing(one), within(ulp=1)).ok
    assert agree(np.array([1 + 1j]), np.array([1 + np.nextafter(1, 2) * 1j]), within(ulp=1)).ok


def test_structured_arrays_are_compared_field_by_field() -> None:
    bodies = np.array([(1, 2.0), (3, 4.0)], dtype=[("id", "i4"), ("mass", "f8")])
    changed = bodies.copy()
    changed["mass"][1] = 5.0
    agreement = agree(bodies, changed, within(rtol=1e-9))
    assert [m.place for m in agreement.mismatches] == [".mass[1]"]
    assert agree(bodies, bodies.copy(), EXACT).ok
    assert not agree(bodies, bodies.astype([("id", "i4"), ("weight", "f8")]), within()).ok


def test_a_field_of_another_type_is_named() -> None:
    first = np.zeros(2, dtype=[("a", "f8")])
    assert (
        agree(first, np.zeros(2, dtype=[("a", "i8")]), within()).mismatches[0].place == ".a.dtype"
    )


def test_dates_agree_when_equal_and_not_a_time_only_where_declared() -> None:
    days = np.array(["2024-01-01", "NaT"], dtype="datetime64[D]")
    assert agree(days[:1], days[:1], EXACT).ok
    assert not agree(days, days, EXACT).ok
    assert agree(days, days, Tolerance("x", nan_equal=True)).ok


def test_the_worst_places_come_first_and_all_are_counted() -> None:
    expected = np.ones(3 * CHUNK)
    actual = expected.copy()
    places = {7: 1.5, CHUNK + 1: 9.0, 2 * CHUNK + 3: 2.0}
    for place, value in places.items():
        actual[place] = value
    agreement = agree(expected, actual, within(rtol=0.1))
    assert agreement.differing == 3
    assert [m.place for m in agreement.mismatches] == [
        f"[{CHUNK + 1}]",
        f"[{2 * CHUNK + 3}]",
        "[7]",
    ]


def test_a_place_in_a_matrix_is_given_by_row_and_column_whatever_the_layout() -> None:
    expected = np.asfortranarray(np.zeros((4, 5)))
    actual = np.zeros((4, 5))
    actual[3, 1] = 1
    assert agree(expected, actual, within()).mismatches[0].place == "[3, 1]"
    assert agree(expected[::2, ::2], actual[::2, ::2], within()).ok


def test_a_number_off_by_overflow_is_found() -> None:
    assert not agree(np.array([1e308]), np.array([-1e308]), within(rtol=1e-3)).ok


HUGE = 1.27e308 * (1 + 1j)
"""A complex number of which both parts are finite and the absolute value is not."""


@pytest.mark.parametrize("tolerance", [EXACT, within(), within(rtol=1e-9), within(atol=1.0)])
def test_a_complex_number_whose_absolute_value_overflows_agrees_with_its_copy(
    tolerance: Tolerance,
) -> None:
    assert agree(np.array([HUGE]), np.array([HUGE]), tolerance).ok


@pytest.mark.parametrize(
    ("expected", "actual", "rtol", "ok"),
    [
        (HUGE, HUGE * (1 + 1e-10), 1e-9, True),
        (HUGE, HUGE * (1 + 1e-8), 1e-9, False),
        (HUGE, -HUGE, 1e-9, False),
        (HUGE, HUGE.real, 0.5, False),  # whatever is allowed of infinity must not pass
        (HUGE, 0.0, 1.0, True),
        (HUGE, 0.0, 0.99, False),
        (1.0, HUGE, 1e-9, False),
    ],
)
def test_beyond_the_largest_magnitude_the_tolerance_holds(
    expected: complex, actual: complex, rtol: float, ok: bool
) -> None:
    sides = np.array([expected], dtype=complex), np.array([actual], dtype=complex)
    assert agree(*sides, within(rtol=rtol)).ok is ok


@pytest.mark.parametrize(("actual", "ok"), [(-1e308, True), (-1.1e308, False), (-1.7e308, False)])
def test_a_difference_beyond_the_largest_number_is_held_against_the_tolerance(
    actual: float, ok: bool
) -> None:
    count = Tolerance("x", OutputKind.COUNT, rtol=2.0)
    assert agree(np.array([1e308]), np.array([actual]), count).ok is ok


@pytest.mark.parametrize("kind", [OutputKind.EXACT, OutputKind.DETERMINISTIC, OutputKind.COUNT])
@pytest.mark.parametrize(
    ("expected", "actual", "ok"),
    [
        (math.inf, math.inf, True),
        (-math.inf, math.inf, False),
        (math.inf, 1.7e308, False),
        (math.nan, math.nan, True),
        (math.nan, 0.0, False),
        (math.nan, math.inf, False),
        (complex(math.nan, 1), complex(math.nan, 1), True),
        (complex(math.nan, 1), complex(math.nan, 9), False),
        (complex(math.nan, 1), complex(1, math.nan), False),
        (complex(1, math.inf), complex(1, math.inf), True),
        (complex(1, math.inf), complex(1, -math.inf), False),
        (complex(math.nan, math.inf), complex(math.nan, math.inf), True),
        (5e-324, 5e-324, True),
        (complex(5e-324, -5e-324), complex(5e-324, -5e-324), True),
    ],
)
def test_what_is_not_finite_agrees_with_its_like_part_by_part_where_declared(
    kind: OutputKind, expected: complex, actual: complex, ok: bool
) -> None:
    sides = np.array([expected]), np.array([actual])
    declared = Tolerance("x", kind, rtol=1e-9, nan_equal=True)
    assert agree(*sides, declared).ok is ok
    finite = bool(np.isfinite(sides[0]).all())
    assert agree(*sides, Tolerance("x", kind, rtol=1e-9)).ok is (ok and finite)


def test_the_finite_part_beside_a_nan_is_held_to_the_tolerance() -> None:
    sides = np.array([complex(math.nan, 1.0)]), np.array([complex(math.nan, 1.0 + 1e-12)])
    assert agree(*sides, within(rtol=1e-9, nan_equal=True)).ok
    assert not agree(*sides, Tolerance("x", nan_equal=True)).ok
    zeros = np.array([complex(math.nan, 0.0)]), np.array([complex(math.nan, -0.0)])
    assert not agree(*zeros, Tolerance("x", nan_equal=True)).ok


def test_subnormal_numbers_are_told_apart() -> None:
    sides = np.array([5e-324]), np.array([1e-323])
    assert not agree(*sides, EXACT).ok
    assert not agree(*sides, within(rtol=0.5)).ok
    assert agree(*sides, within(ulp=1)).ok


def test_two_nans_that_do_not_agree_say_what_would_let_them() -> None:
    for odd in (np.array([1.0, math.nan]), np.array(["NaT"], "datetime64[s]")):
        agreement = agree(odd, odd.copy(), EXACT)
        assert not agreement.ok
        assert "nan_equal = true" in agreement.summary
    assert "nan_equal" not in agree(np.array([1.0]), np.array([math.nan]), EXACT).summary
