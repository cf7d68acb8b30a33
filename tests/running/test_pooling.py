"""What many stored runs say of two targets: the answer by columns is that of row after row."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from harness.analysis import Machine, Question
from harness.errors import ExitCode, MadeByNewer
from harness.model import Mode, Sample, Trial, TrialRecord, TrialStatus
from harness.running.pooling import pool
from harness.running.reading_back import checked_report
from harness.running.stored_verdicts import StoredQuery, judge_stored
from harness.system.store.run_file import read_run, run_folders
from harness.system.store.runs import RunWriter, stored_records
from tests.analysis.by_rows import Stored, compare_by_rows


def record(run: str, target: str, block: int, rng, mode: Mode) -> TrialRecord:
    wall = int(1e6 * np.exp(0.02 * rng.standard_t(2)))
    samples = tuple(Sample(n, 1, wall + n, wall) for n in range(9)) if mode is Mode.STEADY else ()
    status = TrialStatus.OK if rng.random() < 0.95 else TrialStatus.FAILED
    pressure = None if rng.random() < 0.5 else 10**5
    trial = Trial(status, wall, user_ns=wall, pressure_ns=pressure, samples=samples)
    place = (run, "sum", "fast", target, "c", "C", f"digest of {target}", mode)
    return TrialRecord(*place, block, 0, block < 0, 10**9 * block + wall, trial=trial)


def store(results: Path, run: str, targets: str, *, mode=Mode.COLD, finish=True) -> Path:
    rng = np.random.default_rng(len(run) + len(targets))
    plan = {
        "host": {"hostname": "box", "cpus": 2},
        "cells": [["sum", "fast", target] for target in targets],
        "given": [["sum", "fast", "a", "the same"], ["sum", "fast", "b", "the same"]],
    }
    with RunWriter(results / run, plan, "host") as writer:
        for block in range(-1, 30):
            for target in targets:
                writer.append(record(run, target, block, rng, mode))
        if finish:
            writer.finish({}, frozenset())
    return results / run


@pytest.fixture
def results(tmp_path) -> Path:
    """Finished runs, one that was cut off, one in steady mode, and one without the candidate."""
    store(tmp_path, "1", "abc")
    store(tmp_path, "2", "bca", finish=False)
    store(tmp_path, "3", "ab", mode=Mode.STEADY)
    store(tmp_path, "4", "ac")
    return tmp_path


def by_rows(results: Path):
    stored = []
    for folder in run_folders(results):
        run = read_run(folder)
        given = {cell[2]: cell[3] for cell in run.plan["given"]}
        stored += [
            Stored(Machine(host, "box"), given.get(item.target, run.id), item)
            for host, item in stored_records(run)
        ]
    return compare_by_rows("a", "b", stored, Question())


def test_the_store_says_what_its_rows_say(results):
    found = pool(results, "a", "b", Question())
    wanted = by_rows(results)
    assert len(wanted) == 2
    assert repr(found.findings) == repr(tuple(wanted))
    assert found.hosts[Machine("host", "box")]["cpus"] == 2


def test_a_damaged_run_is_named_and_the_others_are_judged(results):
    whole = pool(results, "a", "b", Question()).findings
    broken = store(results, "5", "ab") / "trials.parquet"
    content = bytearray(broken.read_bytes())
    content[len(content) // 2] ^= 1
    broken.write_bytes(content)
    found = pool(results, "a", "b", Question())
    assert repr(found.findings) == repr(whole)
    assert len(found.damaged) == 1
    assert str(broken) in found.damaged[0]


def test_a_run_of_a_newer_harness_is_no_damage(results):
    (store(results, "5", "ab") / "run.json").write_text('{"schema_version": 99}')
    found = judge_stored(results, "a", "b", StoredQuery(Question()))
    assert found.exit_code is ExitCode.USAGE
    assert found.problem is not None
    assert found.problem[1].startswith("Upgrade optim-harness")
    with pytest.raises(MadeByNewer, match="nothing that can be read has blocks of both"):
        judge_stored(results, "a", "z", StoredQuery(Question()))


def test_targets_that_never_met_are_told_from_those_that_are_not_there(results):
    assert pool(results, "a", "z", Question()).findings == ()
    assert pool(results, "a", "z", Question()).targets == ("a", "b", "c")


def test_the_runs_that_benchmarks_make_are_stored_runs(tmp_path, monkeypatch):
    """What is measured on them holds for those that were measured."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    import many_runs

    many_runs.make_runs(tmp_path, 2, 200)
    for number, folder in enumerate(run_folders(tmp_path)):
        stored = read_run(folder)
        run = checked_report(stored).run
        trials = [record for _, record in stored_records(stored)]
        assert run.id == many_runs.Made(number, 200).id
        assert len(trials) == 200
        assert {m.target: m.trials for m in run.measurements} == Counter(t.target for t in trials)
    (found,) = pool(tmp_path, "target-0", "target-3", Question()).findings
    assert found.comparison.blocks == 40
