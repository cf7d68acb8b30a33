"""Stored comparisons by columns say to the last bit what they say row by row."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest

from harness.analysis import Machine, Question, compare_settings
from harness.model import Estimate, Metric, Mode, Sample, TrialStatus, Verdict
from tests.analysis.by_rows import Stored, compare_by_rows, parts_of

HERE = Machine("a kind of machine", "here")


def samples_of(rng, wall_ns):
    """A trace that has settled, or has not."""
    jumps = np.where(np.arange(12) % 4 < 2, 1.0, 1.5) if rng.random() < 0.2 else np.ones(12)
    times = wall_ns * jumps * rng.uniform(1, 1.01, 12)
    batch = int(rng.choice([1, 2]))
    cpu = -1 if rng.random() < 0.1 else 1
    timed = [Sample(n + 1, batch, int(t), int(cpu * t * 0.99)) for n, t in enumerate(times)]
    return (Sample(0, 1, int(wall_ns), int(wall_ns), calibration=True), *timed)


def made(record, rng, mode, count=60, **changes):
    """One run with all that can be odd about its trials."""
    stored, started = [], int(rng.integers(1, 10**6))
    ratio = float(rng.choice([0.9, 1.0, 1.0, 1.1]))
    digests = {name: f"{name}{rng.integers(2)}" for name in "abz"}
    for block in range(-1, count):
        order = list("abz" if rng.random() < 0.5 else "bza") * int(rng.choice([1, 1, 2]))
        for name in order:
            if rng.random() < 0.03:
                continue
            wall = 10**6 * math.exp(0.02 * rng.standard_t(2)) / (ratio if name == "b" else 1.0)
            cpu = wall * rng.uniform(0.7, 1.05)
            started += int(rng.integers(0, 3)) * 10**6
            stored.append(
                record(
                    name,
                    block,
                    int(wall),
                    user_ns=int(cpu),
                    warmup=block < 0,
                    started_at_ns=started,
                    build_digest=digests[name],
                    mode=mode,
                    samples=samples_of(rng, wall) if mode is Mode.STEADY else (),
                    status=TrialStatus(rng.choice(["ok"] * 30 + ["failed", "wrong output"])),
                    steal_ns=int(rng.choice([0, 0, 10**5])),
                    pressure_ns=rng.choice([None, 0, 10**5]),
                    max_rss_bytes=4096 * int(rng.integers(300, 330)),
                    max_rss_is_floor=bool(rng.random() < 0.05),
                    threads=rng.choice([None, 1]),
                    voluntary_switches=int(rng.integers(0, 4)),
                    **changes,
                )
            )
    return [Stored(HERE, str(changes["case"]), item) for item in stored]


def assert_same(found, wanted):
    """Equal in every field and every bit; not a number counts as equal to itself."""
    assert [f.setting for f in found] == [w.setting for w in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert (one.runs, one.failures, one.wrong) == (other.runs, other.failures, other.wrong)
        for field in fields(one.comparison):
            mine, theirs = (getattr(c, field.name) for c in (one.comparison, other.comparison))
            assert repr(mine) == repr(theirs), field.name


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("metric", [None, Metric.WALL, Metric.MEMORY])
def test_columns_say_what_rows_say(record, mode, metric):
    rng = np.random.default_rng(11)
    for _ in range(3):
        stored = [
            item
            for run in ("monday", "tuesday", "friday")
            for case in ("fast", "full")
            for item in made(record, rng, mode, 25, run_id=run, case=case)
        ]
        wanted = compare_by_rows("a", "b", stored, Question(metric))
        assert any(w.failures for w in wanted)
        assert_same(compare_settings("a", "b", parts_of(stored), Question(metric)), wanted)


@pytest.mark.parametrize("stolen", [0.0, 0.3])
def test_the_metric_is_chosen_at_the_same_blocks(blocks, stolen):
    """Also where the machine becomes disturbed only after a while."""
    for seed in range(4):
        calm = blocks(seed, 1.03, 40)
        later = [
            {name: [replace(r, run_id="later") for r in records] for name, records in block.items()}
            for block in blocks(seed + 50, 1.03, 200, stolen=stolen)
        ]
        stored = [
            Stored(HERE, "n=1", replace(item, started_at_ns=n * 10**8))
            for n, item in enumerate(
                record
                for block in (*calm, *later)
                for records in block.values()
                for record in records
            )
        ]
        wanted = compare_by_rows("a", "b", stored, Question())
        assert_same(compare_settings("a", "b", parts_of(stored), Question()), wanted)


def test_a_run_in_two_files_is_one_run(record):
    """As where a folder of results holds a copy of a run."""
    rng = np.random.default_rng(3)
    stored = made(record, rng, Mode.COLD, 20, run_id="monday", case="fast")
    halves = parts_of(stored[:30]) + parts_of(stored[30:])
    (found,) = compare_settings("a", "b", halves, Question())
    (wanted,) = compare_settings("a", "b", parts_of(stored), Question())
    assert found == wanted


def test_two_targets_that_never_met_have_no_comparison(record):
    rng = np.random.default_rng(4)
    stored = made(record, rng, Mode.COLD, 10, run_id="monday", case="fast")
    alone = [item for item in stored if item.record.target == "a"]
    assert compare_settings("a", "b", parts_of(alone), Question()) == []
    assert isinstance(compare_settings("a", "a2", [], Question()), list)


def test_figures_that_no_block_has_of_both_are_no_evidence(record):
    rng = np.random.default_rng(5)
    stored = [
        replace(item, record=replace(item.record, trial=replace(item.record.trial, user_ns=-1)))
        for item in made(record, rng, Mode.COLD, 20, run_id="monday", case="fast")
    ]
    wanted = compare_by_rows("a", "b", stored, Question())
    (found,) = compare_settings("a", "b", parts_of(stored), Question())
    assert_same([found], wanted)
    assert Metric.CPU not in found.comparison.evidence
    assert isinstance(found.comparison.evidence[Metric.WALL], Estimate)


def test_layouts_are_a_level_of_stored_blocks_too(blocks):
    """Four layouts of which each is off by some per cent: many blocks of each do not hide that."""
    off = (1.0, 1.06, 0.97, 1.03)
    stored = [
        Stored(
            HERE,
            "n=1",
            replace(
                item,
                started_at_ns=number * 10**8 + at,
                trial=replace(
                    item.trial,
                    layout=number % 4,
                    wall_ns=round(item.trial.wall_ns * (off[number % 4] if name == "a" else 1)),
                ),
            ),
        )
        for number, block in enumerate(blocks(3, 1.02, 120, scatter=0.004))
        for at, (name, (item,)) in enumerate(block.items())
    ]
    question = Question(Metric.WALL)
    (found,) = compare_settings("a", "b", parts_of(stored), question)
    assert_same([found], compare_by_rows("a", "b", stored, question))
    assert found.comparison.layouts == 4
    assert found.comparison.verdict is Verdict.UNDECIDED
    assert "layouts of the builds differ" in found.comparison.metric_because
    assert found.comparison.ratio.low < 1 < found.comparison.ratio.high
