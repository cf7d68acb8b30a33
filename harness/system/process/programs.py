"""Finds the program behind a name, past the shims that version managers put in its place.

A shim of pyenv is a shell script that starts pyenv, which looks up versions and then starts the
program: 70 to 100 ms that belong to no target. The manager is asked which program it would start;
the shim itself is never executed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from harness.system.process.calling import Call, StillRunningError, call

MANAGERS = ("pyenv", "rbenv", "nodenv", "goenv", "asdf", "mise", "rustup")
"""Version managers with shims; each answers `<manager> which <program>`."""
RUSTUP = "rustup"

FileFacts: TypeAlias = tuple[int, ...]

_SHIM_BYTES = 4096
_ASK_TIMEOUT_S = 20


def find_program(name: str) -> Path | None:
    """The absolute path of the real executable behind a name on PATH or a path, or None.

    Links are left as they are: through them a virtual environment's Python knows its home.
    """
    for candidate in _candidates(name):
        manager = _manager_of(candidate)
        found = candidate if manager is None else _ask(manager, candidate.name)
        if found is not None:
            return found
    return None


def past_shim(name: str, program: Path, env: dict[str, str]) -> dict[str, str]:
    """The environment in which a name on PATH means the program that its shim would start.

    The shim asks a manager in the user's HOME, which is not everywhere; and what it starts calls
    its neighbours by name: cargo calls rustc.
    """
    path = env.get("PATH", os.defpath)
    if "/" in name or shutil.which(name, path=path) == str(program):
        return env
    return {**env, "PATH": f"{program.parent}{os.pathsep}{path}"}


class FoundPrograms:
    """Programs that were found once: looked for again when they, or PATH, have changed."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str | None], tuple[Path, FileFacts]] = {}

    def find(self, name: str) -> Path | None:
        """Find a program as `find_program` does, without a search where it was found before.

        A name that depends on the working folder is looked for every time.
        """
        key = name, None if name.startswith("/") else os.environ.get("PATH", os.defpath)
        known = self._known.get(key)
        if known is not None and _facts(known[0]) == known[1]:
            return known[0]
        found = find_program(name)
        if found is not None and (name.startswith("/") or "/" not in name):
            self._known[key] = found, _facts(found)
        return found


def _facts(path: Path) -> FileFacts:
    """What changes when a file is replaced, or may no longer be executed."""
    try:
        facts = os.stat(path)  # noqa: PTH116  (in every trial)
    except OSError:
        return ()
    return facts.st_dev, facts.st_ino, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_mode


def _candidates(name: str) -> Iterator[Path]:
    if "/" in name:
        folders = [Path()]
    else:
        path = os.environ.get("PATH", os.defpath)
        folders = [Path(folder) for folder in path.split(os.pathsep)]
    for folder in folders:
        candidate = Path.cwd() / folder / name
        # Access first: it does not raise where a folder of PATH is closed to us.
        if name and os.access(candidate, os.X_OK) and candidate.is_file():
            yield candidate


def _manager_of(candidate: Path) -> str | None:
    """The version manager whose shim this is, or None for a program of its own."""
    real = candidate.resolve()
    if real.name in MANAGERS and candidate.name not in MANAGERS:
        return str(real)  # mise and rustup make shims that are links to themselves
    rustup = candidate.parent / RUSTUP
    if candidate.name != RUSTUP and rustup.is_file() and candidate.samefile(rustup):
        return str(rustup)  # or hard links
    try:
        with candidate.open("rb") as file:
            start = file.read(_SHIM_BYTES)
    except OSError:
        return None
    if not start.startswith(b"#!"):
        return None
    own = (["$program"], [candidate.name])
    for line in start.decode("utf-8", "replace").splitlines():
        words = line.replace('"', " ").replace("'", " ").split()
        # exec "/path/to/pyenv" exec "$program" "$@"; asdf writes the program's name itself.
        if words[:1] + words[2:3] == ["exec", "exec"] and words[3:4] in own:
            manager = Path(words[1]).name
            if manager in MANAGERS:
                return words[1]
    return None


def _home_of(manager: Path) -> dict[str, str]:
    """Where rustup keeps its toolchains, by its own place where HOME is another one."""
    beside = manager.parent.parent.parent / ".rustup"  # of ~/.cargo/bin/rustup
    if manager.name != RUSTUP or "RUSTUP_HOME" in os.environ or not beside.is_dir():
        return {}
    return {"RUSTUP_HOME": str(beside)}


def _ask(manager: str, name: str) -> Path | None:
    """What `<manager> which <name>` says, if that is an executable."""
    try:
        env = {**os.environ, **_home_of(Path(manager))}
        said = call(Call([manager, "which", name], env=env, timeout_s=_ASK_TIMEOUT_S))
    except (OSError, StillRunningError):
        return None
    answer = Path(os.fsdecode(said.stdout.strip()))
    found = said.returncode == 0 and answer.is_absolute() and os.access(answer, os.X_OK)
    return answer if found else None


def facts_of_binary(program: Path) -> tuple[object, ...] | None:
    """What a change of a program changes, links followed; None for a script.

    What a script starts (a shim, a wrapper) may be another program the next time.
    """
    try:
        with program.open("rb") as file:
            if file.read(2) == b"#!":
                return None
            facts = os.fstat(file.fileno())
    except OSError:
        return None
    return str(program), facts.st_dev, facts.st_ino, facts.st_size, facts.st_ctime_ns
