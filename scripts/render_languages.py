"""Write docs/languages.md from the adapters themselves and the samples that they ship.

python scripts/render_languages.py
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from harness.errors import ConfigError
from harness.model import PathKind
from harness.plugins import Adapters
from harness.plugins.found import OURS
from harness.testing import make_target
from harness.testing.samples import read_sample, shipped_sample
from harness_suite import FRAMEWORKS

PAGE = Path(__file__).parents[1] / "docs/languages.md"
BY_HAND = {
    "c": ("C", "Debian: apt-get install gcc"),
    "command": ("any program", "nothing is needed"),
    "julia": ("Julia", "Julia 1.5 or later: https://julialang.org/downloads"),
    "python": ("Python", "any Python from 3.8; the one that runs the harness serves"),
}
"""Adapters without a class of the kit: language, and how to get its toolchain."""

INTRODUCTION = """\
# Languages

<!-- Written by scripts/render_languages.py. -->

What each adapter that comes with the harness can do. Every one of them passes
[the conformance suite](adapters.md#the-conformance-suite): `harness adapters check lua`. Options
are in [configuration.md](configuration.md); another language is
[an afternoon](writing-an-adapter.md).

"""
MEANINGS = """
- **adapter**: what a target's `adapter` says, or `--adapter`.
- **before a run**: sources are compiled, checked for their syntax, or taken as they are.
- **steady**: a driver repeats the work inside one process ([steady mode](steady.md)).
- **phases**: there is a marker library for [phases](phases.md).
- **profile**: `harness profile` shows functions and lines ([profiling](profiling.md)).
- **floor**: a profile says what an empty program takes.
- **program**: the target may be a program that a [build of your own](building.md) makes; elsewhere
  such a build prepares what the sources use.
"""

SUITES = """
[Suites that you already have](suites.md) are taken by the adapter `suite`:

| language | kind | runs with |
| --- | --- | --- |
"""


def render() -> str:
    """The whole page."""
    names = [each.name for each in Adapters().installed() if each.distribution == OURS]
    heads = [
        "language",
        "adapter",
        "before a run",
        "steady",
        "phases",
        "profile",
        "floor",
        "program",
    ]
    lines = [f"| {' | '.join([*heads, 'toolchain'])} |", "| --- " * (len(heads) + 1) + "|"]
    lines += [f"| {' | '.join(row_of(name))} |" for name in sorted(names) if name != "suite"]
    return (
        INTRODUCTION + "\n".join(lines) + "\n" + MEANINGS + SUITES + "\n".join(suite_rows()) + "\n"
    )


def suite_rows() -> list[str]:
    """What the adapter `suite` takes, framework by framework."""
    tools = {name: each.tool for name, each in FRAMEWORKS.items()}
    needed = {
        name: tool.install if tool else "a program of your build" for name, tool in tools.items()
    }
    return [f"| {each.language} | `{name}` | {needed[name]} |" for name, each in FRAMEWORKS.items()]


def row_of(name: str) -> list[str]:
    """What one adapter can do."""
    module, _, attribute = next(
        each.module for each in Adapters().installed() if each.name == name
    ).partition(":")
    plugin: Any = import_module(module)
    plugin = getattr(plugin, attribute or "adapter", plugin)
    sample = read_sample(shipped_sample(name))
    tool = getattr(plugin, "tool", None)
    language, install = (tool.language, tool.install) if tool else BY_HAND[name]
    steady = sample.get("steady", False)
    can = (
        steady,
        bool(sample.get("marked")),
        hasattr(plugin, "harness_profile"),
        hasattr(plugin, "harness_floor") and getattr(plugin, "empty", "") is not None,
        takes_a_program(name),
    )
    made = "compiled" if hasattr(plugin, "compile") or name == "c" else "checked"
    made = made if sample["broken"] is not None else "as it is"
    return [language, f"`{name}`", made, *("yes" if each else "-" for each in can), install]


def takes_a_program(name: str) -> bool:
    """Does a target's `program` name what is executed (and not an interpreter)?"""
    target = make_target(Path("/"), adapter=name, options={"program": "./app"})
    try:
        paths = Adapters().get(name).paths(target)
    except ConfigError:
        return False
    return any((path.option, path.kind) == ("program", PathKind.CODE) for path in paths or ())


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
