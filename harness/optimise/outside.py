"""The files that a campaign's program may read and that no commit holds."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from harness.frozen import dataclass
from harness.model import Target
from harness.project.workload import Workload
from harness.system.git.reading import GitReading
from harness.system.trusted.stamps import walked

_LINK = "120000"


@dataclass(frozen=True, slots=True)
class Outside:
    """Such files by what names them; absolute paths, sorted."""

    inputs: tuple[str, ...]
    """Data that the target declares, and what links in the tree lead to outside of it."""
    untracked: tuple[str, ...]
    """The user's own, which were there and untracked at the start."""


def undeclared(workload: Workload, untracked: Collection[str]) -> tuple[str, ...]:
    """The untracked files but for the target's declared data, which is held by its content."""
    if not untracked:
        return ()
    top = GitReading(workload.root).top.resolve()
    data = _data(workload.target)
    return tuple(p for p in untracked if not any((top / p).is_relative_to(d) for d in data))


def _data(target: Target) -> list[Path]:
    stdin = [] if target.stdin is None else [target.stdin]
    return [path.resolve() for path in (*target.inputs, *target.build_inputs, *stdin)]


def outside_files(git: GitReading, target: Target, untracked: Collection[str]) -> Outside:
    """The files of a target's data that git does not track, and those that were untracked."""
    top, modes = git.top.resolve(), git.tracked()
    declared = _data(target)
    linked = [(top / path).resolve() for path, mode in modes.items() if mode == _LINK]
    out = [path for path in linked if not path.is_relative_to(top)]
    files, _ = walked(dict.fromkeys((*declared, *out)))
    inputs = [path for path in files if not _is_tracked(Path(path), top, modes)]
    own = (str(top / name) for name in untracked if (top / name).is_file())
    return Outside(tuple(inputs), tuple(sorted(set(own).difference(inputs))))


def _is_tracked(path: Path, top: Path, tracked: Collection[str]) -> bool:
    return path.is_relative_to(top) and path.relative_to(top).as_posix() in tracked
