"""Profilers run their program in the jail of trials, and write nowhere but to the profile."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.model import Jail, ProfileBy
from harness.profiling.making import profile_cell
from harness.profiling.turns import ProfileRequest
from harness.project.config import load_config
from harness.running import Cell
from harness.running.session import open_session
from harness.system.jail.means import Means

SUM_C = """
#include <stdio.h>
int main(void) {
  double sum = 0;
  FILE *left = fopen("%s", "w"), *kept = fopen("%s", "r");
  if (kept) return 3;
  if (left) fputs("left", left); /* some of its folders are there, in memory */
  for (int i = 1; i < 30000000; i++) sum += 1.0 / i;
  return !printf("%%f\\n", sum);
}
"""
SUM_PY = """
def refused(name, mode):
    try:
        open(name, mode)
    except OSError:
        return True

def total(n):
    return sum(1.0 / i for i in range(1, n))

refused(%r, "w")
assert refused(%r, "r")
print(total(200_000))
"""
SUM_JL = """
refused(name, mode) = try open(name, mode); false catch; true end
total(n) = sum(1.0 / i for i in 1:n)
refused("%s", "w")
@assert refused("%s", "r")
println(total(30_000_000))
"""
CONFIG = """
[tasks.sum]
[targets.c]
task = "sum"
adapter = "c"
sources = ["sum.c"]
[targets.python]
task = "sum"
adapter = "python"
sources = ["sum.py"]
[targets.julia]
task = "sum"
adapter = "julia"
sources = ["sum.jl"]
"""

UNUSUAL = "a;b, c=d %p"
"""A folder whose name holds what stands between paths, and what valgrind fills in."""


@pytest.mark.parametrize(
    ("target", "tool", "program"),
    [
        ("c", "perf", "perf"),
        ("c", "callgrind", "valgrind"),
        ("python", "cProfile", "python3"),
        ("python", "line_profiler", "python3"),
        ("julia", None, "julia"),
    ],
)
def test_a_profiled_program_is_in_the_jail(
    project, target: str, tool: str | None, program: str
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} here")
    here = project.path / UNUSUAL
    left, kept = here / "left", here / "optim" / "secret"
    project.write(f"{UNUSUAL}/optim/secret", "the answer")
    project.write(f"{UNUSUAL}/harness.toml", CONFIG)
    for name, text in {"sum.c": SUM_C, "sum.py": SUM_PY, "sum.jl": SUM_JL}.items():
        project.write(f"{UNUSUAL}/{name}", text % (str(left), str(kept)))
    config = load_config(here / "harness.toml")
    task = config.task("sum")
    cell = Cell(task, task.case(), config.target(target))
    with open_session(config, apart=True) as session:
        session.runner.jail = Jail.STRICT
        if session.runner.confining.found.best is not Means.NAMESPACES:
            pytest.skip("no jail of namespaces can be made here")
        by = ProfileBy.LINE if tool == "line_profiler" else ProfileBy.FUNCTION
        request = ProfileRequest(cell, by=by, tool=tool)
        report = profile_cell(session.orchestrator, session.state / "profiles", request)
    if tool == "perf" and report.failure is not None and "perf_event_paranoid" in str(report):
        pytest.skip("the kernel refuses perf to this user")
    assert report.failure is None
    assert report.spots is not None
    assert report.spots.spots
    assert not left.exists()
    assert Path(report.exports["report"]).is_file()
