"""Many stored runs, each read by itself: what is damaged is named and spoils none of the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from harness.errors import DataUnreadable, ExitCode
from harness.system.store.files import DAMAGED_HINT
from harness.system.store.run_file import StoredRun, read_run
from harness.system.store.runs import making_sense

Found = TypeVar("Found")

MOST_WORKERS = 4
"""Beyond this Python's own share of the work leaves nothing to do for more of them."""
_AHEAD = 64
"""Results that may wait to be asked for: what is read is not all kept at once."""


def each_run(
    folders: Iterable[Path], read: Callable[[StoredRun], Found]
) -> Iterator[Found | DataUnreadable]:
    """What `read` finds in each run, in their order, or why that run cannot be read.

    Several are read at a time: most of the work is checksums and columns, without Python's lock.
    """
    waiting = list(folders)
    one = partial(_read_one, read=read)
    workers = min(MOST_WORKERS, os.cpu_count() or 1)
    if workers == 1 or len(waiting) < 2:
        yield from map(one, waiting)
        return
    with ThreadPoolExecutor(workers) as pool:
        for at in range(0, len(waiting), _AHEAD):
            yield from pool.map(one, waiting[at : at + _AHEAD])


def _read_one(folder: Path, read: Callable[[StoredRun], Found]) -> Found | DataUnreadable:
    try:
        run = read_run(folder)
        with making_sense(folder):
            return read(run)
    except DataUnreadable as problem:
        return problem


def worst_of(problems: Iterable[DataUnreadable]) -> ExitCode:
    """What a command answers that passed over these runs; 0 where there are none."""
    return max((problem.exit_code for problem in problems), default=ExitCode.FINE)


def hints_of(problems: Iterable[DataUnreadable]) -> str:
    """What to do about runs that cannot be read: not all of them are damaged."""
    return " ".join(dict.fromkeys(problem.hint or DAMAGED_HINT for problem in problems))


def has_target(run: StoredRun, target: str) -> bool:
    """May a run have a trial of that target, as far as `run.json` says?"""
    cells = run.plan.get("cells")
    return cells is None or any(cell[2] == target for cell in cells)


IMPORTED = "imported"
"""The origin of a run that another tool made; its trials are in no block with any other."""


IN_PROCESS = "in-process"
"""The format of functions that were called in turns within one process."""


def imported_from(run: StoredRun) -> str:
    """The tool that a run was imported from; empty where the harness made it."""
    origin = run.plan.get("origin", {})
    return str(origin.get("tool", "")) if origin.get("kind") == IMPORTED else ""
