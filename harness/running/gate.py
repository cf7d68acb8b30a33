"""A gate: each target of the working tree against its merge base, interleaved, under one level."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import field, replace

from harness.errors import (
    ConfigError,
    ExitCode,
    HarnessError,
    StorageFailed,
    TrialFailed,
)
from harness.frozen import dataclass
from harness.model import Build, Measurement, Noise, Target
from harness.project.config import load_config, lookup
from harness.render.guard_rows import broken_words, open_guard_words
from harness.running.cells import Cell, Group, Ready
from harness.running.copies import PrivateCopy, private_copy, settle
from harness.running.experiment import Experiment, perform
from harness.running.gate_base import Base
from harness.running.gate_draws import DrawsTime, on_further_draws
from harness.running.gate_results import GateRow, GateStatus, status_of
from harness.running.made_once import Made
from harness.running.reports import CellKey, Report
from harness.running.session import Session
from harness.running.settings import Settings
from harness.running.suites import benchmarks_of, of_benchmark
from harness.system.process.executed import program_of, reads_beside
from harness.system.process.given import files_digest
from harness.system.process.stripped import stripped_digest
from harness.system.process.trees import file_digest


@dataclass(frozen=True, slots=True)
class Sides:
    """A target whose two builds are to be timed, or whose head is alone."""

    head: Cell
    base: Cell | None = None
    status: GateStatus = GateStatus.UNDECIDED
    """Of one that is alone: why."""
    why: str = ""

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (self.head,) if self.base is None else (self.base, self.head)


@dataclass(slots=True)
class Gate:
    """A gate under way: builds both sides, leaves out what is one program, and times the rest."""

    session: Session
    base: Base
    settings: Settings
    copy: PrivateCopy
    known: frozenset[str] = field(default_factory=frozenset)
    """The targets that base's own harness.toml has; empty, too, where it has none."""
    case: str | None = None
    """The benchmark that is wanted of the suites; None: every one."""
    benchmarks: dict[str, None] = field(default_factory=dict)
    """Those that the suites have, on either side."""

    @classmethod
    @contextlib.contextmanager
    def opened(
        cls, session: Session, base: Base, settings: Settings, case: str | None = None
    ) -> Iterator[Gate]:
        """A gate with base's files in a worktree of its own, until the end."""
        with private_copy(session, session.config, base.commit) as copy:
            yield cls(session, base, settings, copy, _known(session, copy), case)

    def run(self, cells: Sequence[Cell]) -> tuple[list[GateRow], Report | None]:
        """The rows of these targets, and the run that they were timed in, if one was.

        ConfigError where the case that is wanted is no benchmark of any suite either.
        """
        if self.case in {cell.case.name for cell in cells}:
            self.case = None
        rows: list[GateRow] = []
        timed: list[Sides] = []
        for cell in cells:
            for found in self._sides(cell):
                if isinstance(found, GateRow):
                    self.session.tell(found.sentence())
                    rows.append(found)
                else:
                    timed.append(found)
        if self.case is not None and not rows and not timed:
            lookup(self.benchmarks, self.case, "benchmark", self.session.config.path)
        if not timed:
            return rows, None
        kept = DrawsTime.of(self.settings, [s.head.case for s in timed if s.base is not None])
        begun_ns = time.monotonic_ns()
        report = self._timed(timed, kept.settings)
        for_ns = kept.after(time.monotonic_ns() - begun_ns)
        measured = [self._checked(sides, report, for_ns) for sides in timed]
        for row in measured:
            if row.status in (GateStatus.FAILED, GateStatus.BASE_FAILS):
                self.session.tell(row.sentence())
        return [*rows, *measured], report

    def _sides(self, cell: Cell) -> list[Sides | GateRow]:
        """Both builds of a target, or what is to be said without timing them; of a suite, those of
        each of its benchmarks."""
        orchestrator = self.session.orchestrator
        # Ratios are of each target with its own base: no target is the others' reference here.
        head = replace(cell, task=replace(cell.task, reference=None))
        try:
            head = replace(head, target=replace(orchestrator.set_up(cell.target), setup=()))
            made = orchestrator.build(head.target)
            heads = self._each(head, made)
        except StorageFailed:
            raise
        except HarnessError as failure:
            self._clean_up(head)
            return [_ended(cell, GateStatus.FAILED, _words(failure), failure.exit_code)]
        try:
            before = self.before(head, cell.target)
            made_before = orchestrator.build(before.target)
            if _is_one_program(made[1], made_before[1]):
                self._clean_up(before, head)
                why = "both sides build to the same bytes, so it was not measured"
                return [_ended(cell, GateStatus.SAME_PROGRAM, why)]
            bases = self._each(before, made_before)
        except StorageFailed:
            raise
        except HarnessError as failure:
            return [self._alone(each, failure) for each in heads.values()]
        gone = "head has no such benchmark"
        return [
            *(self._paired(each, bases.get(name), made_before) for name, each in heads.items()),
            *(_ended(bases[n], GateStatus.GONE, gone) for n in bases if n not in heads),
        ]

    def _each(self, cell: Cell, made: Made) -> dict[str, Cell]:
        """The cells of a suite's benchmarks by their names; what is no suite, by the empty one."""
        names = benchmarks_of(self.session.runner, cell, made)
        if names is None:
            return {"": cell}
        self.benchmarks.update(dict.fromkeys(names))
        return {n: of_benchmark(cell, n) for n in names if self.case in (None, n)}

    def _paired(self, head: Cell, before: Cell | None, made: Made) -> Sides:
        """A target, or a benchmark of one, with its base."""
        if before is None:
            why = "base has no such benchmark; it is shown alone"
            return Sides(head, None, GateStatus.NEW, why)
        if head.mode is not None and not head.task.outputs:
            return Sides(head, before)  # a suite prints times: nothing is to be held to them
        try:
            wanted = self.session.orchestrator.check(*made, head.task, head.case)
        except StorageFailed:
            raise
        except HarnessError as failure:
            return self._alone(head, failure)
        # Both are held to what base computes, and not to what another target does.
        return Sides(replace(head, expected=wanted), replace(before, expected=wanted))

    def before(self, head: Cell, target: Target | None = None) -> Cell:
        """A target's side at base: head's recipe over base's files."""
        target = target or head.target
        before = settle(self.session, self.copy, target, self.base.short)
        return replace(head, target=before, label=f"{target.name}@{self.base.short}")

    def _alone(self, head: Cell, failure: HarnessError) -> Sides:
        """A target that base has not got, or that does not build or run there."""
        if head.target.name not in self.known:
            return Sides(head, None, GateStatus.NEW, "base has no such target; it is shown alone")
        runs = isinstance(failure, TrialFailed)
        status = GateStatus.BASE_FAILS if runs else GateStatus.BASE_BROKEN
        # The worktree is gone when this is read: what lay in it is named by its commit.
        words = _words(failure).replace(f"{self.copy.top}/", f"{self.base.short}:")
        return Sides(head, None, status, words)

    def _clean_up(self, *cells: Cell) -> None:
        for problem in self.session.orchestrator.cleanup(cells):
            self.session.tell(problem)

    def _checked(self, sides: Sides, report: Report, for_ns: int) -> GateRow:
        """What the run found of a target, and further draws of its output."""
        row = _row(sides, report)
        if sides.base is None:
            return row
        return on_further_draws(self.session, report, (sides.base, sides.head), row, for_ns)

    def _timed(self, timed: Sequence[Sides], settings: Settings) -> Report:
        asked = settings.question
        if asked.noise is None and asked.precision is None:
            # By sign and size, also where there is a single pair: then it ends that is undecidable.
            asked = replace(asked, noise=Noise())
        # Each once: the benchmarks of a suite differ by their case.
        pairs = tuple({(s.base.name, s.head.name): 0 for s in timed if s.base is not None})
        experiment = Experiment(
            tuple(cell for sides in timed for cell in sides.cells),
            replace(settings, question=asked),
            pairs=pairs,
            shared_level=True,
            gate=True,
            origin={"kind": "gate", "base": self.base.commit},
        )
        return perform(self.session.orchestrator, self.session.results, experiment)


def _known(session: Session, copy: PrivateCopy) -> frozenset[str]:
    path = session.config.path
    own = copy.root / path.name if path is not None else None
    if own is None or not own.is_file():
        return frozenset()
    try:
        return frozenset(load_config(own).targets)
    except ConfigError as problem:
        session.tell(f"base's own harness.toml cannot be read: {problem.message}")
        return frozenset()


def _is_one_program(head: Build, base: Build) -> bool:
    """Do both sides execute the same, whatever debuggers read of it?"""
    if reads_beside(head) or files_digest(head.target.inputs) != files_digest(base.target.inputs):
        return False  # input files may be executed, too
    return any(program_of(head, d) == program_of(base, d) for d in (file_digest, stripped_digest))


def _words(failure: HarnessError) -> str:
    return failure.message.strip() + (f" ({failure.hint})" if failure.hint else "")


def _ended(
    cell: Cell, status: GateStatus, why: str, failed_with: ExitCode = ExitCode.FINE
) -> GateRow:
    of_suite = cell.mode is not None
    own = (cell.task.name, cell.case.name, cell.target.name)
    return GateRow(*own, status, why, failed_with=failed_with, of_suite=of_suite)


def _row(sides: Sides, report: Report) -> GateRow:
    """What the run found of a target."""
    head, base = sides.head, sides.base
    measured = {m.key: m for m in report.run.measurements}
    row = GateRow(
        *head.key,
        sides.status,
        sides.why,
        base=_shown(measured, base),
        head=_shown(measured, head),
        of_suite=head.mode is not None,
    )
    failed = report.failures.get(head.key)
    other = _disagreement(report, head)
    if other or (failed is not None and failed.exit_code is ExitCode.ANSWER_IS_NO):
        why = other or str(failed and failed.message)
        return replace(row, status=GateStatus.OTHER_OUTPUT, why=why)
    if failed is not None:
        code = failed.exit_code
        return replace(row, status=GateStatus.FAILED, why=failed.message, failed_with=code)
    if base is None:
        return row
    broken = report.failures.get(base.key)
    if broken is not None:
        return replace(row, status=GateStatus.BASE_FAILS, why=broken.message)
    found = next((c for c in report.run.comparisons if c.key == head.key), None)
    if found is None:
        return replace(row, why="no block has a figure of both")
    status, needed = status_of(found), _needed_ns(report, sides)
    open_words = _why_open(report, head) or found.stopped_because
    why = open_words if status is GateStatus.UNDECIDED else open_guard_words(found)
    if found.broken:
        status, why = GateStatus.REGRESSED, broken_words(found)
    return replace(row, status=status, comparison=found, why=why, needed_ns=needed)


def _needed_ns(report: Report, sides: Sides) -> float | None:
    """About how long both sides' blocks take until they are known; None: that cannot be named."""
    names = tuple(cell.name for cell in sides.cells)
    # Not by type: where a number of blocks was asked for, no such rule ended the run.
    found = [
        group.rule.needed_ns(names)
        for group in report.groups
        if hasattr(group.rule, "needed_ns") and _has(group, sides.head)
    ]
    return found[0] if found and math.isfinite(found[0]) else None


def _why_open(report: Report, cell: Cell) -> str:
    """Why a cell left the blocks before the others of its group; empty: it did not."""
    reasons = (group.left for group in report.groups if _has(group, cell))
    known = (left for left in reasons if isinstance(left, dict) and cell.name in left)
    return next((str(left[cell.name]) for left in known), "")


def _has(group: Group, cell: Cell) -> bool:
    return any(member.cell.key == cell.key for member in group.members)


def _shown(measured: dict[CellKey, Measurement], cell: Cell | None) -> Measurement | None:
    return None if cell is None else measured.get(cell.key)


def _disagreement(report: Report, cell: Cell) -> str:
    """What is wrong with a cell's first output, which kept it from being timed; empty: nothing."""
    members = (member for group in report.groups for member in group.members)
    verdicts = (m.verdict for m in members if isinstance(m, Ready) and m.cell.key == cell.key)
    return next((verdict.summary for verdict in verdicts if verdict and not verdict.ok), "")
