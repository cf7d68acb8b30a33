"""The method's warnings appear where they apply, and only there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.model import Frame, ProfileReport
from harness.profiles import advise_cases, count_spots, profile_advice

Make = Callable[..., Any]
MAIN = Frame("main", "/src/a.c", 20)


def said(report: ProfileReport, *cases: str) -> str:
    return "\n".join(profile_advice(report, cases or ("fast",)))


def test_nothing_is_said_of_a_healthy_profile(make_phases: Make, make_report: Make) -> None:
    assert said(make_report(phases=make_phases(force=0.6, move=0.39, rest=0.01))) == ""


def test_a_phase_of_two_percent_is_not_worth_an_iteration(
    make_phases: Make, make_report: Make
) -> None:
    words = said(make_report(phases=make_phases(force=0.97, output=0.02)))
    assert "Not worth an iteration: output (2.0 %)" in words
    assert "1.02x at most" in words


def test_a_run_outside_of_all_phases_is_pointed_out(make_phases: Make, make_report: Make) -> None:
    assert "60 % of the run is outside" in said(make_report(phases=make_phases(a=0.4, rest=0.6)))


def test_waiting_is_told_from_work(make_report: Make) -> None:
    assert "mostly waits" in said(make_report(cpu_share=0.2))


def test_a_program_that_hardly_ran_waits_however_crowded_the_machine(make_report: Make) -> None:
    assert "mostly waits" in said(make_report(cpu_share=0.01, crowded=0.95))


def test_on_a_crowded_machine_a_wait_is_not_claimed(make_report: Make) -> None:
    words = said(make_report(cpu_share=0.4, crowded=0.9))
    assert "mostly waits" not in words
    assert "other programs wanted the CPUs for 90 %" in words


def test_several_busy_cpus_are_mentioned(make_report: Make) -> None:
    assert "1.9 CPUs were busy" in said(make_report(cpu_share=1.9))


@pytest.mark.parametrize(
    "name",
    [
        "fread",
        "_IO_getline",
        "vfprintf",
        "__printf_fp",
        "print",
        "io.open",
        "_io.TextIOWrapper.write",
    ],
)
def test_a_hot_spot_in_input_and_output_is_named(
    name: str, make_profile: Make, make_report: Make
) -> None:
    spots = count_spots(make_profile(stacks={(MAIN, Frame(name)): 1.0}))
    assert "is input and output" in said(make_report(spots=spots))


@pytest.mark.parametrize("name", ["spread", "distance", "sprint", "openness", "numpy.dot"])
def test_a_name_that_only_sounds_like_it_is_not(
    name: str, make_profile: Make, make_report: Make
) -> None:
    spots = count_spots(make_profile(stacks={(MAIN, Frame(name)): 1.0}))
    assert "input and output" not in said(make_report(spots=spots))


@pytest.mark.parametrize("name", ["_dl_relocate_object", "_find_and_load", "typeinf_ext"])
def test_a_hot_spot_in_start_up_is_named(name: str, make_profile: Make, make_report: Make) -> None:
    spots = count_spots(make_profile(stacks={(MAIN, Frame(name)): 1.0}))
    assert "is start-up" in said(make_report(spots=spots))


@pytest.mark.parametrize("name", ["_start", "_dl_start_user", "codegen_run"])
def test_a_program_that_computes_is_not_start_up_whatever_called_it(
    name: str, make_profile: Make, make_report: Make
) -> None:
    stack = (Frame(name), Frame("std::rt::lang_start"), MAIN, Frame("work"))
    spots = count_spots(make_profile(stacks={stack: 1.0}))
    assert "start-up" not in said(make_report(spots=spots))


def test_what_goes_through_a_function_that_the_adapter_names_is_start_up(
    make_profile: Make, make_report: Make
) -> None:
    stacks = {(MAIN, Frame("load_all"), Frame("parse")): 6.0, (MAIN, Frame("work")): 4.0}
    spots = count_spots(make_profile(stacks=stacks, start_up=("load_all",)))
    assert "60 % is start-up" in said(make_report(spots=spots))


def test_a_profile_of_one_case_alone_points_to_the_others(make_report: Make) -> None:
    assert "--cases fast,full" in said(make_report(), "fast", "full")


def test_shares_by_case_come_with_the_largest_shift_first(
    make_phases: Make, make_report: Make
) -> None:
    small = make_report(case="fast", phases=make_phases(force=0.4, setup=0.5))
    large = make_report(case="full", phases=make_phases(force=0.95, setup=0.04))
    rows = advise_cases([small, large])
    assert [row.name for row in rows] == ["force", "setup"]
    assert rows[0].shares == {"fast": 0.4, "full": 0.95}


def test_without_phases_functions_are_compared_between_cases(
    make_profile: Make, make_report: Make
) -> None:
    spots = count_spots(make_profile())
    rows = advise_cases([make_report(spots=spots), make_report(case="full", spots=spots)])
    assert {row.name for row in rows} == {"main", "step", "exp"}
    assert {row.shift for row in rows} == {0.0}
