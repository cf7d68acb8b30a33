"""`load`: every stored run as one table, of trials or of measurements, by columns."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import harness
from harness.errors import DataDamaged, UsageError
from harness.model import Estimate, Host, Measurement, Mode, Run, Trial, TrialRecord, TrialStatus
from harness.model.jsonable import jsonable
from harness.running.loading import load_frame
from harness.running.reports import Report, to_summary
from harness.system.store.runs import RunWriter

HOST = Host("h", "cpu", 1, 1, "k", "s", None, None, None, None, 0.5, "box")


def record(block: int, target: str = "one", **more: float) -> TrialRecord:
    trial = Trial(TrialStatus.OK, 1000 + block, metrics=more)
    place = ("r", "sum", "fast", target, "c", "C", "d")
    return TrialRecord(*place, Mode.COLD, block, 0, warmup=False, started_at_ns=5, trial=trial)


def write(
    results: Path,
    name: str,
    records: list[TrialRecord],
    *,
    finish: bool = True,
    host_id: str = "h",
    more: Mapping[str, Any] | None = None,
) -> Path:
    targets = sorted({r.target for r in records})
    cells = [["sum", "fast", target] for target in targets]
    plan = {"host": jsonable(HOST), "started_at_ns": 5, "command": [], "seed": 1, "cells": cells}
    plan |= more or {}
    wall = Estimate("median", 1000.5, 1000, 1001, 0.95)
    measured = [
        Measurement("sum", "fast", t, "c", "C", Mode.COLD, 2, 0, wall, None, 9, True)
        for t in targets
    ]
    with RunWriter(results / name, plan, host_id) as writer:
        for one in records:
            writer.append(one)
        if finish:
            run = Run(name, 5, (), 1, HOST, tuple(measured), finished=True)
            writer.finish(to_summary(Report(run, writer.folder, {})), frozenset())
    return results / name


@pytest.fixture
def results(tmp_path):
    """A finished run of two targets, and one that goes on."""
    write(tmp_path, "20260101", [record(0), record(0, "two", joules=1.5), record(1)])
    write(tmp_path, "20260102", [record(7, joules=2.5), record(8, volts=1.0)], finish=False)
    return tmp_path


def test_trials_of_finished_and_unfinished_runs_are_one_table(results):
    trials = load_frame(results)
    assert list(trials.wall_ns) == [1000, 1000, 1001, 1007, 1008]
    assert list(trials.target) == ["one", "two", "one", "one", "one"]
    joules = trials["metrics.joules"]
    assert list(joules.dropna()) == [1.5, 2.5]
    assert list(trials["metrics.volts"].dropna()) == [1.0]
    assert trials.attrs["damaged"] == ()


def test_of_one_target_and_some_columns_no_more_is_read(results):
    table = load_frame(results, columns=["wall_ns", "target"], target="two")
    assert list(table.columns) == ["wall_ns", "target"]
    assert table.values.tolist() == [[1000, "two"]]
    figures = load_frame(results, columns=["block", "metrics"])
    assert list(figures.columns) == ["block", "metrics.joules", "metrics.volts"]
    assert list(load_frame(results, columns=["metrics.volts"])["metrics.volts"].dropna()) == [1.0]


def test_measurements_have_their_intervals(results):
    table = load_frame(results, of="measurements")
    assert list(table.target) == ["one", "two"]
    assert (table.wall_ns[0], table.wall_low_ns[0], table.wall_high_ns[0]) == (1000.5, 1000, 1001)
    assert list(load_frame(results, of="measurements", target="two").target) == ["two"]
    assert set(table.hostname) == {"box"}


def test_a_column_or_a_kind_that_there_is_not_is_said(results):
    with pytest.raises(UsageError, match="no column 'wal_ns'") as caught:
        load_frame(results / "20260101", columns=["wal_ns"])
    assert "'wall_ns'" in caught.value.hint
    with pytest.raises(UsageError, match="trials, measurements"):
        load_frame(results, of="blocks")
    with pytest.raises(UsageError, match="no such folder"):
        load_frame(results / "none")


def test_no_runs_are_an_empty_table_with_the_columns_asked_for(tmp_path):
    assert list(load_frame(tmp_path, columns=["wall_ns"]).columns) == ["wall_ns"]


def test_an_empty_table_has_the_columns_of_one_that_is_not(results, tmp_path_factory):
    nothing = tmp_path_factory.mktemp("nothing")
    trials = load_frame(results)
    empty = load_frame(nothing)
    assert len(empty) == 0
    assert list(empty.columns) == [c for c in trials.columns if not c.startswith("metrics.")]
    assert empty.wall_ns.dtype == trials.wall_ns.dtype
    measured = load_frame(results, of="measurements")
    assert list(load_frame(nothing, of="measurements").columns) == list(measured.columns)
    assert list(load_frame(results, target="nobody").columns) == list(empty.columns)


def test_one_column_is_named_by_a_text_and_what_is_no_name_is_refused(results):
    assert list(load_frame(results, columns="wall_ns").columns) == ["wall_ns"]
    assert list(load_frame(results, columns=("block", "wall_ns")).columns) == ["block", "wall_ns"]
    for wrong in (3, [3], {"wall_ns": 1}):
        with pytest.raises(UsageError, match="columns: want names of columns, got"):
            load_frame(results, columns=wrong)
    with pytest.raises(UsageError, match="target: want a text, got 3"):
        load_frame(results, target=3)


def test_a_warning_names_the_line_of_the_caller(results):
    (results / "20260101" / "run.json").write_text("{")
    for load in (load_frame, harness.load):
        with pytest.warns(UserWarning, match="left out") as caught:
            load(results)
        assert caught[0].filename == __file__


def test_a_damaged_run_is_left_out_and_named(results):
    path = results / "20260101" / "trials.parquet"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.warns(UserWarning, match="20260101.*damaged"):
        trials = load_frame(results)
    assert list(trials.wall_ns) == [1007, 1008]
    assert "20260101" in trials.attrs["damaged"][0]


def test_one_run_is_loaded_by_its_folder_and_not_left_out(results):
    assert list(load_frame(results / "20260102").wall_ns) == [1007, 1008]
    (results / "20260101" / "trials.parquet").unlink()
    with pytest.raises(DataDamaged, match="missing"):
        load_frame(results / "20260101")


def old(results: Path, name: str, change) -> None:
    """The first run once more, as schema 1 had it, with its table changed."""
    folder = shutil.copytree(results / "20260101", results / name)
    table = pq.read_table(folder / "trials.parquet").drop_columns("metrics")
    table = change(table).replace_schema_metadata({"harness_schema_version": "1"})
    pq.write_table(table, folder / "trials.parquet")
    run = json.loads((folder / "run.json").read_text())
    old_run = {key: run[key] for key in ("plan", "finished", "summary")}
    (folder / "run.json").write_text(json.dumps({"schema_version": 1, **old_run}))


def test_older_files_with_columns_gone_more_and_moved_are_in_it(results):
    old(results, "20251231", lambda t: t.drop_columns(["threads", "user_ns", "phases"]))
    old(results, "20251230", lambda t: t.append_column("joules", pa.array([1, 2, 3])))
    old(results, "20251229", lambda t: t.append_column("joules", pa.array(["a", "b", None])))
    old(results, "20251228", lambda t: t.select(t.column_names[::-1]))
    trials = load_frame(results)
    assert len(trials) == 5 + 4 * 3
    assert list(trials.joules.dropna()) == ["a", "b", 1, 2, 3]
    gone = trials[9:12]
    assert list(gone.user_ns) == [0, 0, 0]
    assert gone.threads.isna().all()
    assert list(trials.wall_ns[:3]) == [1000, 1000, 1001]


def test_metrics_and_samples_of_a_parquet_file_are_those_of_its_stream(tmp_path):
    records = [record(0, joules=1.5), replace(record(1), disagreement="x")]
    write(tmp_path / "a", "r1", records)
    write(tmp_path / "b", "r1", records, finish=False)
    one, other = load_frame(tmp_path / "a"), load_frame(tmp_path / "b")
    assert one.to_json() == other.to_json()


@pytest.mark.parametrize("target", [None, "one"])
def test_targets_are_what_their_trials_are_together(results, target):
    trials = load_frame(results, target=target)
    good = trials[~trials.warmup & (trials.status == "ok")]
    found = load_frame(results, of="targets", columns=["wall_ns", "user_ns"], target=target)
    grouped = good.groupby(["task", "case", "target"])
    rows = found.set_index(["task", "case", "target"]).sort_index()
    assert list(rows.index) == list(grouped.size().index)
    assert list(rows.trials) == list(grouped.size())
    assert list(rows.runs) == [2, 1][: len(rows)]  # of two folders
    for name in ("wall_ns", "user_ns"):
        assert list(rows[name]) == list(grouped[name].median())
        assert list(rows[f"{name}.min"]) == list(grouped[name].min())
        assert list(rows[f"{name}.max"]) == list(grouped[name].max())


def test_what_is_no_figure_has_no_middle(results):
    for name in ("status", "no such", "metrics.joules"):
        with pytest.raises(UsageError, match="no figure"):
            load_frame(results, of="targets", columns=[name])
