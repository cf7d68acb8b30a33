"""Libraries that pkg-config knows the flags of."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import ToolchainMissing
from harness.hookspecs import Runner
from harness.model import Target

PROGRAMS = ("pkg-config", "pkgconf")


@dataclass(frozen=True, slots=True)
class Packages:
    """What compiling and linking with some packages takes."""

    compile: tuple[str, ...] = ()
    link: tuple[str, ...] = ()


def find_packages(names: Sequence[str], target: Target, runner: Runner) -> Packages:
    """The flags of packages; ToolchainMissing, in pkg-config's words, where one is not there."""
    if not names:
        return Packages()
    program = next(filter(None, map(runner.find, PROGRAMS)), None)
    if program is None:
        raise ToolchainMissing(
            f"targets.{target.name}.pkg_config: pkg-config is not installed",
            hint="Debian: apt-get install pkg-config; or say include_dirs and libraries.",
        )
    found: list[tuple[str, ...]] = []
    for kind in ("--cflags", "--libs"):
        said = runner.tool([str(program), kind, *names], timeout_s=60)
        if not said.ok:
            raise ToolchainMissing(
                f"targets.{target.name}.pkg_config: {said.stderr.strip()}",
                hint="Install the library's development files, or extend PKG_CONFIG_PATH.",
            )
        found.append(tuple(shlex.split(said.stdout)))
    return Packages(*found)
