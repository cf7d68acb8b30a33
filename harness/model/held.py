"""What decides in a campaign beside the code under change: its parts, each known by its content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from harness.frozen import dataclass

HARNESS = "harness"
LAUNCHER = "launcher"
PYTHON = "python"
STARTUP = "startup"
LOADER = "loader"
PLUGINS = "plugins"
PROGRAM = "program"
OF_TOOLCHAIN = "libraries"
BYTECODE = "bytecode"
SHOWN = "shown"
FOLDERS = (OF_TOOLCHAIN, BYTECODE, SHOWN)
"""Parts that are folders with all that lies below them."""
IN_TREE = "in the tree"
"""The version of a harness that lies in the tree which the campaign changes."""


@dataclass(frozen=True, slots=True)
class Held:
    """One part of the trusted side, as it was when it was taken."""

    digest: str
    """SHA-256 of its content."""
    version: str = ""
    """What it calls itself: another version is an upgrade, the same with other content is not."""
    place: str = ""
    """Where it was found, or what it consists of."""
    names: str = ""
    """SHA-256 of the list of its files, where it has many."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """The trusted side of a campaign on one machine."""

    at_ns: int
    """Just before it was taken."""
    host: str
    held: Mapping[str, Held] = field(default_factory=dict)
    """By name, the kind first: `program cc`."""
    notes: tuple[str, ...] = ()
    """What is to be known of it from the start, such as a filter of git's."""


@dataclass(frozen=True, slots=True)
class Package:
    """Modules at the top that come from one distribution, and take part."""

    part: str
    """`harness`, or `plugin` and the distribution's name."""
    modules: tuple[str, ...]
    version: str
