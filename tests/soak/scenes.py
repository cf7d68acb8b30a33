"""Plays scenes of `tests/optimise/test_crashes.py`, and looks at what a kill left of one."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import Any

OPTIMISE = Path(__file__).parents[1] / "optimise"


def _load(name: str) -> Any:
    """A module of the campaign's tests under a name of its own."""
    own = f"soak_{name}"
    if own not in sys.modules:
        spec = importlib.util.spec_from_file_location(own, OPTIMISE / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[own] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[own])
    return sys.modules[own]


def _identity() -> None:
    for name in ("AUTHOR", "COMMITTER"):
        os.environ[f"GIT_{name}_NAME"] = "Test"
        os.environ[f"GIT_{name}_EMAIL"] = "test@example.org"


def _world(root: Path) -> Any:
    _identity()
    made = _load("conftest")
    return made.World(root, made.FakeWorkbench(root))


def prepared(scene: str, pristine: Path, played: Path) -> list[Any]:
    """Make the folder in which the scene begins; the kinds of events at its end."""
    made, crashes = _load("conftest"), _load("test_crashes")
    pristine.mkdir(parents=True)
    world = _world(pristine)
    made.begin(world)
    prepare, _, _ = crashes.SCENES[scene]
    prepare(world, made.make_thought(), made.make_plan(), made.NOTE)
    shutil.copytree(pristine, played, symlinks=True)
    play(scene, played)
    return [event.kind for event in _world(played).reader.events]


def play(scene: str, root: Path) -> None:
    """Follow `next` to the end of the scene, each step under the campaign's lock."""
    made, crashes = _load("conftest"), _load("test_crashes")
    world = _world(root)
    _, until, _ = crashes.SCENES[scene]
    with world.reader.locked():
        crashes.follow(world, made.NOTE, until)


def check(scene: str, root: Path, expected: list[Any]) -> None:
    """Go on to the end: the same events, each effect once, all of it verified, nothing left."""
    from harness.optimise.verify import verify

    crashes = _load("test_crashes")
    world = _world(root)
    damaged = verify(world.reader, world.bench).problems if scene != "start" else []
    assert damaged == [], f"verify right after the kill: {damaged[0]}"
    play(scene, root)
    campaign = world.reader
    kinds = [event.kind for event in campaign.events]
    assert kinds == expected, f"events {[k.value for k in kinds]}"
    crashes.SCENES[scene][2](world)
    problems = verify(campaign, world.bench).problems
    assert problems == [], problems[0]
    left = [path for path in root.rglob("*") if path.name.endswith((".new", "index.lock"))]
    assert left == [], f"left behind: {left}"
    dirty = campaign.checkout.dirty()
    assert dirty == (), f"changed or staged: {dirty}"
