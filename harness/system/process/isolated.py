"""Starts the harness anew where the user's environment may have put code of others into it."""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Sequence
from pathlib import Path

_OURS = Path(__file__).parents[2]


def start_isolated(arguments: Sequence[str]) -> None:
    """Take this process's place with a Python that ignores PYTHONPATH and the current folder.

    It ignores PYTHONPYCACHEPREFIX, too: bytecode in another cache passes for that of our source.

    Returns where that would change nothing, and where the harness itself comes from there. What
    the harness starts has the user's whole environment as before.
    """
    led = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    by_module = Path(sys.argv[0]).name == "__main__.py" and not sys.flags.safe_path
    cached = os.environ.get("PYTHONPYCACHEPREFIX", "")
    if sys.flags.ignore_environment or not (led or by_module or cached):
        return
    folders = [*map(Path, led), *([Path.cwd()] if by_module else [])]
    if any(_OURS.parent == folder.resolve() for folder in folders):
        return
    # Not -I where the harness is installed for this user alone, whose site that leaves out.
    flags = ("-E", "-P") if _is_installed_in(Path(site.getusersitepackages())) else ("-I",)
    os.execv(sys.executable, [sys.executable, *flags, "-m", "harness", *arguments])


def _is_installed_in(folder: Path) -> bool:
    """Is the harness in this folder of packages, or led to from there (an editable install)?"""
    if _OURS.is_relative_to(folder):
        return True
    names = (*folder.glob("optim_harness*.dist-info"), *folder.glob("optim[-_]harness*.egg-*"))
    return bool(names)
