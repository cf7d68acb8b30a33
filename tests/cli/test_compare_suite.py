"""`harness run` and `harness compare` of a suite: a row for each of its benchmarks."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

# Times are read from a file: no verdict here depends on the machine.
BENCH = r"""#!/bin/sh
here=$(dirname "$0")
if [ "$1" = --benchmark_list_tests=true ]; then cut -d" " -f1 "$here/times.txt"; exit; fi
name=${1#--benchmark_filter=^}; name=${name%\$}
while read -r each time; do [ "$each" = "$name" ] && found=$time; done < "$here/times.txt"
printf '{\n  "context": {}, "benchmarks": ['
for more in 0 1 2; do
  [ $more -gt 0 ] && printf ,
  each=$((found + more))
  printf '{"run_type": "iteration", "iterations": 7, "time_unit": "ns", '
  printf '"real_time": %d, "cpu_time": %d}' $each $each
done
echo ']}'
"""
CONFIG = """
[tasks.sorting]
[targets.suite]
task = "sorting"
adapter = "suite"
kind = "google-benchmark"
program = "bench"
milliseconds = 1
"""
GIT = {
    **os.environ,
    **{f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


@pytest.fixture
def project(folder: Path) -> Path:
    (folder / "harness.toml").write_text(CONFIG)
    (folder / "bench").write_text(BENCH)
    (folder / "bench").chmod(0o755)
    (folder / "times.txt").write_text("BM_sort/8 10000\nBM_sum 5000\nBM_old 3000\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run(["git", *words], cwd=folder, env=GIT, check=True)
    return folder


def test_a_run_has_a_row_for_each_benchmark(harness, project: Path):
    said = harness("run", "suite", "--trials", "2", "--json")
    assert said.code == 0
    rows = [(m["case"], m["mode"], m["wall_ns"]["point"]) for m in said.result["measurements"]]
    assert rows == [
        ("BM_sort/8", "steady", 10_001.0),
        ("BM_sum", "steady", 5_001.0),
        ("BM_old", "steady", 3_001.0),
    ]


def test_one_benchmark_is_chosen_by_its_name(harness, project: Path):
    said = harness("run", "suite", "--case", "BM_sum", "--trials", "1", "--json")
    assert [m["case"] for m in said.result["measurements"]] == ["BM_sum"]
    said = harness("run", "suite", "--case", "BM_sun", "--trials", "1", "--json")
    assert said.code == 2
    assert "no benchmark named 'BM_sun'" in said.envelope["error"]
    assert "BM_sum" in said.envelope["hint"]


def test_two_builds_of_a_suite_are_compared_at_one_error_level(harness, project: Path):
    (project / "times.txt").write_text("BM_sort/8 20000\nBM_sum 5000\nBM_new 1000\n")
    said = harness("compare", "suite@HEAD", "suite", "--budget", "60s")
    assert said.code == 1, "one is slower"
    lines = said.out.splitlines()
    assert "suite against suite@HEAD: of 2 benchmarks 1 slower, 1 equivalent" in lines[0]
    assert "all verdicts together at 95 %" in lines[0]
    row = next(line for line in lines if line.startswith("BM_sort/8"))
    assert "10.0 us" in row
    assert "20.0 us" in row
    assert "slower" in row
    assert "only suite@HEAD has BM_old: nothing to compare with" in said.err
    assert "only suite has BM_new: nothing to compare with" in said.err
    assert "slower than suite@HEAD: BM_sort/8" in said.err


def test_a_suite_that_cannot_be_built_fails_alone(harness, project: Path):
    (project / "bench").unlink()
    said = harness("run", "suite", "--json")
    assert said.code == 2
    (project / "harness.toml").write_text(CONFIG + 'build = ["false"]\n')
    said = harness("run", "suite", "--json")
    assert said.code == 4
    assert said.result["measurements"][0]["failure"]


def test_a_suite_that_names_no_benchmark_says_why(harness, project: Path):
    (project / "bench").write_text("#!/bin/sh\necho no library >&2\nexit 7\n")
    said = harness("run", "suite", "--json")
    assert said.code == 5
    assert "no library" in said.result["measurements"][0]["failure"]
    (project / "bench").write_text("#!/bin/sh\n")
    said = harness("run", "suite")
    assert said.code == 2
    assert "no benchmark in the suite: it names none" in said.err


def test_an_interrupted_run_of_a_suite_finds_its_benchmarks_again(project: Path):
    from harness.project.config import load_config
    from harness.running.selecting import stored_cells
    from harness.system.store.run_file import StoredRun

    config = load_config(project / "harness.toml")
    plan = {
        "origin": {"kind": "configured"},
        "cells": [["sorting", "BM_sum", "suite"]],
        "params": [["sorting", "BM_sum", {"benchmark": "BM_sum"}]],
    }
    stored = StoredRun.__new__(StoredRun)
    object.__setattr__(stored, "plan", plan)
    _, (cell,) = stored_cells(stored, config)
    assert cell.case.name == "BM_sum"
    assert cell.case.params == {"benchmark": "BM_sum"}
    assert cell.task.ignores_output


def ci(harness, project: Path, times: str, *words: str):
    """The gate of another program with these times, whose base is the commit."""
    (project / "bench").write_text(BENCH + "# another program\n")
    (project / "times.txt").write_text(times)
    asked = words if "--trials" in words else ("--budget", "60s", *words)
    return harness("ci", "--base", "HEAD", *asked, "--json")


def test_a_gate_compares_the_benchmarks_and_not_what_they_print(harness, project: Path):
    said = ci(harness, project, "BM_sort/8 10001\nBM_sum 5001\nBM_old 3001\n")
    rows = {row["case"]: row for row in said.result["rows"]}
    assert {name: row["status"] for name, row in rows.items()} == {
        "BM_sort/8": "equivalent",
        "BM_sum": "equivalent",
        "BM_old": "equivalent",
    }
    assert rows["BM_sum"]["head"]["wall_ns"]["point"] == 5002, "the suite's own time"
    assert rows["BM_sum"]["comparison"]["ratio"]["confidence"] == pytest.approx(1 - 0.05 / 3)
    assert said.code == 0


def test_a_gate_names_the_benchmark_that_is_slower_and_those_of_one_side(harness, project: Path):
    said = ci(harness, project, "BM_sort/8 20000\nBM_sum 5000\nBM_new 1000\n")
    assert said.code == 1
    assert said.result["headline"] == "suite BM_sort/8: slower"
    status = {row["case"]: row["status"] for row in said.result["rows"]}
    assert status == {
        "BM_sort/8": "slower",
        "BM_new": "new",
        "BM_old": "gone",
        "BM_sum": "equivalent",
    }
    assert "hint" not in said.envelope or "bisect" not in str(said.envelope["hint"])


def test_a_gate_takes_one_benchmark_by_its_name(harness, project: Path):
    times = "BM_sort/8 20000\nBM_sum 5000\nBM_old 3000\n"
    said = ci(harness, project, times, "--case", "BM_sum")
    assert [row["case"] for row in said.result["rows"]] == ["BM_sum"]
    said = ci(harness, project, times, "--case", "BM_sun")
    assert (said.code, "no benchmark named 'BM_sun'" in said.envelope["error"]) == (2, True)


def test_a_gate_of_a_suite_and_a_program_times_each_its_own_way(harness, project: Path):
    more = '[tasks.t]\n[targets.t]\ntask = "t"\nadapter = "command"\nargs = ["sh", "t.sh"]\n'
    (project / "t.sh").write_text("echo 1\n")
    (project / "harness.toml").write_text(CONFIG + more + 'inputs = ["t.sh"]\n')
    subprocess.run(["git", "add", "-A"], cwd=project, check=True)
    subprocess.run(["git", "commit", "-qm", "two"], cwd=project, env=GIT, check=True)
    (project / "t.sh").write_text("echo 1 # one\n")
    times = "BM_sort/8 10000\nBM_sum 5000\nBM_old 3000\n"
    said = ci(harness, project, times, "--threshold", "0.9", "--trials", "4")
    modes = {(row["target"], row["case"]): row["head"]["mode"] for row in said.result["rows"]}
    assert modes[("t", "default")] == "cold"
    assert modes[("suite", "BM_sum")] == "steady"
    confidences = [row["comparison"]["ratio"]["confidence"] for row in said.result["rows"]]
    assert confidences == [pytest.approx(1 - 0.05 / 4)] * 4, "of four comparisons in all"


def test_a_search_goes_by_the_times_of_the_suite_too(harness, project: Path):
    declared = '[tasks.sorting.cases.sum]\nparams = { benchmark = "BM_sum" }\n'
    (project / "harness.toml").write_text(CONFIG.replace("[tasks.sorting]\n", declared))
    subprocess.run(["git", "commit", "-qam", "declared"], cwd=project, env=GIT, check=True)
    (project / "bench").write_text(BENCH + "# another program\n")
    (project / "times.txt").write_text("BM_sum 9000\n")
    subprocess.run(["git", "commit", "-qam", "slower"], cwd=project, env=GIT, check=True)
    said = harness("bisect", "suite", "HEAD~1", "HEAD", "--budget", "60s", "--json")
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=project, capture_output=True, text=True)
    assert (said.code, said.result["found"]) == (0, head.stdout.strip())
