"""The real workbench: what it makes of reports and comparisons (whole runs: tests/cli)."""

import dataclasses
import math

import pytest

from harness.campaign.port import BenchRequest
from harness.errors import DataDamaged
from harness.model import (
    Comparison,
    Estimate,
    HotSpot,
    Metric,
    Profile,
    ProfileBy,
    ProfileReport,
    Verdict,
)
from harness.summary import Question
from harness.workbench import _failed, _needed, derive, profile_rows, ratio_of


def comparison(low: float, high: float, **more: object) -> Comparison:
    made = Comparison(
        candidate="current",
        reference="kept",
        metric=Metric.WALL,
        ratio=Estimate("median ratio", min(max(low, 1.0), high), low, high, 0.99),
        verdict=Verdict.UNDECIDED,
        blocks=3,
        threshold=0.01,
        stopped_because="the budget is spent",
    )
    return dataclasses.replace(made, **more)


def report(phases: tuple[HotSpot, ...], functions: tuple[HotSpot, ...]) -> ProfileReport:
    values: dict = {
        field.name: ""
        for field in dataclasses.fields(ProfileReport)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    return ProfileReport(
        **{
            **values,
            "wall_ns": Estimate("median", 1e6, 1e6, 1e6, 0.95),
            "cpu_share": 1.0,
            "phases": Profile("phases", ProfileBy.PHASE, "ns", 1e6, phases),
            "spots": Profile("perf", ProfileBy.FUNCTION, "samples", 100, functions),
        }
    )


def test_an_interval_that_says_nothing_can_be_stored():
    stored = ratio_of(comparison(0.0, math.inf))
    assert (stored.low, stored.high) == (1e-6, 1e6)


def test_phases_come_first_and_negligible_functions_not_at_all():
    phases = (HotSpot(0.1, 0.1, 1, phase="read"), HotSpot(0.9, 0.9, 9, phase="forces"))
    functions = (
        HotSpot(0.8, 0.8, 8, function="kernel"),
        HotSpot(0.001, 0.002, 1, function="start"),
        HotSpot(0.0, 1.0, 0, function="main"),
    )
    rows = profile_rows(report(phases, functions))
    assert [(row.name, row.by) for row in rows] == [
        ("forces", "phase"),
        ("read", "phase"),
        ("kernel", "function"),
        ("main", "function"),
    ]


def test_the_budget_needed_is_that_of_the_slower_decision():
    step = comparison(0.9, 1.1, budget_needed_ns=5)
    total = comparison(0.9, 1.1, budget_needed_ns=9)
    assert _needed(step, total) == 9
    assert _needed(step, dataclasses.replace(total, budget_needed_ns=None)) is None
    assert _needed(step, dataclasses.replace(total, verdict=Verdict.FASTER)) == 5


def test_a_wrong_candidate_says_nothing_of_speed():
    request = BenchRequest("k", "b", 1, 0.999, 0.01, 10**9, False)
    result = _failed("fast", request, "energy differs")
    assert not result.correct
    assert result.step.verdict is Verdict.UNDECIDED
    assert result.problem == "energy differs"


def test_trials_that_are_no_parquet_are_damage(tmp_path):
    path = tmp_path / "bench-001-fast.parquet"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(DataDamaged, match=r"bench-001-fast\.parquet"):
        derive(path, Question())
