"""What a sweep found, from values that are known: rows, growth, crossings, scaling."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import Comparison, Estimate, Measurement, Metric, Mode, Run, Verdict
from harness.running.reports import Report
from harness.running.sweep_axes import Sweep, sweep_of
from harness.running.sweep_results import SweepResult, each_confidence
from harness.testing.makers import make_host


def measured(case: str, target: str, ns: float) -> Measurement:
    wall = Estimate("median", ns, 0.99 * ns, 1.01 * ns, 0.95)
    return Measurement("t", case, target, "x", "X", Mode.COLD, 9, 0, wall, None, 5, None)


def compared(case: str, ratio: float, width: float = 0.1) -> Comparison:
    low, high = ratio * (1 - width), ratio * (1 + width)
    verdict = Verdict.FASTER if low > 1 else Verdict.SLOWER if high < 1 else Verdict.UNDECIDED
    estimate = Estimate("ratio", ratio, low, high, 0.95)
    return Comparison(
        "b", "a", Metric.WALL, estimate, verdict, 9, 0.01, "sure", task="t", case=case
    )


def result(sweep: Sweep, *points: tuple[str, float, float]) -> SweepResult:
    """Targets a and b at points, each with its times."""
    run = Run(
        *("id", 1, (), 7, make_host()),
        measurements=tuple(
            measured(f"c ({name})", target, ns)
            for name, *times in points
            for target, ns in zip("ab", times, strict=True)
        ),
        comparisons=tuple(compared(f"c ({name})", a / b) for name, a, b in points),
        finished=True,
    )
    return SweepResult(Report(run, Path("/x"), {}), sweep, 0.95)


CROSSING = result(
    sweep_of("n=10,100,1000,10000", None),
    ("n=10", 100, 200),
    ("n=100", 200, 250),
    ("n=1000", 900, 450),
    ("n=10000", 9000, 3000),
)


def test_rows_have_parameters_as_columns():
    rows = CROSSING.rows()
    assert len(rows) == 8
    assert (
        rows[1]
        | {
            "n": 10,
            "target": "b",
            "wall_ns": 200,
            "reference": "a",
            "verdict": "slower",
        }
        == rows[1]
    )
    assert rows[0]["verdict"] is None


def test_a_parameter_that_is_called_as_a_column_has_one_of_its_own():
    found = result(sweep_of("trials=1,2", None), ("trials=1", 1, 2), ("trials=2", 1, 2))
    assert (found.rows()[0]["param.trials"], found.rows()[0]["trials"]) == (1, 9)


def test_curves_cross_between_the_last_and_the_first_sure_point():
    (crossing,) = CROSSING.crossings
    assert (crossing.low, crossing.high) == (100, 1000)
    assert crossing.about is not None
    assert 100 < crossing.about < 1000
    assert crossing.words == "a is faster up to 100, b from 1000 on"


def test_a_point_that_is_not_decided_widens_where_they_cross():
    found = result(
        sweep_of("n=10,100,1000", None),
        ("n=10", 100, 200),
        ("n=100", 200, 201),
        ("n=1000", 900, 450),
    )
    (crossing,) = found.crossings
    assert (crossing.low, crossing.high) == (10, 1000)


def test_curves_that_do_not_cross_within_the_sweep_are_said_not_to():
    found = result(sweep_of("n=10,100", None), ("n=10", 100, 50), ("n=100", 200, 100))
    (crossing,) = found.crossings
    assert crossing.about is None
    assert crossing.words == "not within the sweep: b is faster at every point"


def test_growth_is_told_per_target():
    a, b = CROSSING.growths
    assert (a.target, b.target, a.points) == ("a", "b", 4)
    assert a.model is not None
    assert a.slope.low < a.slope.point < a.slope.high


def test_growth_is_of_cpu_time_where_all_verdicts_rest_on_it():
    """Wall times of a disturbed machine say nothing of growth: here they are all the same."""
    ran = CROSSING.report.run
    for metrics, slope in (((Metric.CPU,) * 4, 1.0), ((Metric.CPU, *(Metric.WALL,) * 3), 0.0)):
        flat = Estimate("median", 5e6, 5e6, 5e6, 0.95)
        cpu = [Estimate("median", 1e3 * 10 ** (at // 2 + 1), 1, 1e9, 0.95) for at in range(8)]
        rows = zip(ran.measurements, cpu, strict=True)
        measurements = tuple(replace(m, wall_ns=flat, cpu_ns=ns) for m, ns in rows)
        judged = zip(ran.comparisons, metrics, strict=True)
        comparisons = tuple(replace(c, metric=metric) for c, metric in judged)
        changed = replace(ran, measurements=measurements, comparisons=comparisons)
        found = replace(CROSSING, report=replace(CROSSING.report, run=changed))
        assert found.growths[0].metric is (Metric.CPU if slope else Metric.WALL)
        assert found.growths[0].slope.point == pytest.approx(slope, abs=1e-9)
        assert ("a, CPU time:" in str(found)) == bool(slope)


def test_threads_are_scaling_and_no_growth():
    found = result(
        sweep_of("threads=1,2,4", None),
        *(("threads=1", 100, 100), ("threads=2", 50, 60), ("threads=4", 25, 40)),
    )
    assert found.growths == ()
    a, b = found.scalings
    assert [p.efficiency for p in a.scaling.points] == pytest.approx([1, 1, 1])
    assert b.scaling.serial_fraction is not None
    assert b.scaling.serial_fraction.point == pytest.approx(0.2)
    assert "strong scaling" in str(found)


def test_the_error_of_all_verdicts_is_that_of_the_sweep():
    assert each_confidence(0.95, 4) == pytest.approx(0.9875)
    assert each_confidence(0.95, 0) == each_confidence(0.95, 1) == pytest.approx(0.95)


def test_the_document_is_strict_json_and_holds_all(tmp_path):
    document = CROSSING.document()
    again = json.loads(json.dumps(document, allow_nan=False))
    assert again["schema_version"] == 1
    assert again["comparisons"] == 4
    assert len(again["rows"]) == 8
    assert "the curves cross at about" in str(CROSSING)
