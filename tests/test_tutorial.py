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


def test_every_command_of_the_tutorial_does_what_the_page_shows(tutorial, tmp_path):
    page = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    # The page's gains are seen within half of its budget; what the budget is shows in no line.
    assert page.count('bench_budget = "10s"') == 1
    for step in tutorial.steps(page.replace('bench_budget = "10s"', 'bench_budget = "5s"')):
        printed = tutorial.perform(step, tmp_path)
        if isinstance(step, tutorial.Command):
            assert certain(printed) == certain(step.shown), step.text


def test_continued_lines_belong_to_their_command(tutorial):
    [one, other] = tutorial.commands("$ cat <<END\n> text\n> END\ntext\n$ true\n")
    assert one == tutorial.Command("cat <<END\ntext\nEND", "text\n")
    assert other == tutorial.Command("true", "")


def test_a_rendered_page_keeps_its_commands_and_replaces_their_output(tutorial, tmp_path):
    page = "Say:\n\n```console\n$ echo a &&\n> echo b\nold\n```\n\n```c file=x.c\nint x;\n```\n"
    assert tutorial.rendered(page, tmp_path) == page.replace("old\n", "a\nb\n")
    assert (tmp_path / "x.c").read_text() == "int x;\n"


def test_a_command_that_fails_ends_the_rendering(tutorial, tmp_path):
    with pytest.raises(RuntimeError, match="ended with 3"):
        tutorial.rendered("```console\n$ exit 3\n```\n", tmp_path)
