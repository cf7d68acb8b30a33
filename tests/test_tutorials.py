"""The short tutorials are true: each of their commands runs, and says what the page says of it."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SURE = re.compile(
    r"^(?:(?P<who>[\w@-]+ is (?:faster|slower) than [\w@-]+)|(?P<code>exit code \d+)"
    r"|(?P<gate>- [\w-]+: slower)|(?P<why>[\w-]+: (?:nothing that|both sides build).*)"
    r"|(?P<output>harness: [\w-]+: wrong output))",
    re.MULTILINE,
)
"""What is concluded, in the lines of an output."""

PAGES = {
    "tutorial-c.md": ["sums-c is faster than sums-c@HEAD", "harness: sums-c: wrong output"],
    "tutorial-languages.md": ["pi-python is slower than pi-c", "harness: pi-python: wrong output"],
    "tutorial-gate.md": ["words-c: nothing that", "words-c: both sides", "- words-c: slower"],
}
"""What each page is about: its outputs conclude all of this."""

SCRIPTED = """\
#!{python}
import random, re
from dataclasses import replace
from harness.cli import main
from harness.system.process.opening import runners_from
from harness.system.process.runner import LocalRunner

RNG = random.Random(7)
SLOW = (r"row < n; row[+][+][)] total", r"1 << 24", r"import sys")

class Scripted(LocalRunner):
    def trial(self, command, plan):
        trial = super().trial(command, plan)
        target = command.target
        words = target.sources[0].read_text() if target and target.sources else ""
        ms = 40 if any(re.search(slow, words) for slow in SLOW) else 5
        took = round(ms * (1 + RNG.uniform(-0.002, 0.002)) * 1e6) | 1
        calm = {{"sys_ns": 0, "steal_ns": 0, "pressure_ns": 0}}
        return replace(trial, wall_ns=took, user_ns=took, **calm)

with runners_from(Scripted):
    main()
"""
"""The command, with times by what the pages' programs do: a machine that is never busy."""


@pytest.fixture(scope="module")
def rendering():
    path = ROOT / "scripts/render_tutorial.py"
    spec = importlib.util.spec_from_file_location("render_short_tutorials", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def concluded(printed: str) -> list[str]:
    return [found[0] for found in SURE.finditer(printed)]


@pytest.mark.journey
@pytest.mark.parametrize("name", PAGES)
def test_every_command_does_what_the_page_shows(rendering, name, tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/harness").write_text(SCRIPTED.format(python=sys.executable))
    (tmp_path / "bin/harness").chmod(0o755)
    plain = {k: v for k, v in rendering.environment().items() if not k.startswith("GITHUB_")}
    scripted = {**plain, "PATH": f"{tmp_path / 'bin'}:{plain['PATH']}"}
    monkeypatch.setattr(rendering, "environment", lambda: scripted)
    (tmp_path / "project").mkdir()
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    said = []
    for step in rendering.steps(page):
        printed = rendering.perform(step, tmp_path / "project")
        if isinstance(step, rendering.Command):
            assert concluded(printed) == concluded(step.shown), step.text
            said += concluded(printed)
    for word in PAGES[name]:
        assert any(line.startswith(word) for line in said), word
