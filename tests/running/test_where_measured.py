"""Results of several machines are told apart, and never read as one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.model.jsonable import jsonable
from harness.running.catalogue import HistoryQuery
from harness.running.history import list_runs
from harness.running.loading import load_frame
from harness.running.trends import trends_of
from harness.running.where_measured import HostsOf, MeasuredPart, hosts_in_plan
from tests.running.test_loading import HOST, record, write

FAST = replace(HOST, id="fast", cpu="Fast CPU", hostname="n1", load=0.1)
SLOW = replace(HOST, id="slow", cpu="Slow CPU", hostname="n3")


def on_two_machines(results: Path, name: str) -> None:
    """A gathered run: `one` was measured on a fast machine, `two` on a slow one."""
    hosts = hosts_in_plan(
        MeasuredPart(jsonable(host), [["sum", "fast", target]], job, 1)
        for host, target, job in ((FAST, "one", "7_0"), (SLOW, "two", "7_1"))
    )
    more = {"host": jsonable(FAST), **hosts}
    write(results, name, [record(0), record(0, "two"), record(1)], more=more)


def test_a_machine_is_described_once_however_loaded_it_was():
    busy = replace(FAST, load=9.0)
    plan = hosts_in_plan(
        MeasuredPart(jsonable(host), [["sum", "fast", name]])
        for host, name in ((FAST, "a"), (SLOW, "b"), (busy, "c"))
    )
    assert [host["hostname"] for host in plan["hosts"]] == ["n1", "n3"]
    hosts = HostsOf({"host": jsonable(HOST), **plan})
    named = [hosts.of("sum", "fast", name)["hostname"] for name in "abcd"]
    assert named == ["n1", "n3", "n1", "box"]
    assert HostsOf({}).of("sum", "fast", "a") == {}


def test_each_measurement_of_a_gathered_run_is_its_own_machines(tmp_path):
    on_two_machines(tmp_path, "20260101")
    table = load_frame(tmp_path, of="measurements").set_index("target")
    assert list(table.hostname) == ["n1", "n3"]
    assert list(table.cpu_model) == ["Fast CPU", "Slow CPU"]
    assert list(table.job) == ["7_0", "7_1"]
    assert list(table.attempt) == [1, 1]
    trends = trends_of(tmp_path, HistoryQuery()).trends
    assert {(t.of.target, t.of.host, t.of.hostname) for t in trends} == {
        ("one", "fast", "n1"),
        ("two", "slow", "n3"),
    }


def test_runs_of_another_kind_are_another_trend_and_another_row(tmp_path):
    write(tmp_path, "20260101", [record(0), record(1)])
    on_two_machines(tmp_path, "20260102")
    trends = [t for t in trends_of(tmp_path, HistoryQuery()).trends if t.of.target == "one"]
    assert {t.of.hostname: len(t.points) for t in trends} == {"box": 1, "n1": 1}


def test_history_names_machines_where_there_are_several(tmp_path):
    write(tmp_path, "20260101", [record(0), record(1)])
    assert "machine" not in list_runs(tmp_path, HistoryQuery()).table()
    on_two_machines(tmp_path, "20260102")
    found = list_runs(tmp_path, HistoryQuery())
    assert "n3, Slow CPU" in found.table()
    assert [m["cpu_model"] for run in found.runs for m in run["measurements"]] == [
        *("cpu", "Fast CPU", "Slow CPU")
    ]
    assert [m["job"] for run in found.runs for m in run["measurements"]] == [None, "7_0", "7_1"]


@pytest.mark.parametrize("few", [0, 50])
def test_targets_of_all_runs_have_no_middle_of_two_kinds(tmp_path, monkeypatch, few):
    from harness.running import catalogue

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(catalogue, "FEW", few)
    results = tmp_path / "results"
    write(results, "20260101", [record(0)])
    write(results, "20260102", [record(100)], host_id="another")
    write(results, "20260103", [record(2)])
    table = load_frame(results, of="targets")
    assert table[["host_id", "runs", "wall_ns"]].values.tolist() == [
        ["h", 2, 1001],
        ["another", 1, 1100],
    ]
