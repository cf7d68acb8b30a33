"""Stacks and phases become rows whose shares add up."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model import Estimate, Frame, HotSpot, Phase, Profile, ProfileBy
from harness.profiles import count_spots, phase_spots, worth_showing
from harness.profiles.spots import REST

Make = Callable[..., Any]
MAIN = Frame("main", "/src/a.c", 20)
STEP = Frame("step", "/src/a.c", 7)


def by_name(profile: Profile) -> dict[str, HotSpot]:
    return {spot.function: spot for spot in profile.spots}


def test_a_function_s_own_weight_is_that_of_stacks_that_end_in_it(profile: Profile) -> None:
    spots = by_name(count_spots(profile))
    assert {name: spot.self_share for name, spot in spots.items()} == {
        "main": 0.1,
        "step": 0.5,
        "exp": 0.4,
    }


def test_a_function_s_total_holds_what_it_calls(profile: Profile) -> None:
    spots = by_name(count_spots(profile))
    assert {name: spot.total_share for name, spot in spots.items()} == {
        "main": 1.0,
        "step": 0.9,
        "exp": 0.4,
    }


def test_rows_come_largest_own_share_first(profile: Profile) -> None:
    assert [spot.function for spot in count_spots(profile).spots] == ["step", "exp", "main"]


def test_a_function_s_line_is_the_one_with_most_of_its_own_weight(profile: Profile) -> None:
    assert by_name(count_spots(profile))["step"].line == 7


def test_a_function_that_calls_itself_counts_once_a_stack(make_profile: Make) -> None:
    spots = count_spots(make_profile(stacks={(MAIN, STEP, STEP, STEP): 5.0})).spots
    assert {spot.function: spot.total_share for spot in spots} == {"step": 1.0, "main": 1.0}


def test_lines_are_told_apart_and_library_code_is_its_caller_s(profile: Profile) -> None:
    rows = count_spots(replace(profile, by=ProfileBy.LINE)).spots
    assert [(row.function, row.line, row.self_share) for row in rows] == [
        ("step", 7, 0.7),
        ("step", 9, 0.2),
        ("main", 20, 0.1),
    ]


def test_a_stack_of_library_code_alone_keeps_its_row(make_profile: Make) -> None:
    loader = Frame("dl_main", "ld.so", native=True)
    rows = count_spots(make_profile(by=ProfileBy.LINE, stacks={(loader,): 1.0})).spots
    assert [row.function for row in rows] == ["dl_main"]


def test_rows_of_one_function_keep_their_shares_of_the_whole(profile: Profile) -> None:
    rows = count_spots(replace(profile, by=ProfileBy.LINE), "ste").spots
    assert [(row.line, row.self_share) for row in rows] == [(7, 0.7), (9, 0.2)]


def test_a_profile_that_brings_rows_keeps_them(profile: Profile) -> None:
    own = HotSpot(1.0, 1.0, 3.0, function="f")
    assert count_spots(replace(profile, spots=(own,))).spots == (own,)


def test_exact_calls_stand_in_their_function_s_row(make_profile: Make) -> None:
    assert by_name(count_spots(make_profile(calls={"exp": 123})))["exp"].calls == 123


frames = st.builds(Frame, st.sampled_from("abcd"), st.just("f"), st.integers(1, 3))
stacks = st.dictionaries(
    st.lists(frames, min_size=1, max_size=6).map(tuple), st.integers(1, 100), min_size=1
)


@given(drawn=stacks, by=st.sampled_from([ProfileBy.FUNCTION, ProfileBy.LINE]))
def test_own_shares_add_up_to_one_and_never_exceed_totals(
    drawn: dict[tuple[Frame, ...], int], by: ProfileBy, make_profile: Make
) -> None:
    spots = count_spots(make_profile(stacks=drawn, by=by)).spots
    assert math.isclose(sum(spot.self_share for spot in spots), 1.0)
    assert all(spot.self_share <= spot.total_share + 1e-12 <= 1 + 2e-12 for spot in spots)


@pytest.mark.parametrize(("share", "bound"), [(0.5, 2.0), (0.0, 1.0), (0.2, 1.25), (1.0, math.inf)])
def test_the_bound_is_amdahl_s(share: float, bound: float) -> None:
    assert HotSpot(share, share, 1.0, function="f").bound == pytest.approx(bound)


def full_range(values: Sequence[float]) -> Estimate:
    return Estimate("median", median(values), min(values), max(values), 0.5)


def test_phases_have_the_median_share_and_its_interval() -> None:
    trials = [[Phase("force", 10, 80)], [Phase("force", 10, 90)], [Phase("force", 10, 70)]]
    force, rest = phase_spots(trials, [100, 100, 100], full_range)
    assert (force.phase, force.total_share, force.low, force.high) == ("force", 0.8, 0.7, 0.9)
    assert force.calls == 10
    assert (rest.phase, rest.total_share) == (REST, pytest.approx(0.2))


def test_an_outer_phase_s_own_share_leaves_inner_ones_out() -> None:
    trial = [Phase("step", 1, 80), Phase("step/force", 4, 50), Phase("step/move", 4, 10)]
    rows = phase_spots([trial, trial], [100, 100], full_range)
    assert [row.phase for row in rows] == ["step", "step/force", "step/move", REST]
    assert rows[0].self_share == pytest.approx(0.2)


def test_siblings_come_by_share_below_their_outer_phase() -> None:
    trial = [Phase("a", 1, 10), Phase("b", 1, 60), Phase("a/y", 1, 2), Phase("b/x", 1, 9)]
    rows = phase_spots([trial], [100], full_range)
    assert [row.phase for row in rows] == ["b", "b/x", "a", "a/y", REST]


def test_a_phase_that_a_trial_did_not_enter_took_no_time_there() -> None:
    trials = [[Phase("a", 1, 10), Phase("b", 1, 50)], [Phase("a", 1, 10)]]
    rows = {row.phase: row for row in phase_spots(trials, [100, 100], full_range)}
    assert (rows["b"].low, rows["b"].high) == (0.0, 0.5)


def test_without_phases_there_is_no_row() -> None:
    assert phase_spots([[], []], [100, 100], full_range) == ()


def test_a_caller_of_the_hot_function_is_worth_its_row() -> None:
    specks = {(Frame(f"speck{n}"),): 1.0 for n in range(20)}
    hot = {(Frame("main"), Frame("solve"), Frame("hot")): 80.0}
    stacks = {**specks, **hot}
    profile = count_spots(Profile("perf", ProfileBy.FUNCTION, "samples", 100.0, stacks=stacks))
    assert [spot.function for spot in worth_showing(profile, 3)] == ["hot", "main", "solve"]


@pytest.mark.parametrize("wrappers", [1, 16, 40])
@pytest.mark.parametrize("top", [1, 3, 15])
def test_wrappers_hide_no_hot_function(wrappers: int, top: int) -> None:
    wrap = tuple(Frame(f"wrap{n}") for n in range(wrappers))
    stacks = {(*wrap, Frame("hot")): 40.0, (*wrap, Frame("warm")): 30.0, wrap: 30.0}
    profile = count_spots(Profile("perf", ProfileBy.FUNCTION, "samples", 100.0, stacks=stacks))
    names = [spot.function for spot in worth_showing(profile, top)]
    assert names[:2] == ["hot", f"wrap{wrappers - 1}"][:top]
    assert top < 3 or names[2] == "warm"
    assert len(names) == min(top, wrappers + 2)


def test_a_lukewarm_function_keeps_a_row_beside_many_wrappers() -> None:
    wrap = tuple(Frame(f"wrap{n}") for n in range(40))
    stacks = {(*wrap, Frame("hot")): 99.0, (*wrap, Frame("lukewarm")): 1.0}
    profile = count_spots(Profile("perf", ProfileBy.FUNCTION, "samples", 100.0, stacks=stacks))
    assert "lukewarm" in [spot.function for spot in worth_showing(profile, 15)]


def test_specks_are_not_shown() -> None:
    stacks = {(Frame("hot"),): 1000.0, (Frame("speck"),): 1.0}
    profile = count_spots(Profile("perf", ProfileBy.FUNCTION, "samples", 1001.0, stacks=stacks))
    assert [spot.function for spot in worth_showing(profile, 10)] == ["hot"]


def test_start_up_that_the_profiler_missed_is_a_row_and_every_bound_counts_it(
    profile: Profile,
) -> None:
    counted = count_spots(replace(profile, start_up_share=0.5))
    spots = by_name(counted)
    assert spots["(start-up)"].self_share == pytest.approx(0.5)
    assert spots["main"].total_share == pytest.approx(0.5)
    assert spots["main"].bound == pytest.approx(2.0)
    assert sum(spot.self_share for spot in counted.spots) == pytest.approx(1.0)
    assert counted.total == pytest.approx(200.0)
    assert count_spots(counted) == counted


def test_rows_that_a_profiler_brings_are_scaled_by_start_up_too() -> None:
    rows = (
        HotSpot(0.8, 0.9, 8.0, function="work"),
        HotSpot(0.1, 0.2, 1.0, function="load_all"),
    )
    bare = Profile("x", ProfileBy.FUNCTION, "ns", 10.0, rows)
    counted = count_spots(replace(bare, start_up=("load_all",), start_up_share=0.5))
    spots = by_name(counted)
    assert {spot.function for spot in counted.spots} == {"(start-up)", "work", "load_all"}
    assert spots["work"].total_share == pytest.approx(0.45)
    assert spots["(start-up)"].self_share == pytest.approx(0.5)
    assert spots["(start-up)"].total_share == pytest.approx(0.6)
