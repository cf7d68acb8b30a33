"""The two cells of a comparison: targets, targets at revisions, files or programs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import UsageError
from harness.frozen import dataclass
from harness.model import Case, Task
from harness.project.revisions import split_revision, target_at
from harness.running import Cell
from harness.running.copies import private_copy, settle
from harness.running.selecting import ad_hoc_cell
from harness.running.session import Session
from harness.system.git.writing import Git


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A file or a program, as a caller names it."""

    label: str
    adapter: str
    source: str | None = None
    arguments: tuple[str, ...] = ()
    stdin: Path | None = None

    def cell(self, task: Task) -> Cell:
        """The program as a cell of a task; UsageError where its file is not there."""
        made = ad_hoc_cell(self.adapter, self.source, self.arguments, Path.cwd(), stdin=self.stdin)
        return Cell(task, task.case(), replace(made.target, task=task.name), self.label)


def program_cells(programs: Sequence[Program]) -> tuple[Cell, ...]:
    """Files or programs as cells of one task that has no parameters."""
    task = Task("program", (Case("default"),))
    return tuple(program.cell(task) for program in programs)


@contextlib.contextmanager
def target_cells(session: Session, specs: Sequence[str], case: str | None) -> Iterator[list[Cell]]:
    """Targets of harness.toml, each perhaps at a revision, in copies that last until the end."""
    with contextlib.ExitStack() as stack:
        yield [_cell(session, spec, case, stack) for spec in specs]


def _cell(session: Session, spec: str, case: str | None, stack: contextlib.ExitStack) -> Cell:
    config = session.config
    name, revision = split_revision(spec)
    if revision is None:
        target = config.target(name)
        current = target
    else:
        commit = Git(config.root).resolve(revision)
        copy = stack.enter_context(private_copy(session, config, commit))
        target = settle(session, copy, target_at(config, name, copy.root), revision)
        current = config.targets[name]
    return Cell(config.task(current.task), config.case_of(current, case), target, spec)


def check_comparable(reference: Cell, candidate: Cell) -> None:
    """UsageError unless both compute one task on one case."""
    if reference.task.name != candidate.task.name:
        raise UsageError(
            f"{reference.name} computes {reference.task.name}, {candidate.name} computes"
            f" {candidate.task.name}: only targets of one task can be compared"
        )
    if reference.case.name != candidate.case.name:
        raise UsageError(
            f"{reference.name} runs {reference.case.name}, {candidate.name} runs"
            f" {candidate.case.name}: times of different parameters have no ratio",
            hint="Compare them on a case that harness.toml gives both the same parameters of.",
        )
