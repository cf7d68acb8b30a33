"""Takes the trusted side of a campaign, and holds every step against it.

What a change of each part means is said in `harness.campaign.trust_rules`; `harness.system.trusted`
and `harness.system.git.in_force` read them.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from harness import __version__
from harness.campaign.events import Kind
from harness.campaign.state import Step
from harness.campaign.trust_rules import Difference, differences
from harness.errors import NotAllowed, UsageError
from harness.model.held import (
    FOLDERS,
    HARNESS,
    LAUNCHER,
    LOADER,
    PLUGINS,
    PROGRAM,
    PYTHON,
    STARTUP,
    Held,
    Package,
    Trusted,
)
from harness.optimise.outside import outside_files
from harness.project.state_folder import state_folder
from harness.system.git.in_force import in_force
from harness.system.machine.host import read_host
from harness.system.process.places import launcher_cache
from harness.system.trusted.parts import (
    Earlier,
    compile_packages,
    folders_held,
    installed_held,
    launcher_held,
    loader_held,
    packages_held,
    place_of_folders,
    program_held,
    python_held,
    startup_held,
    texts_held,
)
from harness.system.trusted.stamps import held_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from harness.optimise.campaign import Campaign


def take_trusted(
    campaign: Campaign,
    programs: Iterable[str],
    libraries: Mapping[str, tuple[Path, ...]],
) -> Trusted:
    """The trusted side as it is now; `programs` and `libraries` are those of the toolchain.

    Raises NotAllowed where code from PYTHONPATH would run inside of the harness.
    """
    from harness.plugins.packages import packages_in_force

    demand_isolated()
    signing = ["ssh-keygen"] if campaign.signing_key else []
    # What is compiled later would have to be looked at whenever it is met.
    compile_packages(module for package in packages_in_force() for module in package.modules)
    folders = {name: Held("", place=place_of_folders(at)) for name, at in libraries.items()}
    nothing = Trusted(0, "", folders)
    return _read(campaign, sorted({"git", *signing, *programs}), nothing)


def check(campaign: Campaign) -> None:
    """Hold the trusted side against what it was: a change is refused, or recorded.

    Raises NotAllowed naming what changed and what to do. Campaigns that were begun before this was
    taken have nothing to be held against.
    """
    state = campaign.progress
    if state.step in (Step.START, Step.FINISHED) or campaign.state.trusted is None:
        return
    demand_isolated()
    now, found = look(campaign)
    refused = [difference for difference in found if difference.refused]
    if refused:
        first = refused[0]
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        raise NotAllowed(
            f"what decides in this campaign has changed: {first.words}{more}",
            hint=f"{_sentence(first.remedy)} Or accept it, for the record: harness trust --reason"
            " WHY.",
        )
    if found:
        _record(campaign, now, found, "")
    campaign.trust_held = True


def refused_now(campaign: Campaign) -> tuple[Difference, ...]:
    """What every step would refuse; nothing where a command of this process has looked already."""
    state = campaign.state
    if campaign.trust_held or state.step is Step.FINISHED or state.trusted is None:
        return ()
    return tuple(difference for difference in look(campaign)[1] if difference.refused)


def accept(campaign: Campaign, reason: str) -> tuple[Difference, ...]:
    """Accept what has changed, whatever it is; the record says so and why."""
    if campaign.state.trusted is None:
        raise NotAllowed(
            f"the campaign {campaign.name!r} was begun before its trusted side was taken",
            hint="A new campaign takes it at its start.",
        )
    if campaign.state.step is Step.FINISHED:
        raise NotAllowed(f"the campaign {campaign.name!r} is finished")
    if not reason.strip():
        raise UsageError("accepting a change needs its reason", hint="--reason WHY")
    now, found = look(campaign)
    if not found:
        raise NotAllowed("nothing of what decides has changed: there is nothing to accept")
    _record(campaign, now, found, reason)
    return found


def look(campaign: Campaign) -> tuple[Trusted, tuple[Difference, ...]]:
    """The trusted side as it is now, and what of it is not what it was; nothing is written."""
    before = campaign.state.trusted
    assert before is not None
    programs = [name.partition(" ")[2] for name in before.held if name.startswith(f"{PROGRAM} ")]
    now = _read(campaign, programs, before)
    return now, differences(before, now)


def _record(campaign: Campaign, now: Trusted, found: Iterable[Difference], reason: str) -> None:
    words = tuple(difference.words for difference in found)
    campaign.append(Kind.TRUSTED, trusted=now, changes=words, reason=reason)
    campaign.warnings += [f"what decides has changed, which is recorded: {w}" for w in words]


def demand_isolated() -> None:
    """NotAllowed where PYTHONPATH leads Python to code of somebody else's."""
    if os.environ.get("PYTHONPATH") and not sys.flags.ignore_environment:
        raise NotAllowed(
            f"PYTHONPATH is set ({os.environ['PYTHONPATH']}): what lies there would run inside of"
            " the harness, which judges",
            hint="Use the command `harness` of an installed package, which leaves it out; or"
            " python -I -m harness.",
        )


def _read(campaign: Campaign, programs: Iterable[str], before: Trusted) -> Trusted:
    """All parts; what was held before says what need not be read again."""
    at_ns = time.time_ns()
    host = read_host().id
    same = before.host == host
    earlier = Earlier(before.held if same else {}, before.at_ns)
    cache = launcher_cache(otherwise=state_folder(campaign.config.root) / "cache")
    held: dict[str, Held] = {
        LAUNCHER: launcher_held(cache, earlier),
        PYTHON: python_held(earlier),
        STARTUP: startup_held(),
        LOADER: loader_held(),
        PLUGINS: installed_held(earlier),
    }
    if campaign.config.path is not None:
        place = os.path.relpath(campaign.config.path.resolve(), campaign.git.top.resolve())
        held["config"] = Held("", place=place)
    held |= _outside(campaign, earlier)
    for package in _packages(held[PLUGINS], earlier):
        held[package.part] = packages_held(
            package.part, package.modules, package.version, campaign.git.top, earlier
        )
    for name in programs:
        if (program := program_held(name, earlier)) is not None:
            held[f"{PROGRAM} {name}"] = program
    for name in FOLDERS:
        if (known := before.held.get(name)) is not None:
            held[name] = folders_held(known, earlier.get(name), earlier.at_ns)
    texts: Mapping[str, tuple[str, ...]] = in_force(campaign.git)
    held |= texts_held(texts)
    return Trusted(at_ns, host, held, tuple(_notes(held, texts)))


def _outside(campaign: Campaign, earlier: Earlier) -> dict[str, Held]:
    """What the target may read and no commit holds; nothing where harness.toml has it no more."""
    target = campaign.config.targets.get(campaign.section.target)
    if target is None:
        return {}
    checkout = campaign.checkout
    untracked = campaign.state.untracked if campaign.started else checkout.untracked()
    found = outside_files(campaign.git, target, untracked)
    parts = {
        "made inputs" if target.setup or target.build else "inputs": found.inputs,
        "untracked": found.untracked,
    }
    return {
        name: held_files(paths, earlier.get(name), earlier.at_ns)
        for name, paths in parts.items()
        if paths
    }


def _packages(plugins: Held, earlier: Earlier) -> list[Package]:
    """The harness and the distributions of plugins: found anew only where those have changed."""
    if plugins == earlier.get(PLUGINS):
        parts = [n for n in earlier.held if n == HARNESS or n.startswith("plugin ")]
        known = {name: earlier.held[name] for name in parts}
        return [
            Package(
                name,
                tuple(held.place.split()),
                __version__ if name == HARNESS else held.version,
            )
            for name, held in known.items()
        ]
    from harness.plugins.packages import packages_in_force

    return packages_in_force()


def _notes(held: Mapping[str, Held], texts: Mapping[str, tuple[str, ...]]) -> list[str]:
    """What is to be known of the trusted side from the start."""
    notes = []
    filters = [s.partition("=")[0] for s in texts["git config"] if s.startswith("filter.")]
    if filters:
        notes.append(f"git changes contents by filters: {', '.join(filters)}")
    if texts["git hooks"]:
        names = ", ".join(hook.partition("\n")[0] for hook in texts["git hooks"])
        notes.append(f"git hooks run at commits: {names}")
    if texts["git replaced"]:
        notes.append("replace refs, grafts or other places of objects are there, and are ignored")
    if held[LOADER].digest:
        notes.append("the system loads more into every program: LD_PRELOAD or the like is set")
    others = [name for name in held if name.startswith("plugin ")]
    if others:
        notes.append(f"plugins of other packages are installed: {', '.join(others)}")
    return notes


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}." if words else ""
