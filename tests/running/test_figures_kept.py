"""Figures by target of many runs are the same from the index, whatever happened to the runs."""

import shutil
import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from harness.model import Mode, Trial, TrialRecord, TrialStatus
from harness.running import catalogue
from harness.running.loading import load_frame
from harness.system.store import run_index
from harness.system.store.runs import RunWriter

WIDE_NS = 2**40
"""What four bytes do not hold."""


def store(results: Path, number: int, walls: dict[str, list[int]]) -> Path:
    folder = results / f"20260101-0000{number:02}-00000000"
    plan = {"started_at_ns": number, "cells": [["sum", "fast", name] for name in walls]}
    with RunWriter(folder, plan, "h") as writer:
        for name, values in walls.items():
            for block, wall_ns in enumerate(values):
                trial = Trial(TrialStatus.OK, wall_ns, max_rss_bytes=number)
                place = (folder.name, "sum", "fast", name, "c", "C", "d", Mode.COLD, block, 0)
                writer.append(TrialRecord(*place, False, number, trial=trial))
        writer.finish({"measurements": []}, frozenset())
    return folder


@pytest.fixture
def results(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(catalogue, "FEW", 0)
    monkeypatch.setattr(run_index, "_YOUNG_NS", 0)
    for number in range(1, 4):
        store(tmp_path / "results", number, {"a": [number, 7], "b": [WIDE_NS + number]})
    return tmp_path / "results"


@pytest.fixture
def load(results, monkeypatch):
    def loaded(columns=("wall_ns",), target=None):
        """What is loaded by the index, which must be what is loaded without one."""
        found = load_frame(results, "targets", columns, target)
        with monkeypatch.context() as alone:
            alone.setattr(catalogue, "FEW", 10**6)
            pd.testing.assert_frame_equal(load_frame(results, "targets", columns, target), found)
        return found

    return loaded


def kept(results: Path, name: str = "wall_ns") -> set[str]:
    with run_index.open_index(results) as index:
        return {run for run, _ in index.figures(name)}


def test_what_was_kept_says_what_the_trials_say(results, load) -> None:
    first = load()
    assert kept(results) == {folder.name for folder in results.iterdir()}
    assert first["wall_ns"].tolist() == [5.0, WIDE_NS + 2]
    assert first["runs"].tolist() == [3, 3]
    pd.testing.assert_frame_equal(load(), first)


def test_trials_are_not_read_again(results, load, monkeypatch) -> None:
    first = load()

    def no_more(*_: object) -> None:
        raise AssertionError("they were")

    monkeypatch.setattr("harness.running.figures_kept.figures_in", no_more)
    pd.testing.assert_frame_equal(load_frame(results, "targets", ["wall_ns"]), first)


def test_of_one_target_and_of_further_figures(load) -> None:
    load()
    assert load(target="a")["target"].tolist() == ["a"]
    both = load(("max_rss_bytes", "wall_ns"))
    assert both["max_rss_bytes"].tolist() == [2.0, 2.0]
    assert both["wall_ns.max"].tolist() == [7, WIDE_NS + 3]


def test_a_run_that_changed_is_read_again_and_one_that_is_gone_forgotten(results, load) -> None:
    load()
    first, second, _ = sorted(results.iterdir())
    shutil.rmtree(first)
    shutil.rmtree(second)
    store(results, 2, {"a": [100, 100, 100]})
    assert load()["wall_ns.max"].tolist() == [100, WIDE_NS + 3]
    assert kept(results) == {folder.name for folder in results.iterdir()}


def test_what_is_damaged_is_named_though_its_figures_were_kept(results) -> None:
    load_frame(results, "targets", ["wall_ns"])
    parquet = min(results.iterdir()) / "trials.parquet"
    content = bytearray(parquet.read_bytes())
    content[len(content) // 2] ^= 1
    parquet.write_bytes(content)
    with pytest.warns(UserWarning, match="left out"):
        found = load_frame(results, "targets", ["wall_ns"])
    assert found["runs"].tolist() == [2, 2]
    assert len(found.attrs["damaged"]) == 1


@pytest.mark.parametrize(
    "harm",
    [
        "update figures set body = zeroblob(length(body))",
        "update figures set sum = sum + 1",
        "drop table figures",
        "delete from figures where run like '%02%'",
    ],
)
def test_an_index_that_is_damaged_says_nothing_wrong(results, load, harm: str) -> None:
    first = load()
    (index,) = (results.parent / "cache").rglob("*.sqlite")
    with sqlite3.connect(index) as file:
        file.execute(harm)
    file.close()
    pd.testing.assert_frame_equal(load(), first)
