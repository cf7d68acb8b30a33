"""A project with a campaign that waits for a change, put back as it was for every technique."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from harness.errors import HarnessError
from harness.frozen import dataclass
from harness.model.forms import read_fields
from harness.redteam.callers import Caller
from harness.redteam.techniques import Act
from harness.redteam.told import Said, TinyProject
from harness.redteam.workshop import Workshop

THOUGHT = {
    "hypothesis": "nearly all of the time goes there",
    "options": [
        {"name": "do less", "pros": "it is faster", "cons": "there is more to read"},
        {"name": "do it in parallel", "pros": "it is faster", "cons": "there is more to run"},
    ],
    "chosen": "do less: it is simple",
    "predicted_low": 1.05,
    "predicted_high": 1.5,
    "reasoning": "the figure is a guess",
    "risk": "the output",
    "pattern": "8.3",
    "reason": "the program is short",
    "title": "Do less work",
    "optimization": "the sum is found with less work",
}
"""What the agent says before it changes the code; the bottleneck is the profile's first one."""

STOCKS = "project/.harness/builds/*/stock"
"""The bytecode of the interpreter's own folders, in a project's folder."""

PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "JULIA_DEPOT_PATH", "USER", "LOGNAME", "TZ")
"""Variables of ours that the agent's commands are given; nothing else of the surroundings."""


@dataclass(slots=True)
class Ground:
    """One project in a folder of its own."""

    project: TinyProject
    folder: Path
    caller: Caller
    token: str = field(default_factory=lambda: f"redteam-{uuid.uuid4().hex[:12]}")
    _prepared: bool = False

    @property
    def root(self) -> Path:
        """Where the project lies whenever a technique works on it."""
        return self.folder / "now" / "project"

    def fresh(self, caller: Caller, before: Act | None = None) -> Workshop:
        """The project where the code is to be changed, with nothing that anybody else left.

        With `before` the campaign is started anew, after that was done.
        """
        if before is not None:
            shutil.rmtree(self.folder / "now", ignore_errors=True)
            self._prepared = False
            return self._begun(caller, before)
        if not self._prepared:
            shutil.rmtree(self.folder / "now", ignore_errors=True)
            self._begun(self.caller, None)
            shutil.rmtree(self.folder / "kept", ignore_errors=True)
            (self.folder / "now").rename(self.folder / "kept")
            self._prepared = True
        stocks = self._stocks_aside()
        shutil.rmtree(self.folder / "now", ignore_errors=True)
        shutil.copytree(self.folder / "kept", self.folder / "now", symlinks=True)
        for aside, place in stocks:
            aside.rename(place)
        return self._workshop()

    def _stocks_aside(self) -> list[tuple[Path, Path]]:
        """The interpreter's bytecode, moved aside, and where it belongs in the next project.

        It has many thousand entries, which no trial can change; a technique that does so from
        outside of its jail puts them back.
        """
        found: list[tuple[Path, Path]] = []
        for whole in ("now", "kept"):
            for place in (self.folder / whole).glob(STOCKS):
                aside = self.folder / f"stock-{len(found)}"
                place.rename(aside)
                found.append((aside, self.folder / "now" / place.relative_to(self.folder / whole)))
        return found

    def _workshop(self) -> Workshop:
        now = self.folder / "now"
        for name in ("project", "home", "outside"):
            (now / name).mkdir(parents=True, exist_ok=True)
        return Workshop(
            root=now / "project",
            home=now / "home",
            outside=now / "outside",
            token=self.token,
            environment=_environment(now / "home"),
        )

    def _begun(self, caller: Caller, before: Act | None) -> Workshop:
        """A new project, started, profiled and thought about."""
        workshop = self._workshop()
        for name, text in self.project.files.items():
            workshop.write(name, text)
        workshop.git("init", "--quiet", "--initial-branch=main")
        workshop.git("add", "--all")
        workshop.git("commit", "--quiet", "--message", "Begin")
        if before is not None:
            before(workshop)
        for words in (("campaign", "start"), ("profile",), ("think",)):
            said = caller(words, workshop.root, workshop.environment)
            workshop.said.append(said)
            if said.code:
                return _refused(workshop, before)
        thought = workshop.outside / "thought.json"
        thought.write_text(json.dumps(_thought(workshop.said[-1])), encoding="utf-8")
        filled = ("think", "--file", str(thought))
        workshop.said.append(caller(filled, workshop.root, workshop.environment))
        return _refused(workshop, before) if workshop.said[-1].code else workshop


def _refused(workshop: Workshop, before: Act | None) -> Workshop:
    """A start that is refused is an answer where something was done before it; else a fault."""
    if before is not None:
        return workshop
    said = workshop.said[-1]
    raise HarnessError(
        f"a campaign on a plain project cannot be prepared: `harness {said.command}` ended"
        f" with {said.code}: {said.answer.get('error') or said.stderr[-500:]}"
    )


def _thought(offered: Said) -> Mapping[str, object]:
    """The thought on what the profile offers first, within its bound."""
    template = read_fields(str(offered.result.get("template", "")), "the profile's offer")
    high = min(float(template.get("predicted_high", 1.5)), 1.5)
    low = min(float(template.get("predicted_low", 1.05)), 1.05)
    bottleneck = template.get("bottleneck", "main")
    return {**THOUGHT, "bottleneck": bottleneck, "predicted_low": low, "predicted_high": high}


def _environment(home: Path) -> dict[str, str]:
    """What an agent's shell has, with a home of its own."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    person = {
        f"GIT_{who}_{what}": text
        for who in ("AUTHOR", "COMMITTER")
        for what, text in (("NAME", "An agent"), ("EMAIL", "agent@example.org"))
    }
    # The real depot of Julia and the like lie in the real home; a cheat's home is another one.
    return {**passed, **person, "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}
