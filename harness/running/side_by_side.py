"""What a comparison compares: two or more files and programs, or targets of harness.toml."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

from harness.errors import UsageError
from harness.frozen import dataclass
from harness.project.config import Config
from harness.project.finding import required_config
from harness.running.cells import Cell
from harness.running.keywords import MeasureOptions, config_of, refuse_handling, wishes_of
from harness.running.naming import Named, TargetSpec, label_of, named_by
from harness.running.pairs import check_comparable, program_cells, target_cells
from harness.running.session import Session


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Two or more that can be compared; all are programs, or all are targets."""

    sides: tuple[Named, ...]
    config: Config
    """The empty one of the current folder where programs are compared."""

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(side.label for side in self.sides)

    @property
    def notes(self) -> list[str]:
        """What was guessed, for people."""
        return [side.note for side in self.sides if side.note]

    @property
    def of_programs(self) -> bool:
        return self.sides[0].program is not None

    @property
    def apart(self) -> bool:
        """Are there private copies to be made?"""
        return not self.of_programs or any(s.program and s.program.commit for s in self.sides)

    @contextlib.contextmanager
    def cells(self, session: Session, case: str | None) -> Iterator[list[Cell]]:
        """Their cells, with private copies where revisions are named, until the end."""
        programs = [side.program for side in self.sides if side.program is not None]
        if programs:
            with program_cells(session, programs) as found:
                yield found
            return
        with target_cells(session, self.labels, case) as found:
            for cell in found[1:]:
                check_comparable(found[0], cell)
            yield found


def side_by_side(specs: Sequence[TargetSpec], options: MeasureOptions) -> SideBySide:
    """What a caller names, in order; the first is the reference.

    UsageError for less than two, for two that are the same, and for a file beside a target.
    """
    if len(specs) < 2:
        alone = f", got {label_of(specs[0])} alone" if specs else ""
        raise UsageError(
            f"a comparison is of two or more{alone}",
            hint="`harness run` measures a single one; `task` compares all targets of a task.",
        )
    config = config_of(options)
    wishes = wishes_of(options, config)
    sides = tuple(named_by(spec, wishes) for spec in specs)
    for one, other in combinations(sides, 2):
        _check_apart(one, other)
    _check_alike(sides)
    programs = sides[0].program is not None
    if not programs:
        refuse_handling(options)
        return SideBySide(sides, required_config(config))
    for name in ("case", "config"):
        if options.get(name) is not None:
            raise UsageError(f"`{name}` is of harness.toml; a file or program has none")
    return SideBySide(sides, Config(root=Path.cwd()))


def check_apart(reference: str, candidate: str) -> None:
    """UsageError where a target is to be compared with itself."""
    if reference == candidate:
        name = reference.partition("@")[0]
        raise UsageError(
            f"{reference} against itself has no answer",
            hint=f"Compare two targets, or one at two revisions: {name}@main {name}.",
        )


def _check_apart(one: Named, other: Named) -> None:
    if one.program is None or other.program is None:
        check_apart(one.label, other.label)
    elif one.program.identity == other.program.identity:
        same = one.label if one.label == other.label else f"{one.label} and {other.label}"
        raise UsageError(
            f"{same}: the same program twice has no answer",
            hint="A copy of the file under another name tells what two equal ones differ by here.",
        )


def _check_alike(sides: Sequence[Named]) -> None:
    programs = [side.label for side in sides if side.program is not None]
    targets = [side.label for side in sides if side.program is None]
    if programs and targets:
        raise UsageError(
            f"{programs[0]} is a file or command, {targets[0]} a target: they have no task in"
            " common",
            hint="Compare files and commands, or declare all as targets of harness.toml.",
        )
