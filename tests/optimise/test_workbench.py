"""The real workbench: what it makes of reports and comparisons (whole runs: tests/cli)."""

import dataclasses
import math

import pytest

from harness.baseline import LABEL
from harness.baseline.sides import CURRENT
from harness.campaign.case_parts import PhaseGain
from harness.campaign.objectives import Guards
from harness.campaign.port import BenchRequest
from harness.campaign.values import BenchOutcome, Ratio
from harness.errors import DataDamaged
from harness.model import (
    Comparison,
    Estimate,
    Floor,
    FloorPart,
    HotSpot,
    Metric,
    Mode,
    Phase,
    Profile,
    ProfileBy,
    ProfileReport,
    Trial,
    TrialRecord,
    TrialStatus,
    Verdict,
)
from harness.optimise.outcomes import bottleneck_rows, failed, figures_again, needed
from harness.optimise.verify import Verification, _figures
from harness.optimise.workbench import LocalWorkbench, read_blocks
from harness.project.config import load_config


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
    stored = Ratio.of(comparison(0.0, math.inf))
    assert (stored.low, stored.high) == (1e-6, 1e6)


def test_phases_come_first_and_negligible_functions_not_at_all():
    phases = (HotSpot(0.1, 0.1, 1, phase="read"), HotSpot(0.9, 0.9, 9, phase="forces"))
    functions = (
        HotSpot(0.8, 0.8, 8, function="kernel"),
        HotSpot(0.001, 0.002, 1, function="start"),
        HotSpot(0.0, 1.0, 0, function="main"),
    )
    rows = bottleneck_rows(report(phases, functions))
    assert [(row.name, row.by) for row in rows] == [
        ("forces", "phase"),
        ("read", "phase"),
        ("kernel", "function"),
        ("the whole program", "whole program"),  # and not `main`, which is another name of it
    ]
    assert rows[-1].bound == math.inf


@pytest.mark.parametrize(("unit", "total", "high"), [("samples", 100, 0.88), ("ns", 1e9, 0.84)])
def test_a_row_says_how_large_its_share_may_be(unit, total, high):
    made = report((), (HotSpot(0.8, 0.8, 80, function="kernel"),))
    spots = dataclasses.replace(made.spots, unit=unit, total=total)
    row, _ = bottleneck_rows(dataclasses.replace(made, spots=spots))
    # Clopper and Pearson at 97.5 %: of 80 in 100 the upper end is 0.8733, of 400 in 500 0.8342.
    assert row.share < row.high < high
    assert row.bound < row.farthest


def test_rows_keep_to_the_floor_whose_parts_come_behind_them():
    floor = Floor(250e6, 240e6, (FloorPart("start-up", 50e6, 50e6), FloorPart("imports", 1e6, 1e6)))
    phases = (HotSpot(1.0, 1.0, 9, phase="forces"),)
    functions = (
        HotSpot(0.8, 0.8, 8, function="kernel"),
        HotSpot(0.2, 0.2, 2, function="(start-up)", native=True),
    )
    made = dataclasses.replace(report(phases, functions), floor=floor)
    rows = {row.name: row for row in bottleneck_rows(made)}
    assert list(rows) == ["forces", "kernel", "(start-up)", "the whole program"]
    assert rows["(start-up)"].by == "floor"
    assert rows["forces"].bound == rows["the whole program"].bound == pytest.approx(250 / 51)
    assert rows["the whole program"].share == pytest.approx(1 - 51 / 250)
    by_cpu = dataclasses.replace(made, floor=dataclasses.replace(floor, by_cpu=True))
    assert bottleneck_rows(by_cpu)[0].bound == pytest.approx(240 / 51)


def test_the_budget_needed_is_that_of_the_slower_decision():
    step = comparison(0.9, 1.1, budget_needed_ns=5)
    total = comparison(0.9, 1.1, budget_needed_ns=9)
    assert needed(step, total) == 9
    assert needed(step, dataclasses.replace(total, budget_needed_ns=None)) is None
    assert needed(step, dataclasses.replace(total, verdict=Verdict.FASTER)) == 5


def test_a_wrong_candidate_says_nothing_of_speed():
    request = BenchRequest("k", "b", 1, 0.999, 0.01, 10**9, False)
    result = failed("fast", request, "energy differs")
    assert not result.correct
    assert result.step.verdict is Verdict.UNDECIDED
    assert result.problem == "energy differs"


def test_trials_that_are_no_parquet_are_damage(tmp_path):
    path = tmp_path / "bench-001-fast.parquet"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(DataDamaged, match=r"bench-001-fast\.parquet"):
        read_blocks(path)


@pytest.mark.parametrize(("metric", "times"), [(Metric.WALL, (20, 10)), (Metric.CPU, (60, 30))])
def test_every_figure_is_derived_from_the_trials_again(metric, times):
    claimed = dataclasses.replace(
        failed("fast", BenchRequest("k", "b", 1, 0.999, 0.01, 10**9, False), ""),
        correct=True,
        guards=Guards(baseline_build_ns=7, current_wall_ns=1.0),
        phases=(PhaseGain("forces", 1.0, 1.0),),
    )
    blocks = [{LABEL: [trial(LABEL, 20)], CURRENT: [trial(CURRENT, 10, output_ok=False)]}]
    found = comparison(1.9, 2.1, metric=metric, reference=LABEL)
    derived = figures_again(claimed, blocks, found)
    assert not derived.correct
    assert (derived.baseline_ns, derived.current_ns) == times
    assert derived.phases == (PhaseGain("forces", 15, 5),)
    assert derived.guards.current_wall_ns == 10
    assert derived.guards.baseline_rss_bytes == 4096
    assert derived.guards.baseline_build_ns == 7, "no trial says how long a build took"


def trial(name: str, wall_ns: int, *, output_ok: bool = True) -> TrialRecord:
    """A record with one phase, which takes 5 ns less than everything."""
    return TrialRecord(
        run_id="run",
        task="work",
        case="fast",
        target=name,
        adapter="c",
        language="c",
        build_digest="d",
        mode=Mode.COLD,
        block=0,
        position=0,
        warmup=False,
        started_at_ns=0,
        output_ok=output_ok,
        trial=Trial(
            TrialStatus.OK,
            wall_ns=wall_ns,
            user_ns=3 * wall_ns,
            max_rss_bytes=4096,
            phases=(Phase("forces", 1, wall_ns - 5),),
        ),
    )


class TestBuildsThatRan:
    """What a bench remembers of what it executed is held against its trials."""

    TOML = """
[tasks.t.cases.fast]
[tasks.t.outputs.sum]
key = "sum"
[targets.p]
task = "t"
adapter = "command"
sources = ["p"]
[campaigns.c]
target = "p"
"""

    @pytest.fixture
    def benched(self, project):
        """The workbench, what it was asked, and what it found."""
        project.write("harness.toml", self.TOML)
        project.write("p", "#!/bin/sh\necho sum: 1.0\n").chmod(0o755)
        project.commit()
        baseline = project.make()
        project.write("p", "#!/bin/sh\necho sum: 1.0 # again\n")
        bench = LocalWorkbench(load_config(project.path / "harness.toml"), "c")
        commit = baseline.commit
        request = BenchRequest(commit, commit, 1, 0.9, 0.01, 10**9, full=False)
        return bench, request, bench.bench(request)

    def problems(self, benched, **changes):
        bench, request, found = benched
        said = BenchOutcome(dataclasses.replace(found.fast, **changes))
        verification = Verification()
        return [*_figures(bench, request, said, verification)], verification.remarks

    def test_they_are_those_of_the_trials(self, benched):
        _, _, found = benched
        assert [build.label for build in found.fast.builds] == [LABEL, CURRENT]
        assert self.problems(benched) == ([], [])

    def test_a_merged_state_is_measured_and_leaves_no_trials_in_the_records(self, benched, project):
        bench, request, _ = benched
        kept = sorted(project.path.rglob("optim/runs/*"))
        asked = dataclasses.replace(request, look=0, budget_ns=10**8)
        found = bench.merged(asked).fast
        assert (found.correct, found.run, found.sha256) == (True, "", "")
        assert found.blocks > 0
        assert sorted(project.path.rglob("optim/runs/*")) == kept

    def test_another_build_than_that_of_the_trials_does_not_fit(self, benched):
        first, second = benched[2].fast.builds
        wrong = dataclasses.replace(second, build="0" * 64)
        problems, _ = self.problems(benched, builds=(first, wrong))
        assert len(problems) == 1
        assert "builds that ran" in problems[0]

    def test_events_of_before_they_were_kept_still_fit(self, benched):
        assert self.problems(benched, builds=()) == ([], [])

    def test_one_program_on_both_sides_is_said(self, benched):
        first, second = benched[2].fast.builds
        same = dataclasses.replace(second, program=first.program)
        doubts = ("baseline and current ran the same program",)
        _, said = self.problems(benched, builds=(first, same), doubts=doubts)
        assert len(said) == 1
        assert "baseline and current ran the same program, byte for byte" in said[0]
