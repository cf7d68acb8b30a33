"""What of a toolchain decides in a campaign: its programs, and the folders that it loads from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import which

from harness.model import Target, Toolchain
from harness.model.held import BYTECODE, OF_TOOLCHAIN, SHOWN
from harness.model.trials import LIBRARIES
from harness.project.state_folder import builds_of
from harness.system.process.places import expanded

_HELPERS = {"c": ("cc", "as", "ld")}
"""What a compiler calls beside itself, by adapter."""
_STOCK = "stock"


def programs_of(toolchain: Toolchain, target: Target) -> tuple[str, ...]:
    """The toolchain's programs, and those that the target's setup calls; as they are named."""
    called = [words[0] for words in (*target.setup, *target.build, *target.cleanup) if words]
    helpers = _HELPERS.get(target.adapter, ())
    names = [toolchain.program.name, *helpers, *called]
    known = (name for name in names if "/" not in name and which(name))
    return tuple(sorted(set(known)))


def libraries_of(toolchain: Toolchain, target: Target) -> Mapping[str, tuple[Path, ...]]:
    """The folders and files of each part that both sides load from; empty parts are left out.

    One is what the toolchain says of itself, one what a jail shows besides of what lies outside of
    the tree, one what builds of the project share: the adapter keeps that in `stock` of its folder,
    by the toolchain's fingerprint.
    """
    root = target.root
    told = toolchain.details.get(LIBRARIES, "").split(os.pathsep)
    stock = builds_of(root) / toolchain.adapter / _STOCK / toolchain.fingerprint[:16]
    parts = {
        SHOWN: tuple(_shown(target)),
        OF_TOOLCHAIN: tuple(Path(folder) for folder in told if folder),
        BYTECODE: (stock,) if stock.is_dir() else (),
    }
    return {name: folders for name, folders in parts.items() if folders}


def _shown(target: Target) -> Iterator[Path]:
    for word in target.jail.read:
        place = Path(os.path.normpath(target.root / expanded(word)))
        if not place.is_relative_to(target.root):
            yield place
