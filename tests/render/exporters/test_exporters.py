"""The formats that come with the harness, and the suite that holds every exporter."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.errors import PluginFailed, UsageError
from harness.hookspecs import hookimpl
from harness.model import Commit, Estimate, Mode, Sample, TrialRecord, TrialStatus
from harness.plugins import Exporter
from harness.render.exporters import (
    asv_results,
    bencher,
    csv_table,
    github_action,
    hyperfine_json,
    json_text,
    markdown,
    pyperf_json,
)
from harness.testing import check_exporter
from harness.testing.makers import make_record, make_trial
from harness.testing.plugins import FAILURES, make_run


def exporter(suffix: object = ".txt", content: object = "sum-x sum-y") -> SimpleNamespace:
    return SimpleNamespace(
        harness_suffix=hookimpl(lambda: suffix), harness_export=hookimpl(lambda: content)
    )


OURS = [
    asv_results,
    bencher,
    csv_table,
    github_action,
    hyperfine_json,
    json_text,
    markdown,
    pyperf_json,
]


@pytest.mark.parametrize("module", OURS)
def test_every_exporter_of_ours_passes_the_suite(module):
    check_exporter(module)


def records(target: str, *wall_ns: int, **changes: object) -> list[TrialRecord]:
    return [
        make_record(make_trial(each), target=target, block=block, **changes)
        for block, each in enumerate(wall_ns)
    ]


def test_pyperf_reads_its_json_and_compares_two_of_them(tmp_path):
    for name, factor in (("old", 2), ("new", 1)):
        trials = [
            *records("sum", *(factor * (10**7 + n) for n in range(30))),
            *records("sum", 10**10, warmup=True),
        ]
        content = Exporter("pyperf", pyperf_json).export(make_run(), {}, trials)
        (tmp_path / name).write_bytes(content)
    compare = [sys.executable, "-m", "pyperf", "compare_to", "old", "new"]
    said = subprocess.run(compare, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "2.00x faster" in said.stdout
    stats = [sys.executable, "-m", "pyperf", "stats", "new"]
    said = subprocess.run(stats, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "Total number of run: 30" in said.stdout
    assert re.search(r"Minimum: +10\.0 ms", said.stdout)


def test_pyperf_gets_no_trial_that_failed_and_one_execution_of_steady_work():
    failed = make_trial(5, status=TrialStatus.FAILED)
    steady = make_trial(
        samples=(Sample(0, 1, 9, 9, calibration=True), Sample(1, 4, 8 * 10**9, 9, False))
    )
    trials = [
        make_record(failed, target="sum"),
        make_record(steady, target="sum", mode=Mode.STEADY),
    ]
    content = Exporter("pyperf", pyperf_json).export(make_run(), {}, trials)
    [benchmark] = json.loads(content)["benchmarks"]
    assert [run["values"] for run in benchmark["runs"]] == [[2.0]]


def test_hyperfine_has_the_seconds_of_every_trial_that_counts():
    trials = [
        *records("sum", 10**9, 3 * 10**9, 2 * 10**9),
        *records("sum", 10**10, warmup=True),
        make_record(make_trial(5, status=TrialStatus.FAILED), target="sum"),
    ]
    content = Exporter("hyperfine", hyperfine_json).export(make_run(), {}, trials)
    [result] = json.loads(content)["results"]
    assert result["command"] == "sum"
    assert result["times"] == [1.0, 3.0, 2.0]
    assert [result[key] for key in ("mean", "median", "min", "max", "stddev")] == [2, 2, 1, 3, 1]
    assert result["exit_codes"] == [0, 0, 0]
    assert len(result["memory_usage_byte"]) == 3


def test_hyperfine_has_no_deviation_of_one_trial():
    content = Exporter("hyperfine", hyperfine_json).export(make_run(), {}, records("sum", 10**9))
    assert json.loads(content)["results"][0]["stddev"] is None


def test_github_action_charts_milliseconds_and_no_target_without_a_time():
    [entry] = json.loads(check_exporter(github_action))
    assert entry["name"] == "sum-x"
    assert (entry["unit"], entry["value"], entry["range"]) == ("ms", 2.0, "1.9 ... 2.1")
    assert entry["extra"] == "median of 9 trials, 99% interval, peak memory 1.00 MiB\nX, or |Y|"


def test_bencher_gets_nanoseconds_with_their_interval():
    found = json.loads(check_exporter(bencher))
    assert found.keys() == {"sum-x"}
    latency = {"value": 2e6, "lower_value": 1.9e6, "upper_value": 2.1e6}
    memory = {"value": 2.0**20}
    assert found["sum-x"] == {"latency": latency, "cpu-time": latency, "peak-memory": memory}


def test_a_name_says_task_and_case_where_a_run_has_several():
    run = make_run()
    other = replace(run.measurements[0], case="full")
    several = replace(run, measurements=(*run.measurements, other))
    content = Exporter("bencher", bencher).export(several, {})
    assert json.loads(content).keys() == {"sum/fast/sum-x", "sum/full/sum-x"}


def test_asv_gets_a_folder_of_three_files_with_seconds():
    trials = [*records("sum-x", 10**9, 2 * 10**9, 3 * 10**9), *records("sum-y", 5, warmup=True)]
    files = Exporter("asv", asv_results).export(make_run(), FAILURES, trials)
    assert isinstance(files, dict)
    host = make_run().host
    machine = host.hostname or host.id[:12]
    assert files.keys() == {
        "benchmarks.json",
        f"{machine}/machine.json",
        f"{machine}/8f3a27c1-harness.json",
    }
    listed = json.loads(files["benchmarks.json"])
    assert listed.keys() == {"sum-x", "version"}
    assert (listed["version"], listed["sum-x"]["unit"]) == (2, "seconds")
    found = json.loads(files[f"{machine}/8f3a27c1-harness.json"])
    row = dict(zip(found["result_columns"], found["results"]["sum-x"], strict=True))
    assert found["commit_hash"] == "8f3a27c1" * 5
    assert row["result"] == [2e6 / 1e9]
    assert (row["stats_q_25"], row["stats_q_75"], row["stats_repeat"]) == ([1.0], [3.0], [3])


@pytest.mark.parametrize(("confidence", "wanted"), [(0.95, None), (0.99, 1e6 / 1e9)])
def test_asv_s_interval_is_of_99_per_cent_or_null(confidence: float, wanted: float | None):
    run = make_run()
    wall_ns = Estimate("median", 2e6, 1e6, 3e6, confidence)
    sure = replace(run, measurements=(replace(run.measurements[0], wall_ns=wall_ns),))
    files = Exporter("asv", asv_results).export(sure, {})
    assert isinstance(files, dict)
    found = json.loads(next(text for name, text in files.items() if "8f3a27c1" in name))
    row = dict(zip(found["result_columns"], found["results"]["sum-x"], strict=True))
    assert row["stats_ci_99_a"] == [wanted]


def test_asv_keeps_what_the_folder_has_of_other_runs():
    before = {
        "benchmarks.json": b'{"older": {"name": "older"}, "version": 2}',
        "x": b"",
    }
    files = Exporter("asv", asv_results).export(make_run(), {}, (), before.get)
    assert isinstance(files, dict)
    assert json.loads(files["benchmarks.json"]).keys() == {"older", "sum-x", "version"}


@pytest.mark.parametrize(
    ("commit", "words"),
    [
        (None, "was made outside of a git repository"),
        (Commit("8f3a27c1" * 5, 1, changed=True), "the tree differed from 8f3a27c1"),
    ],
)
def test_asv_gets_no_figures_that_are_of_no_commit(commit, words):
    with pytest.raises(UsageError, match=words):
        Exporter("asv", asv_results).export(replace(make_run(), commit=commit), {})


def test_asv_says_that_a_folder_is_not_its_own():
    with pytest.raises(UsageError, match=r"benchmarks\.json in the folder is no file of asv"):
        Exporter("asv", asv_results).export(make_run(), {}, (), lambda _: b"[" * 10**6)


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", ""])
def test_a_folder_has_no_file_outside_of_it(name):
    with pytest.raises(PluginFailed, match="no path within a folder"):
        check_exporter(exporter(suffix=".x/", content={name: "sum-x sum-y"}))


@pytest.mark.parametrize("plugin", [exporter(suffix=".x/"), exporter(content={"a": "sum-x sum-y"})])
def test_a_folder_is_what_its_suffix_says(plugin):
    with pytest.raises(PluginFailed, match="want a mapping of paths from one whose suffix ends"):
        check_exporter(plugin)


@pytest.mark.parametrize("module", [asv_results, bencher, github_action])
def test_what_is_not_known_of_one_trial_is_no_infinity(module):
    run = make_run()
    single = Estimate("median", 2e6, 0.0, math.inf, 0.95)
    once = replace(run, measurements=(replace(run.measurements[0], wall_ns=single, cpu_ns=single),))
    content = Exporter("x", module).export(once, {})
    for text in content.values() if isinstance(content, dict) else [content]:
        json.loads(text, parse_constant=pytest.fail)


def test_csv_has_numbers_and_what_failed():
    rows = [*csv.DictReader(io.StringIO(str(check_exporter(csv_table))))]
    assert [row["target"] for row in rows] == ["sum-x", "sum-y"]
    assert float(rows[0]["wall_ns"]) == 2e6
    assert rows[0]["language"] == "X, or |Y|"
    assert rows[1]["output"] == "build failed"
    assert rows[1]["wall_ns"] == ""


def test_json_has_the_whole_run():
    loaded = json.loads(str(check_exporter(json_text)))
    assert loaded["id"] == make_run().id
    assert loaded["measurements"][0]["metrics"][0]["info"]["name"] == "rate"
    assert loaded["failures"] == [
        {"task": "sum", "case": "fast", "target": "sum-y", "failure": "build failed"}
    ]


def test_markdown_is_a_table():
    lines = str(check_exporter(markdown)).splitlines()
    assert lines[0].startswith("| target")
    assert set(lines[1]) <= set("|-:")


@pytest.mark.parametrize(
    ("plugin", "words"),
    [
        (exporter(suffix="txt"), "want a suffix such as '.csv', got 'txt'"),
        (exporter(content=7), "harness_export returned int, want str or bytes"),
        (exporter(content=None), "harness_export returned nothing"),
        (SimpleNamespace(), "does not implement harness_suffix, harness_export"),
    ],
)
def test_an_exporter_that_breaks_the_contract_is_named(plugin, words):
    with pytest.raises(PluginFailed, match="exporter 'exporter'") as caught:
        check_exporter(plugin)
    assert words in caught.value.message


def test_the_suite_finds_an_exporter_that_leaves_a_target_out():
    with pytest.raises(AssertionError, match="sum-y is missing"):
        check_exporter(exporter(content="sum-x"))


def points(**modules: str) -> list[EntryPoint]:
    return [EntryPoint(name, value, Exporter.GROUP) for name, value in modules.items()]


def test_a_suffix_chooses_and_a_broken_exporter_takes_nothing_else_down(capsys):
    found = points(broken="no_such_module_here", csv="harness.render.exporters.csv_table")
    chosen = Exporter.for_file(Path("a.CSV"), found)
    assert chosen.name == "csv"
    assert chosen.export(make_run(), FAILURES)
    assert "left out: exporter 'broken' (no_such_module_here) cannot be" in capsys.readouterr().err
    with pytest.raises(UsageError, match=r"no exporter writes \.xml"):
        Exporter.for_file(Path("a.xml"), found)


def test_an_unknown_exporter_suggests_the_near_one():
    with pytest.raises(UsageError, match="no exporter named 'markdwn'") as caught:
        Exporter.find("markdwn")
    assert "Did you mean 'markdown'?" in caught.value.hint
