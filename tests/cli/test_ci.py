"""`harness ci`: what a gate for pull requests says of each kind of change, and its exit codes."""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

import harness as api
from harness.errors import ToolchainMissing, UsageError
from harness.model import Comparison, Estimate, Frame, Profile, ProfileBy
from harness.profiles import count_spots
from harness.running.gate_base import TARGET_BRANCHES, Base
from harness.running.gate_changes import is_document
from harness.running.gate_results import CiResult, GateRow, GateStatus

CONFIG = """
[tasks.count.cases.fast]
[targets.count]
task = "count"
adapter = "command"
args = ["sh", "run.sh"]
inputs = ["run.sh"]
"""

OTHER = """
[targets.other]
task = "count"
adapter = "command"
args = ["sh", "other.sh"]
inputs = ["other.sh"]
"""

LOOP = "i=0; while [ $i -lt {} ]; do i=$((i+1)); done; echo {}\n"


def rounds_in(words: str) -> float:
    """A thousand rounds of the loop are a millisecond, or one of the page; there is another."""
    steps = re.findall(r"(\d+) \* (?:atol|int)\(", words)
    return 1 + sum(int(n) / 1000 for n in re.findall(r"-lt (\d+)", words)) + sum(map(int, steps))


WIDE = ("--threshold", "0.5", "--budget", "20s")


@pytest.fixture
def project(repository, monkeypatch, times):
    """A target and a page on `main`, and a branch for the change."""
    for variable in (*TARGET_BRANCHES, "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(repository.path)
    times.cpu_ms = rounds_in
    repository.write("harness.toml", CONFIG)
    repository.write("run.sh", LOOP.format(6000, "ok"))
    repository.write("docs/page.md", "one\n")
    repository.commit("the project")
    repository.sh("git checkout -q -b change")
    return repository


def only(said) -> dict:
    (row,) = said.result["rows"]
    return row


def test_a_slower_target_is_refused(harness, project):
    project.write("run.sh", LOOP.format(60000, "ok"))
    project.commit("slower")
    said = harness("ci", *WIDE, "--json")
    assert said.code == 1
    row = only(said)
    assert row["status"] == "slower"
    assert row["comparison"]["ratio"]["high"] < 1 / 1.5
    assert row["comparison"]["reference"].startswith("count@")
    assert said.result["base"]["commit"] == project.sh("git rev-parse main")
    assert said.envelope["hint"].startswith("harness bisect count ")
    assert project.sh("git worktree list").count("\n") == 0


def test_a_faster_one_passes(harness, project):
    project.write("run.sh", LOOP.format(300, "ok"))
    project.commit("faster")
    said = harness("ci", *WIDE)
    assert said.code == 0
    assert "no target is slower by more than 50 %" in said.out
    assert "all verdicts together hold at 95 %" in said.out


def test_the_level_of_a_gate_is_that_of_all_its_verdicts_unless_it_is_said(harness, project):
    for name in ("run.sh", "other.sh"):
        project.write(name, LOOP.format(6000, "ok"))
    project.write("harness.toml", CONFIG + OTHER)
    project.commit("two")
    project.sh("git branch -f main")
    for name in ("run.sh", "other.sh"):
        project.write(name, LOOP.format(60000, "ok"))
    project.commit("slower")
    for alone, level, words in (
        (False, 1 - 0.05 / 2, "all verdicts together hold at 95 %"),
        (True, 0.95, "each verdict holds by itself at 95 %"),
    ):
        found = api.ci(trials=2, per_comparison=alone)
        assert {row.comparison.ratio.confidence for row in found.rows} == {level}
        assert words in str(found)


DRAWN = CONFIG.replace("fast]", "fast]\nparams = { n = { from = 1, to = 100000 } }").replace(
    '"run.sh"]\ninputs', '"run.sh", "{n}"]\ninputs'
)
"""Blocks hardly draw the largest number that may be drawn."""


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [("", 0, "faster"), ('if [ "$1" = 100000 ]; then echo more; fi\n', 1, "output differs")],
)
def test_what_passed_its_blocks_is_held_to_base_on_further_draws(
    harness, project, change, code, status
):
    project.write("harness.toml", DRAWN)
    project.write("run.sh", LOOP.format(6000, "$1"))
    project.commit("draws")
    project.sh("git branch -f main")
    project.write("run.sh", LOOP.format(300, "$1") + change)
    project.commit("faster")
    said = harness("ci", "--threshold", "0.5", "--budget", "2s", "--json")
    row = only(said)
    assert (said.code, row["status"]) == (code, status)
    assert ("on a further draw: given" in row["why"]) == bool(code)
    assert ("--given '{\"n\": 100000}' shows it again." in str(said.envelope["hint"])) == bool(code)


def test_one_as_fast_passes_and_is_decided(harness, project):
    project.write("run.sh", "# a comment\n" + LOOP.format(6000, "ok"))
    project.commit("a comment")
    said = harness("ci", *WIDE, "--require-decision", "--json")
    assert (said.code, only(said)["status"] in ("not slower", "equivalent")) == (0, True)


def test_an_open_question_fails_only_where_a_decision_is_required(harness, project):
    project.write("run.sh", "# a comment\n" + LOOP.format(6000, "ok"))
    project.commit("a comment")
    few = ("--trials", "2")
    said = harness("ci", *few)
    assert said.code == 0
    assert said.out.startswith("undecided: count may be slower by more than 1 %\n")
    assert harness("ci", *few, "--format", "gitlab").out.startswith("### ⚠️ harness ci: undecided")
    said = harness("ci", *few, "--require-decision")
    assert said.code == 8
    assert "A larger --budget" in said.err


def test_an_open_question_is_told_with_the_budget_that_would_decide_it(harness, project):
    project.write("run.sh", "# a comment\n" + LOOP.format(6000, "ok"))
    project.commit("a comment")
    said = harness("ci", "--max-trials", "2", "--require-decision", "--json")
    row = only(said)
    assert (said.code, row["status"], row["needed_ns"] > 0) == (8, "undecided", True)
    assert "of its own blocks would decide it" in row["sentence"]
    budget = re.search(r"^--budget (\d+s) would do", said.envelope["hint"])
    assert budget is not None
    assert f"a budget of {budget[1]} would decide all" in harness("ci", "--max-trials", "2").out


def test_documents_alone_are_skipped_and_nothing_is_built(harness, project, monkeypatch):
    project.write("docs/page.md", "two\n")
    project.write("CHANGELOG", "two\n")
    project.commit("words")
    monkeypatch.setattr("harness.api.gating.measuring", None)  # no session is opened
    said = harness("ci", "--json")
    assert said.code == 0
    assert only(said)["status"] == "untouched"
    assert said.result["headline"] == "nothing that a target depends on has changed"


def test_a_document_that_a_target_reads_is_no_document(harness, project):
    project.write("harness.toml", CONFIG.replace('["run.sh"]', '["run.sh", "docs"]'))
    project.commit("reads the page")
    project.sh("git branch -f main")
    project.write("docs/page.md", "two\n")
    assert only(harness("ci", *WIDE, "--json"))["status"] != "untouched"


def test_one_program_on_both_sides_is_not_measured(harness, project):
    project.write("unrelated.c", "int x;\n")
    project.commit("another file")
    said = harness("ci", "--json")
    assert (said.code, only(said)["status"]) == (0, "same program")
    assert said.result["run_id"] is None
    assert "every target is the same program" in said.result["headline"]


@pytest.mark.parametrize("reads", ["", 'working_folder = "root"\n'])
def test_what_may_read_files_that_nobody_declared_is_measured(harness, project, reads):
    program = 'args = ["sh", "run.sh"]' if reads else 'program = "./run.sh"'
    config = CONFIG.replace('args = ["sh", "run.sh"]', reads + program)
    project.write("harness.toml", config)
    project.write("run.sh", "#!/bin/sh\n. ./lib.sh\n")
    (project.path / "run.sh").chmod(0o755)
    project.write("lib.sh", "echo ok\n")
    project.commit("a script of two files")
    project.sh("git branch -f main")
    project.write("lib.sh", "true; echo ok\n")
    project.commit("the other file")
    assert only(harness("ci", *WIDE, "--json"))["status"] != "same program"


def test_the_first_target_ever_is_shown_alone(harness, repository, monkeypatch):
    monkeypatch.chdir(repository.path)
    repository.sh("git checkout -q -b change")
    repository.write("harness.toml", CONFIG)
    repository.write("run.sh", LOOP.format(300, "ok"))
    repository.commit("a target")
    said = harness("ci", "--base", "main", "--json")
    row = only(said)
    assert (said.code, row["status"]) == (0, "new")
    assert row["head"]["wall_ns"]["point"] > 0
    assert row["base"] is None


def test_a_new_one_is_held_to_what_the_others_compute(harness, project):
    project.write("harness.toml", CONFIG + OTHER)
    project.write("other.sh", LOOP.format(300, "no"))
    project.write("run.sh", "#\n" + LOOP.format(6000, "ok"))
    project.commit("another")
    said = harness("ci", *WIDE, "--json")
    found = {row["target"]: row["status"] for row in said.result["rows"]}
    assert found["other"] == "output differs"
    assert said.code == 1


def test_where_base_does_not_run_head_is_shown_alone(harness, project):
    project.write("run.sh", "exit 3\n")
    project.commit("broken")
    project.sh("git branch -f main")
    project.write("run.sh", LOOP.format(300, "ok"))
    project.commit("mended")
    said = harness("ci", "--json")
    row = only(said)
    assert (said.code, row["status"]) == (0, "base does not run")
    assert row["head"]["wall_ns"]["point"] > 0


def test_where_base_does_not_build_its_words_are_told(harness, project):
    project.write("harness.toml", CONFIG + 'setup = [["sh", "make.sh"]]\n')
    project.write("make.sh", "echo 'no rule' >&2; exit 2\n")
    project.commit("broken")
    project.sh("git branch -f main")
    project.write("make.sh", "exit 0\n")
    said = harness("ci", "--json")
    assert (said.code, only(said)["status"]) == (0, "base does not build")
    assert "no rule" in only(said)["why"]
    assert said.result["headline"] == "nothing was compared; count: base does not build"
    assert harness("ci", "--format", "gitlab").out.startswith("### ⚠️ harness ci: nothing was")


def test_where_head_does_not_build_the_code_says_so(harness, project):
    project.write("harness.toml", CONFIG + 'setup = [["sh", "make.sh"]]\n')
    project.write("make.sh", "exit 2\n")
    said = harness("ci", "--json")
    assert (said.code, only(said)["status"]) == (4, "failed")


def test_another_output_is_refused_and_not_timed(harness, project):
    project.write("run.sh", LOOP.format(300, "wrong"))
    said = harness("ci", "--json")
    row = only(said)
    assert (said.code, row["status"]) == (1, "output differs")
    assert "expected ok, got wrong" in row["why"]
    assert row["comparison"] is None


def test_a_dirty_tree_and_a_detached_head_are_measured_as_they_are(harness, project):
    project.sh("git checkout -q --detach")
    project.write("run.sh", LOOP.format(60000, "ok"))
    said = harness("ci", *WIDE)
    assert said.code == 1
    assert "The working tree against HEAD" in said.out
    assert "not clean, and was measured as it is: run.sh" in said.out


def test_on_the_default_branch_the_commit_before_is_the_base(harness, project):
    project.sh("git checkout -q main")
    project.write("docs/page.md", "two\n")
    project.commit("words")
    said = harness("ci", "--json")
    assert said.result["base"]["name"] == "HEAD^"
    assert "the commit before it" in said.result["base"]["because"]
    same = harness("ci", "--base", "main")
    assert same.code == 2
    assert "nothing is left to compare" in same.err


def test_what_ci_names_is_the_base(harness, project, monkeypatch):
    project.sh("git branch release HEAD^ && git commit -q --allow-empty -m more")
    monkeypatch.setenv("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "release")
    assert harness("ci", "--json").result["base"]["name"] == "release"
    monkeypatch.setenv("GITHUB_BASE_REF", "nowhere")
    said = harness("ci")
    assert said.code == 2
    assert "as GitHub says (GITHUB_BASE_REF)" in said.err


def test_a_shallow_clone_is_told_the_one_command(harness, project, tmp_path, monkeypatch):
    project.sh("git commit -q --allow-empty -m one && git commit -q --allow-empty -m two")
    clone = tmp_path / "clone"
    project.sh(f"git clone -q --depth 1 --branch change 'file://{project.path}' '{clone}'")
    monkeypatch.chdir(clone)
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    said = harness("ci")
    assert said.code == 2
    assert "the clone is shallow" in said.err
    command = said.err.strip().splitlines()[-1].strip()
    assert command == "git fetch --unshallow origin +refs/heads/main:refs/remotes/origin/main"
    project.sh(f"cd '{clone}' && {command}")
    assert harness("ci").code == 0


def test_no_merge_base_is_an_error_with_a_way_out(harness, project):
    project.sh("git checkout -q --orphan alone && git commit -q -m alone")
    said = harness("ci")
    assert said.code == 2
    assert "no commit in common" in said.err
    assert "--base 'HEAD^'" in said.err


def test_an_interrupted_gate_says_so_and_writes_no_page(harness, project, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.running.orchestrator.Orchestrator.measure", interrupted)
    project.write("run.sh", LOOP.format(60000, "ok"))
    said = harness("ci", "--report", "page.md")
    assert said.code == 130
    assert "interrupted; what was measured is kept" in said.out
    assert not (project.path / "page.md").exists()
    with pytest.raises(api.Interrupted) as stop:
        api.ci()
    assert isinstance(stop.value.result, api.CiResult)
    assert project.sh("git worktree list").count("\n") == 0


def test_times_are_shown_by_what_decided(harness, project):
    project.write("run.sh", LOOP.format(60000, "ok"))
    said = harness("ci", *WIDE, "--metric", "cpu")
    assert said.out.count("ms CPU") == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nope",), "nope"),
        (("count@main",), "merge base"),
        (("--tag", "nope"), "no target has the tag"),
        (("--base", "nope"), "there is no 'nope' here"),
        (("--report", "page.pdf"), "HTML or Markdown"),
        (("--budget", "soon"), "soon"),
        (("--threshold", "200%"), "a share above 0 and below 1, got '200%'"),
        (("--threshold", "two"), "got 'two'"),
    ],
)
def test_what_makes_no_sense_is_refused(harness, project, arguments, words):
    said = harness("ci", *arguments)
    assert said.code == 2
    assert words in said.err


def many(project, count: int) -> None:
    """As many targets, all of them new."""
    tables = [OTHER.replace("targets.other", f"targets.t{n:02}") for n in range(count)]
    project.write("harness.toml", CONFIG + "".join(tables))
    project.write("other.sh", "echo ok\n")


def test_a_summary_has_at_most_forty_lines_and_folds(harness, project, monkeypatch, tmp_path):
    many(project, 60)
    page = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    asked = ("--trials", "2", "--warmup", "0", "--report", tmp_path / "page.md")
    said = harness("ci", *asked, "--format", "github")
    assert said.code == 0
    text = page.read_text()
    assert len(text.splitlines()) <= 40
    assert "<details>" in text
    assert "more |" in text
    assert "::" not in said.out
    assert "t59" in (tmp_path / "page.md").read_text()


def test_github_annotates_what_fails(harness, project, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    project.write("run.sh", LOOP.format(300, "wrong"))
    said = harness("ci", "--format", "github")
    assert "::error title=harness ci::count: output differs" in said.out


def test_a_slower_target_is_annotated_where_profiles_of_both_sides_show_it(
    harness, project, monkeypatch, tmp_path
):
    """The profiler is a fake: half of the time is in `step`, and at head two thirds."""
    asked = []

    def profiled(orchestrator, folder, request):
        share = 0.5 if request.revision else 0.75
        asked.append(request.cell.target.sources or request.cell.target.root)
        frames = Frame("main", "run.sh", 1), Frame("step", str(project.path / "run.sh"), 3)
        stacks = {frames[:1]: 1 - share, frames: share}
        made = Profile("perf", ProfileBy.FUNCTION, "samples", 1.0, stacks=stacks)
        return SimpleNamespace(spots=count_spots(made))

    monkeypatch.setattr("harness.profiling.locating.profile_cell", profiled)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    project.write("run.sh", LOOP.format(12000, "ok"))
    project.commit("slower")
    said = harness("ci", *WIDE, "--format", "github")
    assert said.code == 1
    assert "::error file=run.sh,line=3,title=harness ci::count: slower" in said.out
    assert said.out.count("most of it in step (run.sh:3)") == 2
    assert "most of it in step" in (tmp_path / "summary.md").read_text()
    assert len(set(map(str, asked))) == 2  # both sides, each from its own files
    found = only(harness("ci", *WIDE, "--locate", "--json"))
    assert (found["slowed"]["function"], found["slowed"]["line"]) == ("step", 3)


def test_without_a_profiler_a_slower_target_is_annotated_by_its_name(
    harness, project, monkeypatch, tmp_path
):
    def missing(orchestrator, folder, request):
        raise ToolchainMissing("no perf")

    monkeypatch.setattr("harness.profiling.locating.profile_cell", missing)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    project.write("run.sh", LOOP.format(12000, "ok"))
    project.commit("slower")
    said = harness("ci", *WIDE, "--format", "github")
    assert said.code == 1
    assert "::error title=harness ci::count: slower" in said.out


def test_the_other_formats_are_what_they_are_called(harness, project):
    project.write("run.sh", LOOP.format(300, "wrong"))
    suite = ElementTree.fromstring(harness("ci", "--format", "junit").out)
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "1", "0")
    case = suite.find("testcase")
    assert case is not None
    assert "output differs" in str(case[0].get("message"))
    assert json.loads(harness("ci", "--format", "json").out)["rows"][0]["target"] == "count"
    for style in ("gitlab", "markdown"):
        assert harness("ci", "--format", style).out.startswith("### ❌ harness ci: count: output")


def test_what_a_program_says_of_its_failure_is_in_the_summary_and_on_standard_error(
    harness, project, tmp_path
):
    project.write("run.sh", "echo line one >&2\necho 'error: `no` disk' >&2\nexit 3\n")
    asked = ("ci", *WIDE, "--report", tmp_path / "page.md", "--format", "gitlab")
    said = harness(*asked)
    assert said.code == 5
    assert "  ```text\n" in said.out
    assert "  error: `no` disk\n" in said.out
    assert "error: `no` disk\n" in said.err
    assert "line one\nerror: `no` disk\n" in (tmp_path / "page.md").read_text()


def test_the_page_wants_no_pictures(harness, project, monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    project.write("run.sh", LOOP.format(300, "ok"))
    said = harness("ci", *WIDE, "--report", tmp_path / "page.html")
    assert said.code == 0
    assert "page.html has no pictures" in said.err
    assert "pip install matplotlib" in said.err
    page = (tmp_path / "page.html").read_text()
    assert ("<svg" in page, "faster" in page) == (False, True)


def test_one_that_is_slower_by_an_open_amount_is_said_to_be(project):
    ratio = Estimate("median", 0.983, 0.977, 0.993, 0.95)
    found = Comparison.__new__(Comparison)
    object.__setattr__(found, "ratio", ratio)
    row = GateRow("t", "c", "work", GateStatus.UNDECIDED, comparison=found)
    assert row.sentence() == "work: slower, undecided by how much (0.983x [0.977, 0.993])"
    known = replace(row, target="other", status=GateStatus.EQUIVALENT)
    base = Base("0" * 40, "main", "as was asked")
    both = CiResult(base, "1" * 40, (), (), (row, known), 0.01, 0.95)
    assert both.headline == ("undecided: work may be slower by more than 1 %; no other target is")
    assert both.mark == "⚠️"


def test_the_api_gives_the_same(project):
    project.write("docs/page.md", "two\n")
    found = api.ci()
    assert (found.ok, found.rows[0].status.value) == (True, "untouched")
    with pytest.raises(UsageError, match="there is no '0000000000'"):
        api.ci(base="0000000000")


PAGE = (Path(__file__).parents[2] / "docs" / "ci.md").read_text()

WORK_C = """#include <stdio.h>
#include <stdlib.h>
int main(int count, char **words) {
    volatile double sum = 0;
    for (long i = 0; i < STEPS * atol(words[1]); i++) sum += i;
    puts("done");
}
"""
WORK_PY = """import sys
for _ in range(STEPS * int(sys.argv[1])):
    pass
print("done")
"""


@pytest.mark.parametrize(
    ("number", "name", "source"), [(0, "work.c", WORK_C), (1, "work.py", WORK_PY)]
)
def test_the_projects_of_the_page_are_gated(harness, project, number, name, source):
    table = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)[number]
    # What is timed are words of the source: the programs need not take long themselves.
    project.write("harness.toml", re.sub(r"n = \d+", "n = 1000", textwrap.dedent(table)))
    project.write(name, source.replace("STEPS", "1"))
    project.commit("a gate")
    project.sh("git branch -f main")
    project.write(name, source.replace("STEPS", "100"))
    project.commit("slower")
    page = Path("speed.html")
    said = harness("ci", "--format", "github", "--budget", "30s", "--report", str(page))
    assert said.code == 1, said.err
    assert "slower" in said.out
    assert "Gate: work-" in page.read_text()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("README.md", True),
        ("docs/conf.py", True),
        (".github/workflows/ci.yml", True),
        ("LICENSE", True),
        ("src/docs/x.c", False),
        ("CMakeLists.txt", False),
        ("data.txt", False),
    ],
)
def test_documents_are_known_by_their_names(name: str, expected: bool):
    assert is_document(str(Path(name))) is expected
