"""Tries techniques one after the other, each on a fresh copy of its project."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import HarnessError, UsageError
from harness.model import Jail
from harness.model.suggesting import did_you_mean
from harness.redteam.callers import Caller, in_process_of_its_own
from harness.redteam.classifying import classified, finding
from harness.redteam.playgrounds import Ground
from harness.redteam.playing import play
from harness.redteam.techniques import Technique
from harness.redteam.told import NotHereError, Result, TechniqueKind, TinyProject, Tried


def chosen(
    techniques: Sequence[Technique], kinds: Sequence[str], only: Sequence[str]
) -> list[Technique]:
    """Those of these kinds and names; refuses a name that no technique has."""
    names = [technique.name for technique in techniques]
    for name in only:
        if name not in names:
            raise UsageError(f"no technique is named {name!r}", hint=did_you_mean(name, names))
    return [
        technique
        for technique in techniques
        if (not kinds or technique.kind.value in kinds) and (not only or technique.name in only)
    ]


def tried(techniques: Iterable[Technique], caller: Caller, level: Jail | None) -> Iterator[Tried]:
    """One finding for each technique, as soon as it is there; takes all folders away at the end."""
    with tempfile.TemporaryDirectory(prefix="harness-redteam-", ignore_cleanup_errors=True) as name:
        grounds: dict[str, Ground] = {}
        for technique in techniques:
            project = at_level(technique.project, level)
            ground = grounds.get(project.name)
            if ground is None:
                ground = grounds[project.name] = Ground(project, Path(name, project.name), caller)
            yield _timed(lambda t=technique, g=ground: _tried(t, g, caller))  # type: ignore[misc]


def _timed(attempt: Callable[[], Tried]) -> Tried:
    started = time.monotonic()
    found = attempt()
    return replace(found, wall_s=time.monotonic() - started)


def _tried(technique: Technique, ground: Ground, caller: Caller) -> Tried:
    missing = [name for name in technique.needs if shutil.which(name) is None]
    if missing:
        return _not_here(technique, f"there is no {', '.join(missing)} here")
    try:
        played = play(technique, ground, in_process_of_its_own if technique.apart else caller)
    except NotHereError as reason:
        return _not_here(technique, str(reason))
    except HarnessError as reason:  # of one technique: the others are to be tried all the same
        return finding(technique, Result.BROKEN, "", str(reason))
    return classified(technique, played)


def _not_here(technique: Technique, reason: str) -> Tried:
    return finding(technique, Result.NOT_APPLICABLE, "", reason)


def at_level(project: TinyProject, level: Jail | None) -> TinyProject:
    """The project whose campaign asks for this jail; None: what a campaign has by default."""
    if level is None:
        return project
    config = project.files["harness.toml"].replace(
        "[campaigns.work]\n", f'[campaigns.work]\njail = "{level.value}"\n'
    )
    return replace(project, files={**project.files, "harness.toml": config})


def kinds() -> tuple[str, ...]:
    """All kinds by name, in the order of the table."""
    return tuple(kind.value for kind in TechniqueKind)
