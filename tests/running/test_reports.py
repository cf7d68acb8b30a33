"""A stored run is read back into the values that it was written from."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.analysis import Question
from harness.analysis.blocks import blocks_of
from harness.errors import DataDamaged, ExitCode
from harness.model import (
    BuildFacts,
    Comparison,
    Estimate,
    Host,
    Measurement,
    Metric,
    MetricInfo,
    Mode,
    Phase,
    PhaseEstimate,
    Run,
    Sample,
    Trial,
    TrialRecord,
    TrialStatus,
)
from harness.model.jsonable import jsonable
from harness.running.reading_back import checked_report
from harness.running.reports import BlockCount, Failure, Report, of_summary, to_summary
from harness.running.settings import Settings, of_plan, to_plan
from harness.system.store.run_file import read_run
from harness.system.store.runs import RunWriter, stored_records

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
INT64 = st.integers(-(2**63), 2**63 - 1)
INT32 = st.integers(-(2**31), 2**31 - 1)
FLOAT = st.floats(allow_nan=False)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.recursive(
    st.none() | st.booleans() | INT64 | FLOAT | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=4,
)
OPTIONS = st.dictionaries(TEXT, PLAIN, max_size=3)


@st.composite
def estimates(draw: st.DrawFn) -> Estimate:
    low, point, high = sorted(draw(st.tuples(FLOAT, FLOAT, FLOAT)))
    confidence = draw(st.floats(0, 1, exclude_min=True, exclude_max=True))
    return Estimate(draw(TEXT), point, low, high, confidence)


for kind, strategy in (
    (str, TEXT),
    (int, INT64),
    (float, FLOAT),
    (Estimate, estimates()),
    (PhaseEstimate, st.builds(PhaseEstimate, calls=FLOAT, share=FLOAT)),
):
    st.register_type_strategy(kind, strategy)

MEASUREMENTS = st.builds(Measurement, options=OPTIONS)
RUNS = st.builds(
    Run,
    measurements=st.lists(MEASUREMENTS, max_size=2).map(tuple),
    comparisons=st.lists(
        st.builds(Comparison, evidence=st.dictionaries(st.sampled_from(Metric), estimates())),
        max_size=2,
    ).map(tuple),
    finished=st.just(True),
)
FAILURES = st.dictionaries(
    st.tuples(TEXT, TEXT, TEXT),
    st.builds(Failure, TEXT, TEXT, st.sampled_from(ExitCode)),
    max_size=2,
)
REPORTS = st.builds(
    Report,
    run=RUNS,
    folder=st.just(Path("/results/r1")),
    failures=FAILURES,
    counts=st.lists(st.builds(BlockCount), max_size=2).map(tuple),
    groups=st.just(()),
    interrupted=st.just(False),
)
TRIALS = st.builds(
    Trial,
    max_rss_is_floor=st.booleans(),
    exit_code=st.none() | INT32,
    signal=st.none() | INT32,
    left_behind=INT32,
    threads=st.none() | INT32,
    pad_bytes=INT32,
    samples=st.lists(st.builds(Sample, index=INT32, batch=st.integers(1, 2**62)), max_size=2).map(
        tuple
    ),
    phases=st.lists(st.builds(Phase), max_size=2).map(tuple),
    output=st.none(),
    metrics=st.dictionaries(TEXT, FINITE, max_size=3),
)
RECORDS = st.builds(
    TrialRecord,
    block=st.integers(-1, 2**31 - 1),
    position=INT32,
    trial=TRIALS,
    disturbed=st.just(False),
)


@settings(derandomize=True)
@given(report=REPORTS)
def test_a_report_and_its_summary_are_each_other_s_inverse(report):
    summary = json.loads(json.dumps(to_summary(report), allow_nan=False))
    assert of_summary(summary, report.folder) == report


@settings(derandomize=True, max_examples=25)
@given(
    report=REPORTS,
    trials=st.lists(RECORDS, max_size=3),
    host=st.builds(Host),
    of_run=st.builds(
        Settings,
        mode=st.sampled_from(Mode),
        trials=st.none() | st.integers(1, 1000),
        seed=st.integers(0, 2**32),
        question=st.just(Question()),
        cpus=st.just(()),
        budget_ns=st.none() | st.integers(1, 2**40),
        max_blocks=st.none() | st.integers(2, 1000),
        warmup=st.integers(0, 9),
    ),
    builds=st.lists(
        st.builds(BuildFacts, options=OPTIONS), max_size=2, unique_by=lambda b: b.digest
    ),
)
def test_a_run_is_read_back_as_it_was_written(
    tmp_path_factory, report, trials, host, of_run, builds
):
    """Host, settings, trials, measurements, comparisons, metrics and builds."""
    folder = tmp_path_factory.mktemp("results") / "r1"
    metric = MetricInfo("joules", "J", resolution=0.5)
    plan = {"host": jsonable(host), **to_plan(of_run)}
    with RunWriter(folder, plan, "host") as writer:
        writer.describe([metric], builds)
        for record in trials:
            writer.append(record)
        writer.finish(to_summary(report), frozenset())
    stored = read_run(folder)
    found = checked_report(stored)
    assert found.run.host == report.run.host
    same = {"measurements", "comparisons", "command", "seed", "warnings", "started_at_ns", "id"}
    assert {n: getattr(found.run, n) for n in same} == {n: getattr(report.run, n) for n in same}
    assert (found.failures, found.counts) == (report.failures, report.counts)
    assert of_plan(stored.plan) == of_run
    assert [record for _, record in stored_records(stored)] == trials
    assert stored.described.metrics == (metric,)
    assert list(stored.described.builds) == builds


def test_the_nulls_of_older_harnesses_are_the_infinities_that_they_were():
    wide = {"statistic": "median", "point": 2.0, "low": None, "high": None, "confidence": 0.95}
    host = {**dict.fromkeys(Host.__dataclass_fields__), "id": "h", "cpu": "c", "cores": 1}
    host |= {"memory_bytes": 1, "kernel": "k", "system": "s", "load": 0.1, "hostname": "n"}
    measurement = {"task": "t", "case": "c", "target": "x", "adapter": "a", "language": "C"}
    measurement |= {"mode": "cold", "trials": 1, "failures": 0, "wall_ns": wide, "cpu_ns": None}
    measurement |= {"max_rss_bytes": None, "output_ok": None}
    run = {"id": "r", "started_at_ns": 1, "command": [], "seed": 1, "host": host}
    report = of_summary({**run, "measurements": [measurement]}, Path("/r"))
    assert report.run.measurements[0].wall_ns == Estimate("median", 2.0, -math.inf, math.inf, 0.95)
    assert report.counts == ()


def test_a_summary_that_makes_no_sense_is_damage(tmp_path):
    with RunWriter(tmp_path / "r1", {}, "host") as writer:
        writer.finish({"id": 5}, frozenset())
    with pytest.raises(DataDamaged, match="r1"):
        checked_report(read_run(tmp_path / "r1"))


def test_an_unfinished_run_is_read_back_with_its_trials(tmp_path):
    host = Host("h", "c", 1, 1, "k", "s", None, None, None, None, 0.5)
    plan = {
        "host": jsonable(host),
        "started_at_ns": 5,
        "command": ["run"],
        **to_plan(Settings(seed=7)),
    }
    record = TrialRecord(
        *("r1", "t", "c", "x", "a", "C", "d"),
        *(Mode.COLD, 0, 0, False, 5, Trial(TrialStatus.OK, 9)),
    )
    with RunWriter(tmp_path / "r1", plan, "h") as writer:
        writer.append(record)
    stored = read_run(tmp_path / "r1")
    found = checked_report(stored)
    assert (found.run.host, found.run.finished) == (host, False)
    assert blocks_of(one for _, one in stored_records(stored)) == [{"x": [record]}]
