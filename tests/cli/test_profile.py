"""`harness profile`: tables, JSON, comparison and refusals, on real programs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

CONFIG = """\
[tasks.sum.cases.fast]
params = { n = 2000 }
[tasks.sum.cases.full]
params = { n = 20000 }

[targets.sum-python]
task = "sum"
adapter = "python"
sources = ["sum.py"]
args = ["{n}"]

[targets.sum-c]
task = "sum"
adapter = "c"
sources = ["sum.c"]
args = ["{n}"]

[targets.sum-sh]
task = "sum"
adapter = "command"
program = "echo"
args = ["{n}"]
"""

PYTHON = """\
import sys
from harness_phases import phase


def hot(n):
    return sum(i * i for i in range(n))


def setup():
    return 1


with phase("setup"):
    setup()
with phase("hot"):
    print(hot(int(sys.argv[1]) * 10))
"""

C = """\
#include <stdio.h>
#include <stdlib.h>
#include "harness_phases.h"
static inline double square(double x) { return x * x; }
int main(int argc, char **argv) {
    double sum = 0;
    harness_phase_begin("hot");
    for (long i = 0; i < 1000L * atol(argv[1]); i++)
        sum += square(i);
    harness_phase_end("hot");
    printf("%g\\n", sum);
    return argc < 2;
}
"""


@pytest.fixture
def project_here(folder: Path) -> Path:
    (folder / "harness.toml").write_text(CONFIG)
    (folder / "sum.py").write_text(PYTHON)
    (folder / "sum.c").write_text(C)
    return folder


QUICK = ("--trials", "2", "--with", "cProfile")


def test_the_table_has_phases_first_then_functions(harness: Any, project_here: Path) -> None:
    said = harness("profile", "sum-python", *QUICK)
    assert said.code == 0
    header = next(line for line in said.out.splitlines() if line.startswith("phase"))
    assert header.split() == [
        *("phase", "function", "file:line", "self", "total", "amount", "calls", "if", "gone")
    ]
    lines = said.out.splitlines()
    places = [
        next(n for n, line in enumerate(lines) if text in line) for text in ("hot ", "<genexpr>")
    ]
    assert places == sorted(places)
    assert "sum.py:6" in said.out
    assert "Functions: by cProfile" in said.out
    assert "Shares: self is a row's own, total that with all that it calls" in said.out
    assert "under it the program took" in said.out


def test_the_json_has_every_column_and_amdahl_s_bound(harness: Any, project_here: Path) -> None:
    (shown,) = harness("profile", "sum-python", *QUICK, "--json").result["profiles"]
    row = next(s for s in shown["spots"]["spots"] if s["function"] == "hot")
    assert row["calls"] == 1
    assert row["file"].endswith("sum.py")
    # On a busy machine the empty program may be no faster than this one: no bound is claimed.
    left = shown["floor"]["bound"] or math.inf
    assert row["bound"] == pytest.approx(min(left, 1 / (1 - row["total_share"])))
    assert shown["floor"]["parts"][0]["name"] == "start-up"
    phases = {s["phase"]: s for s in shown["phases"]["spots"]}
    assert set(phases) == {"setup", "hot", "(outside phases)"}
    assert phases["hot"]["low"] <= phases["hot"]["total_share"] <= phases["hot"]["high"]
    assert shown["slowdown"] > 0


def test_the_exported_files_are_there(harness: Any, project_here: Path) -> None:
    (shown,) = harness("profile", "sum-c", "--trials", "2", "--json").result["profiles"]
    assert shown["spots"]["tool"] in ("perf", "callgrind")
    assert {"flame graph", "speedscope", "collapsed stacks", "report"} <= set(shown["exports"])
    assert all(Path(path).is_file() for path in shown["exports"].values())
    functions = {s["function"]: s for s in shown["spots"]["spots"]}
    assert functions["main"]["total_share"] > 0.5


def test_a_profile_is_no_run(harness: Any, project_here: Path) -> None:
    harness("profile", "sum-python", *QUICK)
    assert harness("history", "--json").result["runs"] == []


def test_against_the_last_profile_says_what_moved(harness: Any, project_here: Path) -> None:
    harness("profile", "sum-python", *QUICK)
    source = (project_here / "sum.py").read_text()
    (project_here / "sum.py").write_text(source.replace("sum(i * i for i in range(n))", "n"))
    said = harness("profile", "sum-python", *QUICK, "--against", "last", "--json")
    (shown,) = said.result["profiles"]
    gone = next(move for move in shown["moves"] if move["name"] == "hot.<genexpr>")
    assert gone["after"] is None
    assert gone["change"] < 0
    text = harness("profile", "sum-python", *QUICK, "--against", shown["id"]).out
    assert f"Against profile {shown['id']}" in text


def test_two_cases_say_how_shares_change(harness: Any, project_here: Path) -> None:
    said = harness("profile", "sum-python", *QUICK, "--cases", "fast,full")
    assert "sum-python on fast" in said.out
    assert "sum-python on full" in said.out
    assert "How shares change with the case:" in said.out
    assert "alone; shares change with size" not in said.out


def test_a_case_that_is_named_twice_is_profiled_once(harness: Any, project_here: Path) -> None:
    said = harness("profile", "sum-c", "--by", "phase", "--trials", "2", "--cases", "fast,fast")
    assert said.out.count("sum-c on fast") == 1


def test_one_case_alone_is_pointed_out(harness: Any, project_here: Path) -> None:
    assert "--cases fast,full" in harness("profile", "sum-python", *QUICK).out


def test_by_phase_needs_no_profiler(harness: Any, project_here: Path) -> None:
    said = harness("profile", "sum-c", "--by", "phase", "--trials", "2", "--json")
    (shown,) = said.result["profiles"]
    assert shown["spots"] is None
    assert {s["phase"] for s in shown["phases"]["spots"]} == {"hot", "(outside phases)"}


def test_a_function_s_lines_are_shown(harness: Any, project_here: Path) -> None:
    said = harness("profile", "sum-python", "--trials", "2", "--function", "hot", "--json")
    (shown,) = said.result["profiles"]
    (line,) = shown["spots"]["spots"]
    assert (line["function"], line["line"]) == ("hot", 6)
    assert line["source"] == "return sum(i * i for i in range(n))"


def test_lines_are_shown_with_their_source(harness: Any, project_here: Path) -> None:
    said = harness("profile", "sum-c", "--trials", "2", "--by", "line")
    header = next(line for line in said.out.splitlines() if line.startswith("phase"))
    assert header.split()[-1] == "source"
    assert "sum += square(i);" in said.out


def test_a_single_file_needs_no_configuration(harness: Any, project_here: Path) -> None:
    (project_here / "harness.toml").unlink()
    said = harness("profile", "--adapter", "python", "sum.py", *QUICK, "--json", "--", "500")
    assert said.code == 0
    assert said.result["profiles"][0]["target"] == "sum.py"


def test_without_a_profiler_phases_come_and_the_exit_code_says_why(
    harness: Any, project_here: Path
) -> None:
    said = harness("profile", "sum-sh", "--trials", "2")
    assert said.code == 3
    assert "wall without a profiler" in said.out
    assert "has no profiler" in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no-such-target",), "no target named 'no-such-target'"),
        (("sum-python", "--case", "huge"), "no case of task sum named 'huge'"),
        (("sum-python", "--with", "gprof"), "profiles with cProfile"),
        (("sum-python", "--case", "fast", "--cases", "full"), "not both"),
        (("sum-python", "--memory", "--function", "hot"), "does not go with it"),
        (("sum-python", "--against", "last"), "no earlier profile"),
        (("sum-python", "--cases", ","), "--cases: want names"),
        (("sum-python", "--by", "phase", "--with", "cProfile"), "--with is for functions"),
        (("sum-python", "--by", "phase", "--memory"), "--memory is for functions"),
        (("sum.py", "--adapter", "python", "--case", "fast"), "--case is said of a target"),
        (("sum-python", "--", "500"), "takes its arguments from its case"),
        (("sum-python", "--campaign", "sum"), "--against baseline"),
        (("--by", "line"), "--by says how a target is profiled"),
        (("--with", "perf"), "--with says how a target is profiled"),
    ],
)
def test_what_does_not_fit_is_refused(
    harness: Any, project_here: Path, arguments: tuple[str, ...], words: str
) -> None:
    said = harness("profile", *arguments)
    assert said.code == 2
    assert words in said.err


def test_a_broken_source_is_a_failed_build(harness: Any, project_here: Path) -> None:
    (project_here / "sum.c").write_text("int main( {")
    assert harness("profile", "sum-c").code == 4


CAMPAIGN = """
[campaigns.sum]
target = "sum-python"
case = "fast"
"""


def test_against_the_baseline_profiles_its_commit(
    harness: Any, project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("harness.toml", CONFIG + CAMPAIGN)
    project.write("sum.py", PYTHON)
    project.write("sum.c", C)
    commit = project.commit()
    project.make()
    project.write("sum.py", PYTHON.replace("sum(i * i for i in range(n))", "n * (n - 1)"))
    monkeypatch.chdir(project.path)
    said = harness("profile", "sum-python", *QUICK, "--against", "baseline")
    assert said.code == 0
    assert f"Against {commit[:12]}" in said.out
    assert "Shares only: a profile is no timing." in said.out
    move = next(line for line in said.out.splitlines() if line.startswith("hot.<genexpr>"))
    assert move.split()[-2].startswith("-")
    assert move.split()[-1] == "points"
