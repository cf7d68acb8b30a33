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
