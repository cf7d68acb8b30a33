"""The index of many runs says what the runs say, also after anything happened to them."""

import os
import shutil
from pathlib import Path

import pytest

from harness.model import Host, Mode, Trial, TrialRecord, TrialStatus
from harness.model.jsonable import jsonable
from harness.running import catalogue
from harness.running.catalogue import HistoryQuery, folders_with
from harness.running.history import list_runs, note_on
from harness.system.process.places import user_cache
from harness.system.store import run_index
from harness.system.store.runs import RunWriter

HOST = Host("h", "cpu", 2, 1, "k", "s", None, None, None, None, 0.5, "box")


def store(results: Path, number: int, target: str, *, finish: bool = True) -> Path:
    folder = results / f"20260101-0000{number:02}-00000000"
    plan = {"host": jsonable(HOST), "started_at_ns": number, "cells": [["sum", "fast", target]]}
    measurement = {"task": "sum", "case": "fast", "target": target, "trials": 1, "wall_ns": None}
    with RunWriter(folder, plan, "h") as writer:
        trial = Trial(TrialStatus.OK, 1000)
        place = (folder.name, "sum", "fast", target, "c", "C", "d", Mode.COLD, 0, 0, False, number)
        writer.append(TrialRecord(*place, trial=trial))
        if finish:
            writer.finish({"started_at_ns": number, "measurements": [measurement]}, frozenset())
    return folder


@pytest.fixture
def results(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(catalogue, "FEW", 0)
    monkeypatch.setattr(run_index, "_YOUNG_NS", 0)
    for number in range(1, 5):
        store(tmp_path / "results", number, "ab"[number % 2], finish=number != 3)
    return tmp_path / "results"


def listed(results: Path, monkeypatch, **wanted):
    """What the index says, which must be what is said without one."""
    query = HistoryQuery(**wanted)
    found = list_runs(results, query)
    with monkeypatch.context() as alone:
        alone.setattr(catalogue, "FEW", 10**6)
        assert list_runs(results, query) == found
    return found


def indexed(results: Path) -> set[str]:
    with run_index.open_index(results) as index:
        names = {folder.name for folder in results.iterdir()}
        return names - set(index.changed(sorted(names)))


@pytest.mark.parametrize(
    "wanted", [{}, {"target": "a"}, {"task": "sum"}, {"task": "no"}, {"earliest_ns": 3}]
)
def test_it_says_what_the_runs_say(results, monkeypatch, wanted):
    first = listed(results, monkeypatch, **wanted)
    assert len(indexed(results)) == 4
    assert listed(results, monkeypatch, **wanted) == first
    assert bool(first.runs) == (wanted != {"task": "no"})


@pytest.mark.parametrize(
    ("told", "notes"),
    [({"failures": ["a"]}, ["failed", "never ran"]), ({}, ["failed", "failed"])],
    ids=["by name", "by an older run"],
)
def test_what_never_ran_is_not_said_to_have_failed(tmp_path, told, notes):
    """As of mixes whose turn never came: others have told enough before."""
    cells = {n: {"task": "sum", "case": "fast", "target": n} for n in "ab"}
    told = {key: [cells[name] for name in names] for key, names in told.items()}
    measured = [{**cell, "trials": 0, "wall_ns": None} for cell in cells.values()]
    with RunWriter(tmp_path / "20260101-000001-00000000", {"host": jsonable(HOST)}, "h") as writer:
        writer.finish({"started_at_ns": 1, "measurements": measured, **told}, frozenset())
    (run,) = list_runs(tmp_path, HistoryQuery()).runs
    assert [note_on(run, m) for m in run["measurements"]] == notes


def test_a_run_that_changed_is_read_again(results, monkeypatch):
    before = listed(results, monkeypatch)
    later = store(results, 9, "a")
    store(results, 3, "b")  # goes on, and ends
    shutil.rmtree(results / before.runs[0]["run_id"])
    after = listed(results, monkeypatch)
    assert [run["run_id"] for run in after.runs] == sorted(p.name for p in results.iterdir())
    assert all(run["finished"] for run in after.runs)
    assert after.runs[-1]["folder"] == str(later)


@pytest.mark.parametrize("name", ["run.json", "trials.parquet"])
def test_what_was_changed_in_place_is_named_though_its_times_are_set_back(
    results, monkeypatch, name
):
    listed(results, monkeypatch)
    path = min(results.iterdir()) / name
    facts, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    for _ in range(2):
        found = listed(results, monkeypatch)
        assert [str(path) in problem for problem in found.damaged] == [True]
        assert len(found.runs) == 3


def test_what_was_written_a_moment_ago_is_not_entered(results, monkeypatch):
    """Two writes within one tick of the clock leave the same times."""
    monkeypatch.setattr(run_index, "_YOUNG_NS", 10**15)
    assert len(listed(results, monkeypatch).runs) == 4
    assert indexed(results) == set()


@pytest.mark.parametrize("damage", [b"", b"no database", bytes(20_000)])
def test_an_index_that_is_broken_is_done_without_and_made_anew(results, monkeypatch, damage):
    whole = listed(results, monkeypatch)
    (file,) = (user_cache() / "indexes").iterdir()
    content = file.read_bytes()
    file.write_bytes(damage or content[: len(content) // 2])
    assert listed(results, monkeypatch) == whole
    assert listed(results, monkeypatch) == whole
    assert len(indexed(results)) == 4


def test_two_who_enter_the_same_run_at_once_spoil_no_index(results):
    names = sorted(folder.name for folder in results.iterdir())
    entry = run_index.Entry(1, {}, [{"task": "sum", "target": "a"}], ["a"])
    files = run_index.FilesSeen("trials.parquet", "as it was")
    with run_index.open_index(results) as slow:
        assert slow.changed(names) == names
        with run_index.open_index(results) as quick:
            assert quick.changed(names) == names
            assert quick.enter(names[0], files, entry)
        assert slow.enter(names[0], files, entry)
    with run_index.open_index(results) as index:
        assert index.with_target("a") == {names[0]}


def test_a_folder_for_indexes_in_which_others_may_write_is_not_used(results, monkeypatch):
    (user_cache() / "indexes").mkdir(parents=True)
    (user_cache() / "indexes").chmod(0o777)
    assert len(listed(results, monkeypatch).runs) == 4
    assert list((user_cache() / "indexes").iterdir()) == []


def test_only_runs_that_may_have_both_targets_are_looked_at(results, monkeypatch):
    names = [folder.name[-10:-9] for folder in folders_with(results, ("a",))]
    assert names == ["2", "4"]
    assert folders_with(results, ("a", "b")) == []
    path = min(results.iterdir()) / "run.json"
    path.write_text("{")
    assert folders_with(results, ("a", "b")) == [path.parent]
