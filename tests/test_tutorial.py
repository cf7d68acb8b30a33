"""The tutorial is true: a reader who types its commands in order gets to its end."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CERTAIN = re.compile(r"(next|run:|why:|Correctness|iteration \d|exit code|everything fits|merged)")
"""How the lines begin that every run prints alike but for its numbers."""


@pytest.fixture(scope="module")
def tutorial():
    path = ROOT / "scripts/render_tutorial.py"
    spec = importlib.util.spec_from_file_location("render_tutorial", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def certain(printed: str) -> list[str]:
    """The certain lines of an output, without numbers and commit names."""
    lines = [line for line in printed.splitlines() if CERTAIN.match(line)]
    return [re.sub(r"\b[0-9a-f]*\d[0-9a-fx.,%]*", "N", line) for line in lines]


SCRIPTED = """\
#!{python}
import random, re
from dataclasses import replace
from harness.cli import main
from harness.model import Phase
from harness.system.process.opening import runners_from
from harness.system.process.runner import LocalRunner

RNG = random.Random(7)
START_MS, COUNT_MS = 0.7, 0.03

class Scripted(LocalRunner):
    def trial(self, command, plan):
        trial = super().trial(command, plan)
        target, called = command.target, command.argv[-1]
        words = target.sources[0].read_text() if target and target.sources else ""
        find_ms = 0.0
        if called.isdecimal() and "is_prime" in words:
            full = int(called) > 20000
            naive = "d < n; d++" in words
            find_ms = (246.0 if full else 31.0) if naive else (2.2 if full else 0.5)
        noise = 1 + RNG.uniform(-0.002, 0.002)
        wall_ns = round((START_MS + (COUNT_MS + find_ms) * (find_ms > 0)) * noise * 1e6)
        phases = {{"find": find_ms, "count": COUNT_MS}} if trial.phases else {{}}
        made = tuple(Phase(name, 1, round(ms * noise * 1e6)) for name, ms in phases.items())
        calm = {{"sys_ns": 0, "steal_ns": 0, "pressure_ns": 0, "threads": None}}
        calm |= {{"voluntary_switches": 3, "involuntary_switches": 0}}
        return replace(trial, wall_ns=wall_ns, user_ns=wall_ns, phases=made, **calm)

with runners_from(Scripted):
    main()
"""
"""The command, with times that are made of what the page's program does: a machine that is never
busy."""


def test_every_command_of_the_tutorial_does_what_the_page_shows(
    tutorial, tmp_path, tmp_path_factory, monkeypatch
):
    first = tmp_path_factory.mktemp("bin")
    (first / "harness").write_text(SCRIPTED.format(python=sys.executable))
    (first / "harness").chmod(0o755)
    plain = tutorial.environment()
    scripted = {**plain, "PATH": f"{first}:{plain['PATH']}"}
    monkeypatch.setattr(tutorial, "environment", lambda: scripted)
    page = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    for step in tutorial.steps(page):
        printed = tutorial.perform(step, tmp_path)
        if isinstance(step, tutorial.Command):
            assert certain(printed) == certain(step.shown), step.text


def test_continued_lines_belong_to_their_command(tutorial):
    [one, other] = tutorial.commands("$ cat <<END\n> text\n> END\ntext\n$ true\n")
    assert one == tutorial.Command("cat <<END\ntext\nEND", "text\n")
    assert other == tutorial.Command("true", "")


def test_a_rendered_page_keeps_its_commands_and_replaces_their_output(tutorial, tmp_path):
    page = 'Say:\n\n```console\n$ echo a &&\n> echo b\nold\n```\n\n```c title="x.c"\nint x;\n```\n'
    assert tutorial.rendered(page, tmp_path) == page.replace("old\n", "a\nb\n")
    assert (tmp_path / "x.c").read_text() == "int x;\n"


def test_a_command_that_fails_ends_the_rendering(tutorial, tmp_path):
    with pytest.raises(RuntimeError, match="ended with 3"):
        tutorial.rendered("```console\n$ exit 3\n```\n", tmp_path)
