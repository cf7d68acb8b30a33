"""What an empty program takes bounds what any change can give."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.model import Floor, FloorPart, HotSpot, ProfileReport
from harness.profiles import count_spots, floor_of, report_from_json, report_to_json, with_floor
from harness.render.profile import floor_words

MS = 1e6
FLOOR = Floor(69 * MS, 60 * MS, (FloorPart("start-up", 12 * MS, 12 * MS),
                                 FloorPart("imports", 42 * MS, 40 * MS)))  # fmt: skip


def test_each_part_is_what_an_empty_program_takes_more_than_the_one_before_it() -> None:
    steps = {"start-up": (12.0, 10.0), "imports": (54.0, 50.0), "input": (53.0, 50.5)}
    found = floor_of((69.0, 60.0), steps)
    assert found == Floor(
        69.0,
        60.0,
        (
            FloorPart("start-up", 12.0, 10.0),
            FloorPart("imports", 42.0, 40.0),
            FloorPart("input", 0.0, 0.5),  # less than before is noise, not a gain
        ),
    )
    assert found.bound == pytest.approx(69 / 54)
    assert replace(found, by_cpu=True).bound == pytest.approx(60 / 50.5)
    assert floor_of((69.0, 60.0), {}) is None


def test_where_other_programs_want_the_cpus_the_cpu_time_says_the_floor() -> None:
    steps = {"start-up": (277.0, 15.0)}
    assert not floor_of((243.0, 36.0), steps, crowded=0.05).told  # type: ignore[union-attr]
    found = floor_of((243.0, 36.0), steps, crowded=0.97)
    assert found is not None
    assert found.by_cpu
    assert found.bound == pytest.approx(36 / 15)


def test_an_empty_program_that_takes_as_long_within_the_noise_bounds_nothing() -> None:
    found = floor_of((50 * MS, 50 * MS), {"start-up": (54 * MS, 40 * MS)}, noise=(0.0, 5 * MS))
    assert found is not None
    assert (found.told, found.limit) == (False, None)
    assert floor_words(found) == (
        "floor: it could not be told: an empty program takes 54 ms, within the noise as long as the"
        " whole, 50 ms; no bound is claimed"
    )
    assert replace(found, by_cpu=True).bound == pytest.approx(50 / 40)
    nearly = floor_of((50.0, 50.0), {"start-up": (46.0, 40.0)}, noise=(5.0, 12.0))
    assert nearly is not None
    assert (nearly.told, replace(nearly, by_cpu=True).told) == (False, False)
    assert math.isinf(Floor(50.0, 50.0, (FloorPart("start-up", 0.0, 0.0),)).bound)


def test_no_bound_is_beyond_the_floor_but_that_of_a_part_of_it(
    make_report: Callable[..., ProfileReport], make_profile: Callable[..., object]
) -> None:
    profile = count_spots(make_profile(start_up_share=0.75, compilation_share=0.1))  # type: ignore[arg-type]
    report = with_floor(make_report(floor=FLOOR, spots=profile))
    assert report.spots is not None
    rows = {spot.function: spot for spot in report.spots.spots}
    assert rows["(imports)"].total_share == pytest.approx(42 / 69)
    assert rows["(start-up)"].total_share == pytest.approx(12 / 69)  # not the profiler's 0.75
    assert rows["(compilation)"].total_share == pytest.approx(0.1)
    assert rows["main"].bound <= 69 / 54
    # An import may go, and then the floor is lower.
    assert rows["(imports)"].bound == pytest.approx(69 / 27)
    shares = [spot.self_share for spot in report.spots.spots]
    assert shares == sorted(shares, reverse=True)


def test_a_phase_that_is_all_of_the_run_is_bounded_too(
    make_report: Callable[..., ProfileReport], make_phases: Callable[..., object]
) -> None:
    report = make_report(floor=FLOOR, phases=make_phases(work=1.0, rest=0.0))
    assert math.isinf(report.phases.spots[0].bound)
    assert with_floor(report).phases.spots[0].bound == pytest.approx(69 / 54)
    assert with_floor(replace(report, floor=None)) == replace(report, floor=None)


def test_a_function_asked_for_gets_no_other_rows(
    make_report: Callable[..., ProfileReport], make_profile: Callable[..., object]
) -> None:
    profile = count_spots(make_profile(), "step")  # type: ignore[arg-type]
    report = with_floor(make_report(floor=FLOOR, spots=profile), rows=False)
    assert report.spots is not None
    assert {spot.function for spot in report.spots.spots} == {"step"}


def test_a_report_with_its_floor_is_stored_and_read_back(
    make_report: Callable[..., ProfileReport],
) -> None:
    report = make_report(floor=FLOOR)
    assert report_from_json(report_to_json(report), "here") == report


def test_the_floor_is_said_in_one_sentence() -> None:
    assert floor_words(FLOOR) == (
        "floor: of 69 ms, an empty program takes 54 ms (12 ms start-up and 42 ms imports):"
        " at most 1.28x is left"
    )
    assert "CPU time" in floor_words(replace(FLOOR, by_cpu=True))
    one = Floor(250 * MS, 250 * MS, (FloorPart("start-up", 54 * MS, 54 * MS),))
    assert floor_words(one) == (
        "floor: of 250 ms, an empty program takes 54 ms (start-up): at most 4.63x is left"
    )
    assert HotSpot(1.0, 1.0, 1.0, limit=one.bound).bound == pytest.approx(250 / 54)
