"""The figures of many runs by target; kept in the index, so that their trials are read once.

A median over all runs needs every value, and no summary of each run gives it. What is kept are the
values alone: four bytes each where that is enough, without the columns beside them, their checksums
and their compression.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt

from harness.errors import DataUnreadable
from harness.running import catalogue
from harness.running.by_target import Own, figures_in
from harness.running.many import each_run
from harness.system.store.run_file import StoredRun

if TYPE_CHECKING:
    from harness.system.store.run_index import FilesSeen, RunIndex


class _Values(msgspec.Struct, array_like=True, frozen=True):
    """A figure's values of one target in a run, as they are kept."""

    task: str
    case: str
    target: str
    host_id: str
    wide: bool
    """Do they need eight bytes each?"""
    values: bytes


_decoder = msgspec.msgpack.Decoder(list[_Values])
_KINDS = ("<i4", "<i8")


def figures_of_runs(
    folders: Sequence[Path], names: Sequence[str], target: str | None
) -> Iterator[Own | DataUnreadable]:
    """What `figures_in` finds in each run, in their order, or why that run cannot be read."""
    if len(folders) > catalogue.FEW:
        from harness.system.store.run_index import IndexUnusable, open_index

        try:
            with open_index(folders[0].parent) as index:
                found = _by_index(index, folders, names, target)
        except (IndexUnusable, ValueError):
            pass
        else:
            for own in found:
                yield own if isinstance(own, DataUnreadable) else _of_target(own, target)
            return
    yield from each_run(folders, lambda run: figures_in(run, names, target))


def _of_target(own: Own, target: str | None) -> Own:
    return own if target is None else {key: v for key, v in own.items() if key[2] == target}


def _by_index(
    index: RunIndex, folders: Sequence[Path], names: Sequence[str], target: str | None
) -> list[Own | DataUnreadable]:
    kept = [dict(index.figures(name)) for name in names]
    missing = [f for f in folders if any(f.name not in of_name for of_name in kept)]
    read = zip(missing, each_run(missing, lambda run: _read(run, names)), strict=True)
    fresh: dict[str, Own | DataUnreadable] = {}
    for folder, found in read:
        if isinstance(found, DataUnreadable):
            fresh[folder.name] = found
            continue
        fresh[folder.name], files = found
        if files is not None:
            for at, name in enumerate(names):
                index.keep_figures(name, folder.name, files, _packed(found[0], at))
    if missing:
        index.forget_figures({entry.name for entry in folders[0].parent.iterdir()})
    known = (None if f.name in fresh else [of_name[f.name] for of_name in kept] for f in folders)
    return [
        fresh[f.name] if bodies is None else _unpacked(bodies, target)
        for f, bodies in zip(folders, known, strict=True)
    ]


def _read(run: StoredRun, names: Sequence[str]) -> tuple[Own, FilesSeen | None]:
    """A run's figures, and what its files were like all the while; None: they changed."""
    from harness.system.store.run_index import files_seen

    before = files_seen(run)
    own = figures_in(run, names, None)
    return own, before if files_seen(run) == before else None


def _packed(own: Own, at: int) -> bytes:
    """The values of the figure in that place."""
    return msgspec.msgpack.encode([_values(key, figures[at]) for key, figures in own.items()])


def _values(key: tuple[str, ...], values: npt.NDArray[Any]) -> _Values:
    short = values.astype(_KINDS[0])
    wide = bool((short != values).any())
    task, case, target, host_id = key
    kept = (values.astype(_KINDS[1]) if wide else short).tobytes()
    return _Values(task, case, target, host_id, wide, kept)


def _unpacked(bodies: Sequence[bytes], target: str | None) -> Own:
    """What several figures of a run, or of a target in it, are.

    ValueError where they do not belong together.
    """
    own: Own = {}
    for at, body in enumerate(bodies):
        for of in _decoder.decode(body):
            if target not in (None, of.target):
                continue
            figures = own.setdefault((of.task, of.case, of.target, of.host_id), [])
            figures.append(np.frombuffer(of.values, _KINDS[of.wide]))
            if len(figures) != at + 1 or len(figures[at]) != len(figures[0]):
                raise ValueError("what is kept of a run does not belong together")
    return own
