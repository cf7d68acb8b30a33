"""Cells made ready to be timed, two at once where that may be, and held against each other."""

from __future__ import annotations

import contextlib
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.errors import HarnessError
from harness.model import Target
from harness.running.cells import Cell, Failed, Prepared, Ready, reference_of, same_group
from harness.running.checking import check_outputs
from harness.system.process.opening import CoreRunner

Make = Callable[[Cell, CoreRunner], Prepared]
"""Makes a cell ready: built, and run once by that runner."""


def made_ready(cells: Sequence[Cell], make: Make, runners: Sequence[CoreRunner]) -> list[Prepared]:
    """Each cell made ready and checked, as many at once as there are runners, the session's first.

    What fails or is wrong beside another may lack what both want, such as a port, a file or time,
    so that it is tried once more by itself: what is said of it is what was said if it had been
    alone.
    """
    alone = runners[0]
    if len(runners) < 2 or len(cells) < 3 or not all(_may_run_beside(c.target) for c in cells):
        return _checked([make(cell, alone) for cell in cells])
    # Not with the module: it comes with logging, and a run of one target has no use for it.
    from concurrent.futures import ThreadPoolExecutor

    # The first one tells what is right, and warms up what the others share.
    first, free = make(cells[0], alone), deque(runners)

    def by_one_of_them(cell: Cell) -> Prepared:
        runner = free.pop()
        try:
            return make(cell, runner)
        finally:
            free.append(runner)

    with contextlib.redirect_stdout(sys.stderr), ThreadPoolExecutor(len(runners)) as pool:
        others = list(pool.map(by_one_of_them, cells[1:]))
    made = [first, *(make(m.cell, alone) if _tried_in_vain(m) else m for m in others)]
    checked = _checked(made)
    for at, member in enumerate(checked):
        if at and isinstance(member, Ready) and not member.right:
            alone.discard(member.expected)
            checked[at] = _first_checked(make(member.cell, alone), checked)
    return checked


def _may_run_beside(target: Target) -> bool:
    """Does nothing but the program run, which knows of no other one?

    Commands around a trial are for one trial at a time, those of setup for one tree, and ranks and
    generators may take the whole machine.
    """
    commands = (target.setup, target.build, target.prepare, target.conclude, target.generate)
    return not any((*commands, target.launch))


def _tried_in_vain(member: Prepared) -> bool:
    """Did it fail, although it was built?"""
    return isinstance(member, Failed) and member.build is not None


def _checked(members: Sequence[Prepared]) -> list[Prepared]:
    return [_first_checked(member, members) for member in members]


def _first_checked(member: Prepared, everyone: Sequence[Prepared]) -> Prepared:
    """The cell with its first output held against the one given, else against its reference's."""
    if isinstance(member, Failed):
        return member
    wanted = member.cell.expected
    if wanted is None:
        reference = reference_of([m for m in everyone if same_group(m.cell, member.cell)])
        wanted = reference.expected if reference and reference is not member else None
    if wanted is None:
        return member
    try:
        verdict = check_outputs(member.adapter, member.cell.task, wanted, member.expected)
    except HarnessError as failure:
        return Failed(member.cell, failure, member.build, member.expected)
    return replace(member, verdict=verdict)
