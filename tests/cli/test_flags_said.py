"""What a user is shown of a change that does not look like ordinary work, by the commands."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

TOML = """
[tasks.w]
[tasks.w.cases.fast]
seed = 3
[tasks.w.outputs.total]
pattern = "total: (\\\\S+)"
kind = "deterministic"
rtol = 1e-3
[targets.w]
task = "w"
adapter = "c"
sources = ["w.c"]
args = ["{seed}"]
[campaigns.w]
target = "w"
case = "fast"
bench_budget = "30s"
"""

ROUNDS = """\
#include <stdio.h>
#include <stdlib.h>
#define ROUNDS 6000000L
int main(int argc, char **argv) {
    volatile double x = 0;
    for (long i = 0; i < ROUNDS; i++) x = (x + 1.0) / 2.0;
    printf("total: %.12g\\n", x * (argc > 1 ? atol(argv[1]) : 0));
    return 0;
}
"""
FEWER = ROUNDS.replace("6000000L", "2000000L")
WAITS = FEWER.replace("i < ROUNDS", "i < 60").replace(
    "    printf", "    usleep(45000);\n    printf"
)
ROUGH = WAITS.replace("x * (", "0.9996 * x * (")

THOUGHT = """
bottleneck = "BOTTLENECK"
hypothesis = "there are more rounds than it takes"
chosen = "fewer of them"
predicted_low = 1.1
predicted_high = 1.5
reasoning = "a guess"
risk = "the last digits"
pattern = "8.3"
reason = "the program is short"
title = "fewer rounds"
optimization = "fewer rounds"
options = [
    { name = "fewer", pros = "faster", cons = "less exact" },
    { name = "other", pros = "faster", cons = "less plain" },
]
"""
NOTE = ("--surprise", "it is far faster", "--why", "rounds were wasted", "--lesson", "count them")


def rounds_in(words: str) -> float:
    """Of a program by the constant in it, or what takes its place, in milliseconds."""
    rounds = re.findall(r"define ROUNDS (\d+)", words) if "i < ROUNDS" in words else ()
    return 2 + sum(int(n) / 1e5 for n in rounds)


@pytest.fixture
def started(harness, folder, monkeypatch, times) -> Path:
    """A campaign that waits for its first profile."""
    times.cpu_ms = rounds_in
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "test@example.org")
    (folder / "harness.toml").write_text(TOML)
    (folder / "w.c").write_text(ROUNDS)
    (folder / ".gitignore").write_text(".harness/\nthought.toml\n")
    for words in ("init -q -b main", "add -A", "commit -q -m Begin"):
        subprocess.run(["git", *words.split()], cwd=folder, check=True)
    assert harness("campaign", "start", "--json").code == 0
    return folder


def measured(harness, folder: Path, code: str):
    """Think, write the code, test it, and give the answer of the look at it."""
    rows = harness("profile", "--json").result["rows"]
    (folder / "thought.toml").write_text(THOUGHT.replace("BOTTLENECK", rows[0]["name"]))
    said = harness("think", "--file", "thought.toml", "--json")
    assert said.code == 0, said.err
    (folder / "w.c").write_text(code)
    assert harness("test", "--json").code == 0
    return harness("bench", "--strict", "--json")


@pytest.mark.parametrize("command", ["log", "verify"])
def test_strict_asks_a_campaign_and_says_so_where_there_is_none(harness, folder, command):
    (folder / "w.c").write_text(ROUNDS)
    (folder / "harness.toml").write_text(TOML.partition("[campaigns.w]")[0])
    said = harness(command, "--strict")
    assert said.code == 2
    assert "declares no campaign" in said.err


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_flags_are_said_by_every_command_and_stay_with_what_was_kept(harness, started):
    looked = measured(harness, started, FEWER)
    assert looked.code == 1
    assert looked.envelope["error"].startswith("FLAG constants-only: ")
    assert [flag["name"] for flag in looked.result["flagged"]["flags"]] == ["constants-only"]
    assert "FLAG constants-only: iteration 1 (open)" in harness("next").out
    logged = harness("log", *NOTE, "--then", "auto", "--strict", "--json")
    assert (logged.code, logged.result["outcome"]) == (1, "kept")
    assert "FLAG constants-only: iteration 1 (kept)" in harness("status").out

    looked = measured(harness, started, ROUGH)
    flags = {flag["name"] for flag in looked.result["flagged"]["flags"]}
    assert "precision" in flags
    assert harness("log", *NOTE, "--then", "auto", "--json").code == 0
    log = (started / "optim" / "optimization_log.md").read_text()
    assert "\nFLAG precision: on fast its output needs " in log

    assert harness("verify", "--json").code == 0
    strict = harness("verify", "--strict", "--json")
    assert strict.code == 1
    assert strict.envelope["error"].startswith("FLAG constants-only: iteration 1 (kept)")
