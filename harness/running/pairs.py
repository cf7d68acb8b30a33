"""The cells of a comparison: targets, targets at revisions, files or programs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import UsageError
from harness.frozen import dataclass
from harness.model import Case, Task
from harness.project.config import Config
from harness.project.revisions import split_revision, target_at
from harness.running import Cell
from harness.running.copies import private_copy, settle
from harness.running.selecting import PLAIN, Handling, Selected, ad_hoc_cell
from harness.running.session import Session
from harness.running.suites import case_before_building
from harness.system.git.writing import Git


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A file or a program, as a caller names it."""

    label: str
    adapter: str
    source: str | None = None
    arguments: tuple[str, ...] = ()
    handling: Handling = PLAIN
    commit: str | None = None
    """The commit that its file is taken from; None: the file as it is."""

    def at(self, commit: str) -> Program:
        """The same with its file from a commit."""
        return replace(self, commit=commit)

    @property
    def identity(self) -> tuple[object, ...]:
        """What tells it from other programs, however they are spelled."""
        source = None if self.source is None else (Path.cwd() / self.source).resolve()
        return (self.adapter, source, self.arguments, self.handling, self.commit)

    def alone(self) -> Selected:
        """The program as all that a run runs; UsageError where its file is not there."""
        root, handling = Path.cwd(), self.handling
        cell = ad_hoc_cell(self.adapter, self.source, self.arguments, root, handling)
        origin = {
            "kind": "ad hoc",
            "adapter": self.adapter,
            "source": self.source,
            "arguments": self.arguments,
            "root": root,
            "stdin": cell.target.stdin,
            "prepare": handling.prepare,
            "conclude": handling.conclude,
            "ignore_output": handling.ignore_output,
        }
        return Selected(Config(root=root), (cell,), origin)

    def cell(self, task: Task) -> Cell:
        """The program as a cell of a task; UsageError where its file is not there."""
        root = Path.cwd()
        made = ad_hoc_cell(self.adapter, self.source, self.arguments, root, self.handling)
        return Cell(task, task.case(), replace(made.target, task=task.name), self.label)


@contextlib.contextmanager
def program_cells(session: Session, programs: Sequence[Program]) -> Iterator[list[Cell]]:
    """Files or programs as cells of one task that has no parameters.

    Those of commits come from private copies that last until the end.
    """
    ignored = any(program.handling.ignore_output for program in programs)
    task = Task("program", (Case("default"),), ignores_output=ignored)
    with contextlib.ExitStack() as stack:
        yield [_program_cell(session, program, task, stack) for program in programs]


def _program_cell(
    session: Session, program: Program, task: Task, stack: contextlib.ExitStack
) -> Cell:
    cell = program.cell(task)
    if program.commit is None:
        return cell
    copy = stack.enter_context(private_copy(session, session.config, program.commit))
    sources = tuple(copy.own(path) for path in cell.target.sources)
    for path in sources:
        if not path.is_file():
            raise UsageError(
                f"{program.label}: there is no such file at that revision",
                hint="`git log --oneline -- FILE` says since when there is one.",
            )
    own = replace(cell.target, sources=sources, private_copy=(copy.original, copy.top))
    return replace(cell, target=own)


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
    given = case_before_building(config, current, case, session.orchestrator.adapter)
    return Cell(config.task(current.task), given, target, spec)


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
