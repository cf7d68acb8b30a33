"""What moved between two profiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.model import Estimate, Frame, Profile, ProfileBy
from harness.profiles import count_spots, share_changes

Make = Callable[..., Any]
MAIN = Frame("main", "/src/a.c", 20)
STEP = Frame("step", "/src/a.c", 7)


def counted(weight: float, unit: str = "samples", tool: str = "perf") -> Profile:
    stacks = {(MAIN,): 100.0 - weight, (MAIN, STEP): weight}
    return count_spots(Profile(tool, ProfileBy.FUNCTION, unit, 100.0, stacks=stacks))


def test_a_function_s_share_moves_by_the_difference(make_report: Make) -> None:
    moves = share_changes(make_report(spots=counted(80)), make_report(spots=counted(50)))
    step = next(move for move in moves if move.name == "step")
    assert (step.before, step.after, round(step.change, 9)) == (0.8, 0.5, -0.3)


def test_a_new_function_has_no_share_before(make_profile: Make, make_report: Make) -> None:
    fresh = count_spots(make_profile(stacks={(Frame("fresh", "/src/a.c", 1),): 1.0}))
    moves = share_changes(make_report(spots=counted(80)), make_report(spots=fresh))
    assert next(move for move in moves if move.name == "fresh").before is None
    assert next(move for move in moves if move.name == "step").after is None


def test_the_largest_change_of_functions_comes_first(make_report: Make) -> None:
    moves = share_changes(make_report(spots=counted(80)), make_report(spots=counted(50)))
    assert [abs(move.change) for move in moves] == sorted(
        (abs(move.change) for move in moves), reverse=True
    )


def test_a_file_that_lies_elsewhere_is_the_same_file(make_profile: Make, make_report: Make) -> None:
    elsewhere = replace(STEP, file="/worktree/a.c")
    before = count_spots(make_profile(stacks={(MAIN, elsewhere): 1.0}))
    moves = share_changes(make_report(spots=before), make_report(spots=counted(50)))
    assert [move.name for move in moves if move.name == "step"] == ["step"]


def test_exact_counts_are_carried_and_samples_are_not(make_report: Make) -> None:
    exact = counted(80, "instructions", "callgrind")
    moves = share_changes(make_report(spots=exact), make_report(spots=exact))
    assert {move.weight_before for move in moves} == {80.0, 20.0}
    sampled = share_changes(make_report(spots=counted(80)), make_report(spots=counted(80)))
    assert {move.weight_before for move in sampled} == {None}


def test_functions_of_different_tools_are_not_compared(make_report: Make) -> None:
    other = counted(80, "instructions", "callgrind")
    assert share_changes(make_report(spots=counted(80)), make_report(spots=other)) == ()


def test_a_share_of_few_samples_is_not_sure_to_have_moved(make_report: Make) -> None:
    few = share_changes(make_report(spots=counted(55)), make_report(spots=counted(50)))
    assert {move.sure for move in few} == {False}
    many = share_changes(make_report(spots=counted(80)), make_report(spots=counted(50)))
    assert {move.sure for move in many} == {True}


def test_a_phase_whose_intervals_overlap_is_not_sure_to_have_moved(
    make_phases: Make, make_report: Make
) -> None:
    before = make_report(phases=make_phases(force=0.80, move=0.10))
    after = make_report(phases=make_phases(force=0.79, move=0.20))
    sure = {move.name: move.sure for move in share_changes(before, after)}
    assert sure == {"force": False, "move": True}


def test_intervals_of_two_trials_part_by_chance_and_are_not_sure(
    make_phases: Make, make_report: Make
) -> None:
    two_trials = Estimate("median", 1e9, 0.9e9, 1.1e9, 0.5)
    before = make_report(phases=make_phases(move=0.10), wall_ns=two_trials)
    after = make_report(phases=make_phases(move=0.20))
    assert [move.sure for move in share_changes(before, after)] == [False]
