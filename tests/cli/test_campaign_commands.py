"""The campaign as a user meets it: a whole one on a small C program, and each command's words."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

TOML = """
[tasks.sum]
[tasks.sum.cases.fast]
params = { n = 1500 }
[tasks.sum.cases.full]
params = { n = 3000 }
[tasks.sum.outputs.total]
pattern = "total: (\\\\S+)"
kind = "deterministic"
rtol = 1e-9

[targets.sum]
task = "sum"
adapter = "c"
sources = ["sum.c"]
flags = ["-O1"]
args = ["{n}"]

[campaigns.sum]
target = "sum"
case = "fast"
full_case = "full"
max_iterations = 4
bench_budget = "4s"
"""

SLOW = """\
#include <stdio.h>
#include <stdlib.h>
#include "harness_phases.h"
static double term(long i, long j) { return 1.0 / (double)(i + j + 1); }
int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 10;
    double total = 0;
    harness_phase_begin("sum");
    for (long i = 0; i < n; i++)
        for (long j = 0; j < n; j++) total += term(i, j);
    harness_phase_end("sum");
    printf("total: %.12g\\n", total);
    return 0;
}
"""
LOOPS = """\
    for (long i = 0; i < n; i++)
        for (long j = 0; j < n; j++) total += term(i, j);
"""
SYMMETRIC = """\
    for (long i = 0; i < n; i++) {
        for (long j = 0; j < i; j++) total += 2 * term(i, j);
        total += term(i, i);
    }
"""
FAST = SLOW.replace(LOOPS, SYMMETRIC)

THOUGHT = """
bottleneck = "sum"
hypothesis = "the matrix is symmetric, and both halves are summed"
chosen = "one half, doubled"
predicted_low = 1.5
predicted_high = 2.2
reasoning = "half of the divisions"
risk = "the order of the sum"
pattern = "8.3"
reason = "the program is short, its profile is mostly its start"
[[options]]
name = "one half"
pros = "simple"
cons = "only 2x"
[[options]]
name = "group by i + j"
pros = "linear"
cons = "less plain"
"""


def git(*argv: str) -> str:
    return subprocess.run(["git", *argv], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def project(folder, monkeypatch) -> Path:
    """A repository with the program, on main."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "test@example.org")
    (folder / "harness.toml").write_text(TOML)
    (folder / "sum.c").write_text(SLOW)
    (folder / "thought.toml").write_text(THOUGHT)
    (folder / ".gitignore").write_text(".harness/\n*.toml\n!harness.toml\n")
    git("init", "--quiet", "--initial-branch=main")
    git("add", "-A")
    git("commit", "--quiet", "-m", "Begin")
    return folder


class Agent:
    """Follows `harness next`, and writes what the iteration at hand is about."""

    def __init__(self, harness, folder: Path) -> None:
        self.harness = harness
        self.folder = folder
        self.actions: list[str] = []
        self.codes: dict[str, list[int]] = {}
        self.looks = 0

    def say(self, *arguments: str):
        said = self.harness(*arguments, "--json")
        self.codes.setdefault(arguments[0], []).append(said.code)
        return said

    def turn(self, title: str, code: str) -> None:
        """One iteration, from wherever the campaign is until its decision."""
        self.looks = 0
        for _ in range(20):
            advice = self.say("next").result
            self.actions.append(advice["action"])
            if self.act(advice, title, code):
                return
        raise AssertionError(f"no end: {self.actions}")

    def act(self, advice: dict, title: str, code: str) -> bool:
        action = advice["action"]
        if action == "PROFILE":
            assert self.say("profile").code == 0
        elif action == "THINK":
            assert self.say("think", "--file", "thought.toml").code == 0
        elif action == "PLAN":
            self.say("plan", "--title", title, "--optimization", "see the title")
        elif action == "IMPLEMENT":
            (self.folder / "sum.c").write_text(code)
        elif action == "TEST":
            self.say("test")
        elif action == "BENCHMARK" and self.looks < 2:
            self.looks += 1
            self.say(*advice["command"].split()[1:])
        elif action == "REPAIR":
            self.log("--abandon", "it cannot be built")
        elif action == "BENCHMARK":
            self.log("--abandon", "undecided")
        elif action == "LOG":
            self.log(*(["--abandon", "undecided"] if "--abandon" in advice["command"] else []))
        elif action in ("COMMIT", "REVERT"):
            assert self.say(action.lower()).code == 0
        else:
            assert action == "DECIDE", advice
            assert self.say("decide").code == 0
            return True
        return False

    def log(self, *more: str) -> None:
        note = (
            "--surprise",
            "the machine was louder than the change",
            "--why",
            "w",
            "--lesson",
            "l",
        )
        assert self.say("log", *note, *more).code == 0


def terms_in(words: str) -> float:
    """Of a million terms: twelve milliseconds; a program without any takes one."""
    called = re.match(r".* (\d+)\n", words)
    n = int(called[1]) / 1000 if called and "term(i, j)" in words else 0
    return 1 + 12 * n * n / (2 if SYMMETRIC in words else 1)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_a_whole_campaign_from_start_to_finish(harness, project, times):
    times.cpu_ms = terms_in
    assert harness("campaign", "start", "--json").code == 0
    tuned = harness("bench", "--trials", "3", "--json")
    assert (tuned.code, "--trials" in tuned.envelope["error"]) == (2, True)
    agent = Agent(harness, project)
    agent.turn("sum one half", FAST)
    agent.turn("sum nothing", FAST.replace("double total = 0", "double total = 1e-3"))
    agent.turn("sum with a typing error", FAST.replace("return 0;", "return 0"))
    agent.turn("say it again", FAST.replace("return 0;", "return 0; /* the same */"))

    status = harness("status", "--json").result
    outcomes = [i["outcome"] for i in status["iterations"]]
    assert outcomes[:3] == ["kept", "wrong output", "build failed"]
    assert outcomes[3] in ("no gain", "undecided", "slower")
    assert agent.codes["test"].count(1) == 1
    assert agent.codes["test"].count(4) == 1

    done = harness("campaign", "finish", "--json")
    assert done.code == 0, done.err
    assert git("branch", "--show-current").strip() == "main"
    assert git("log", "--format=%s", "--grep=optim iter").splitlines() == [
        "optim iter 1: sum one half"
    ]
    assert (project / "sum.c").read_text() == FAST
    log = (project / "optim" / "optimization_log.md").read_text()
    assert log.count("## Iteration") == 4
    assert "**Correctness:** FAIL (did not build, reverted)" in log
    summary = (project / "optim" / "summary.md").read_text()
    assert "## Stopped: iteration cap" in summary

    verified = harness("verify", "--json")
    assert verified.code == 0, verified.err
    assert verified.result["unchecked"] == []
    (said,) = verified.result["remarks"]  # a comment more changes no byte of the program
    assert said.endswith("kept and current ran the same program, byte for byte")
    assert harness("next", "--json").result["should_continue"] is False
    page = harness("report", "--format", "md")
    assert page.out.startswith("## Campaign sum\n")
    assert "of the campaign sum, which was at work last" in page.err

    run = next((project / "optim" / "runs").glob("bench-001-*.parquet"))
    run.write_bytes(run.read_bytes()[:-1] + b"x")
    damaged = harness("verify", "--json")
    assert damaged.code == 6
    assert run.name in damaged.envelope["error"]


def test_next_without_a_campaign_says_how_to_declare_one(harness, project):
    (project / "harness.toml").write_text(TOML.split("[campaigns")[0])
    said = harness("next", "--json")
    assert said.code == 2
    assert "[campaigns.NAME]" in said.envelope["hint"]


def test_next_before_the_start(harness, project):
    said = harness("next")
    assert said.code == 0
    assert "run: harness campaign start" in said.out
    assert "should_continue: true" in said.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--title", "a", "--optimization", "b"),
        ("log", "--surprise", "x"),
        ("commit",),
        ("revert",),
        ("decide",),
        ("skip", "sum", "--reason", "x"),
        ("campaign", "finish"),
    ],
)
def test_before_the_start_every_step_is_refused_with_the_way_in(harness, project, arguments):
    said = harness(*arguments, "--json")
    assert said.code == 7
    assert "harness campaign start" in said.envelope["hint"]


def test_a_think_without_input_shows_and_registers_nothing(harness, project):
    said = harness("think", "--json")
    assert said.code == 0
    assert not (project / "optim").exists()


def test_input_from_standard_input_is_read_as_from_a_file(harness, project, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("titel = 1"))
    said = harness("plan", "--file", "-", "--json")
    assert said.code == 2
    assert "standard input" in said.envelope["error"]


def test_flags_win_over_the_file(harness, project):
    (project / "plan.toml").write_text('title = "from the file"\noptimization = "x"\n')
    from harness.cli.campaign.common import read_input

    fields, _ = read_input("plan.toml", {"title": "from the flag", "optimization": None})
    assert fields == {"title": "from the flag", "optimization": "x"}


def test_an_option_that_is_no_triple_is_refused(harness, project):
    said = harness("think", "--option", "only a name", "--json")
    assert said.code == 2
    assert "name | pros | cons" in said.envelope["error"]


@pytest.mark.parametrize("arguments", [("decide", "--exhausted", " "), ("log", "--abandon", "")])
def test_a_reason_that_says_nothing_is_refused(harness, project, arguments):
    said = harness(*arguments)
    assert said.code == 2
    assert f"{arguments[1]} is empty" in said.err


def test_campaigns_are_listed_with_their_state(harness, project):
    said = harness("campaign", "list", "--json")
    assert said.code == 0
    (only,) = said.result["campaigns"]
    assert (only["campaign"], only["state"]) == ("sum", "START")


def test_verify_before_the_start_has_nothing_to_check(harness, project):
    said = harness("verify", "--json")
    assert said.code == 0
    assert said.result["unchecked"]


def test_surprises_of_nothing_are_none(harness, project):
    assert harness("surprises", "--json").result["findings"] == []
    assert harness("surprises", "--pattern", "9.9", "--json").code == 2


def test_a_dirty_tree_is_refused_before_anything_is_measured(harness, project):
    (project / "sum.c").write_text(FAST)
    said = harness("campaign", "start", "--json")
    assert said.code == 7
    assert "sum.c" in said.envelope["error"]
    assert not (project / "optim").exists()


@pytest.mark.parametrize("arguments", [(), ("--agent", "x", "--proposer", "flags")])
def test_a_loop_wants_one_proposer(harness, project, arguments):
    said = harness("loop", *arguments, "--json")
    assert said.code == 2
    assert "either --agent COMMAND or --proposer NAME" in said.envelope["error"]


def test_patches_are_not_for_an_agent(harness, project):
    said = harness("loop", "--agent", "x", "--from", "patches", "--json")
    assert said.code == 2
    assert "--proposer patches --from FOLDER" in said.envelope["hint"]


def test_a_loop_wants_a_started_campaign(harness, project):
    said = harness("loop", "--proposer", "flags", "--json")
    assert said.code == 7
    assert "campaign start" in said.envelope["hint"]


def test_agent_files_are_added_to_what_is_there_and_committed(harness, project):
    from harness.optimise import open_campaign
    from harness.optimise.agent_files import write_agent_files
    from harness.project.config import load_config

    (project / "AGENTS.md").write_text("# Ours\n")
    git("add", "AGENTS.md")
    git("commit", "--quiet", "-m", "Ours")
    campaign = open_campaign(load_config(project / "harness.toml"))
    written = write_agent_files(campaign)
    assert [path.name for path in written] == ["AGENTS.md", "SKILL.md", "SKILL.md"]
    text = (project / "AGENTS.md").read_text()
    assert text.startswith("# Ours\n")
    assert "harness next" in text
    assert git("status", "--porcelain") == ""
    assert write_agent_files(campaign) == []


@pytest.mark.parametrize(
    "name",
    [
        *("next", "status", "think", "plan", "log", "commit", "revert", "decide", "skip"),
        *("loop", "verify", "surprises"),
    ],
)
def test_every_command_has_help_with_an_example(harness, name):
    said = harness(name, "--help")
    assert said.code == 0
    assert f"Example: harness {name}" in said.out


@pytest.mark.parametrize("name", ["start", "status", "finish", "list"])
def test_every_campaign_command_has_help_with_an_example(harness, name):
    said = harness("campaign", name, "--help")
    assert said.code == 0
    assert f"Example: harness campaign {name}" in said.out


def test_the_answer_of_a_refusal_is_one_envelope(harness, project):
    said = harness("commit", "--json")
    envelope = json.loads(said.out)
    assert envelope["ok"] is False
    assert envelope["command"] == "commit"


def test_with_several_campaigns_the_start_carries_the_name(harness, project):
    more = '[campaigns.other]\ntarget = "sum"\ncase = "full"\n'
    (project / "harness.toml").write_text(TOML + more)
    git("commit", "--quiet", "--all", "--message", "Declare another campaign")
    assert harness("next", "--json").code == 2
    said = harness("next", "--campaign", "other", "--json")
    assert said.result["command"] == "harness campaign start --campaign other"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_variants_are_raced_as_an_iteration_and_the_best_one_is_measured(
    harness, project, tmp_path
):
    assert harness("campaign", "start").code == 0
    assert harness("profile").code == 0
    early = harness("try", "main")
    assert (early.code, "waits for THINK" in early.err) == (7, True)
    assert harness("think", "--file", "thought.toml").code == 0
    assert harness("plan", "--title", "halves", "--optimization", "one of two").code == 0
    (project / "sum.c").write_text(FAST)
    assert harness("try", "--save", "half").code == 0
    (project / "sum.c").write_text(SLOW.replace("total += term(i, j)", "total += term(i, i)"))
    assert harness("try", "--save", "wrong").code == 0
    assert (project / "sum.c").read_text() == SLOW
    protected = tmp_path / "protected"
    protected.mkdir()
    (protected / "harness.toml").write_text(TOML + "# another")
    said = harness("try", "half", "wrong", protected, "--budget", "20s", "--json")
    assert said.code == 0, said.err
    ranks = {v["name"]: v["rank"] for v in said.result["variants"]}
    assert ranks["wrong"] == "wrong"
    assert ranks["protected"] == "does not build"
    assert ranks["half"] in ("best", "not told apart")
    because = "wall time: the campaign's objective"
    assert (said.result["metric"], said.result["metric_because"]) == ("wall", because)
    assert (project / "sum.c").read_text() == FAST
    kept = git("for-each-ref", "--format=%(refname)", "refs/harness/tried/sum").split()
    assert [name.rpartition("-")[2] for name in kept] == ["1", "2", "3", "taken"]
    agent = Agent(harness, project)
    agent.turn("halves", FAST)
    assert "**Variant:** half: " in (project / "optim/optimization_log.md").read_text()
    assert "taken as the candidate" in (project / "optim/optimization_log.md").read_text()
    verified = harness("verify")
    assert verified.code == 0, verified.err


@pytest.mark.parametrize("arguments", [("--then", "auto"), ("--surprise", "None")])
def test_an_entry_outside_of_an_iteration_is_refused(harness, project, arguments):
    said = harness("bench", *arguments)
    assert (said.code, "none is under way here" in said.err) == (2, True)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_the_rest_of_an_iteration_is_one_call(harness, project):
    assert harness("campaign", "start").code == 0
    assert harness("profile").code == 0
    planned = ("--title", "one half", "--optimization", "the matrix is symmetric")
    assert harness("think", "--file", "thought.toml", *planned).code == 0
    alone = harness("bench", "--surprise", "None")
    assert (alone.code, "a look alone does not write" in alone.err) == (2, True)
    (project / "sum.c").write_text(FAST.replace("return 0;", "return 0"))
    broken = harness("bench", "--then", "auto", "--surprise", "None", "--json")
    assert (broken.code, broken.envelope["state"]) == (4, "IMPLEMENT")
    (project / "sum.c").write_text(FAST.replace("double total = 0", "double total = 1e-3"))
    short = harness("bench", "--then", "auto", "--surprise", "None", "--json")
    assert (short.code, short.envelope["state"]) == (7, "LOG")
    note = ("--surprise", "it counts too much", "--why", "a typing error", "--lesson", "look twice")
    done = harness("bench", "--then", "auto", *note, "--json")
    assert (done.code, done.result["outcome"]) == (1, "wrong output")
    assert git("show", f"{done.result['commit']}:sum.c").count("1e-3") == 1
    assert (project / "sum.c").read_text() == SLOW
    assert done.envelope["next_actions"] == ["harness think --file -"]
