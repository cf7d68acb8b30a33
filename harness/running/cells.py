"""What is run: cells, what they became when made ready, and the groups that run in blocks."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, TypeAlias

from harness.analysis.kept import KeptBlocks
from harness.analysis.schedule import StopRule
from harness.errors import HarnessError
from harness.frozen import dataclass
from harness.model import (
    Agreement,
    Build,
    Case,
    Mode,
    Output,
    Target,
    Task,
    Trial,
    TrialRecord,
    TrialStatus,
)
from harness.model.draws import Seeds
from harness.model.tasks import BENCHMARK
from harness.plugins import Adapter
from harness.running.drawing import Draw, Draws
from harness.running.lengthening import Lengthening

if TYPE_CHECKING:
    from harness.running.settings import Settings
    from harness.system.process.opening import CoreRunner

MAX_FAILURES = 3
"""A target whose trials failed this often is not tried again; one that hung, never."""

LONG_CHECK_NS = 1_000_000_000
"""Where the first runs of a group's targets, for their outputs, take as long together, they are
their first warm-up trials too."""


CellKey = tuple[str, str, str]
"""Task, case and the cell's name."""
GroupKey = tuple[str, str]
"""Task and case."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A target on a case: what gets a row of the table."""

    task: Task
    case: Case
    target: Target
    label: str = ""
    """Its name in results; the target's where two revisions need no telling apart."""
    expected: Output | None = None
    """What its outputs must agree with, such as a baseline's stored ones; None: the reference
    target's outputs, and in every trial its own first one."""
    first: Output | None = None
    """What stands for its own first output, which is then not asked for; whoever gave it discards
    it."""
    failure: HarnessError | None = None
    """Why it cannot be run, where that is known before it is made ready."""
    mode: Mode | None = None
    """How it is timed whatever the others are; None: as the settings say."""

    @property
    def name(self) -> str:
        return self.label or self.target.name

    @property
    def key(self) -> CellKey:
        """What tells it from the other cells of a run."""
        return (*self.group_key, self.name)

    @property
    def group_key(self) -> GroupKey:
        """What it has in common with the cells that it runs interleaved with."""
        return self.task.name, self.case.name

    def given(self, case: Case) -> Cell:
        """The same on another case."""
        return replace(self, case=case)


@dataclass(frozen=True, slots=True)
class Ready:
    """A cell made ready to be timed."""

    cell: Cell
    adapter: Adapter
    build: Build
    expected: Output
    """Its own first output, with the declared values."""
    verdict: Agreement | None = None
    """Its first output against what is wanted; None for the reference target itself."""
    first_ns: int = 0
    """How long it took to have that output."""

    @property
    def right(self) -> bool:
        """Is nothing wrong with its first output?"""
        return self.verdict is None or self.verdict.ok

    def is_warm(self, mode: Mode, of: int = 1) -> bool:
        """Was the run for its first output a warm-up as well, where it is one of as many?

        Short ones cost nothing to repeat, and what is steady warms up in each trial. Who gave a
        first output to have no run before the timed ones wants none to warm up either. `mode`: of
        a cell that has none of its own.
        """
        if (self.cell.mode or mode) is not Mode.COLD:
            return False
        return self.cell.first is not None or of * self.first_ns >= LONG_CHECK_NS


@dataclass(frozen=True, slots=True)
class Failed:
    """A cell that could not be made ready, and why."""

    cell: Cell
    failure: HarnessError
    build: Build | None = None
    """None where it failed before or while it was built."""
    output: Output | None = None
    """Its first output, where it had one that could not be compared."""


Prepared: TypeAlias = Ready | Failed
"""What becomes of a cell before anything is timed."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One trial to be made: of whom, given what, and its place."""

    member: Ready
    draw: Draw
    block: int
    """-1 for warming up."""
    position: int


@dataclass(slots=True)
class Group:
    """All cells of one task on one case, with the blocks measured so far."""

    members: list[Prepared]
    rule: StopRule
    draws: Draws
    blocks: KeptBlocks = field(default_factory=KeptBlocks)
    failures: dict[str, int] = field(default_factory=dict)
    """How often a cell has failed, by its name; a trial that hung counts for all."""
    first_failure: dict[str, Trial] = field(default_factory=dict)
    """The first trial that failed, by the cell's name; warm-up trials are included."""
    stopped: str | None = None
    """Why no further block is wanted."""
    left: Collection[str] = ()
    """The cells that need no further block, by the rule."""
    next_block: int = 0
    spent_ns: int = 0
    """What the blocks that were measured now have taken, with everything between their trials."""
    made: int = 0
    """How many these are."""
    lengthening: Lengthening = field(default_factory=Lengthening)

    @property
    def block_ns(self) -> int:
        """How long a block takes; 0 while none was measured."""
        return self.spent_ns // self.made if self.made else 0

    @property
    def shortest_ns(self) -> int:
        """The shortest trial of the last block; 0 where there is none."""
        last = self.blocks[-1].values() if len(self.blocks) else ()
        return min((record.trial.wall_ns for each in last for record in each), default=0)

    @property
    def running(self) -> list[Ready]:
        """The members that still take part in blocks."""
        ready = [m for m in self.members if isinstance(m, Ready) and m.cell.name not in self.left]
        return [m for m in ready if not self.given_up(m.cell.name)]

    def given_up(self, name: str) -> bool:
        """Has this cell failed too often to be tried again?"""
        return self.failures.get(name, 0) >= MAX_FAILURES

    def lengthened(self, settings: Settings, budget_ns: int | None) -> str:
        """Have steady trials to come take longer where one of the block had not settled.

        Says so in words; the empty string where they stay as they are.
        """
        of_a_suite = BENCHMARK in self.members[0].cell.case.params  # which has a clock of its own
        if not self.lengthening.wanted or of_a_suite:
            return ""
        trials = max(1, len(self.running) * settings.blocks_wanted)
        most_ns = math.inf if budget_ns is None else budget_ns / trials
        plan = self.lengthening.block_ended(settings.steady, most_ns)
        if plan is None:
            return ""
        return (
            f"{self.members[0].cell.task.name}: a trial had no steady state, so the next ones take"
            f" up to {plan.samples:,} samples or {plan.budget_ns / 1e9:.0f} s"
        )

    def note(self, record: TrialRecord) -> None:
        """Count a trial that did not end well, and see whether a steady one settled."""
        trial = record.trial
        self.lengthening.note(record)
        if trial.ok:
            return
        weight = MAX_FAILURES if trial.status is TrialStatus.TIMED_OUT else 1
        self.failures[record.target] = self.failures.get(record.target, 0) + weight
        self.first_failure.setdefault(record.target, trial)


def same_group(one: Cell, other: Cell) -> bool:
    """Do two cells belong to the same task and case?"""
    return one.group_key == other.group_key


def reference_of(members: Sequence[Prepared]) -> Ready | None:
    """The member that ratios are against: the task's reference, else the first one that runs."""
    ready = [m for m in members if isinstance(m, Ready)]
    named = [m for m in ready if m.cell.name == m.cell.task.reference]
    return next(iter(named or ready), None)


def alike(cells: Sequence[Cell]) -> dict[str, tuple[str, ...]]:
    """The names of those that share a tag, by the tag; by the empty one, of those without any.

    Only where tags tell some of the cells from others, and at least two are left to compare.
    """
    tags = sorted({tag for cell in cells for tag in cell.target.tags})
    found = {tag: tuple(c.name for c in cells if tag in c.target.tags) for tag in tags}
    found[""] = tuple(c.name for c in cells if not c.target.tags)
    return {tag: names for tag, names in found.items() if 1 < len(names) < len(cells)}


def make_groups(
    members: Sequence[Prepared],
    rule_of: Callable[[Sequence[Prepared]], StopRule],
    seeds: Seeds = Seeds.FIXED,
    secret: int = 0,
    given: str = "",
) -> list[Group]:
    """One group per task and case, in the order of the members, each with a rule of its own.

    Its blocks draw what `seeds` says of the case, by `secret`; a seed only where all targets take
    one, since the others would not be given the same work. `given`: they are all given that.
    """

    def draws(group: Sequence[Prepared]) -> Draws:
        return Draws.of(group[0].cell.case, _drawn_by(group, seeds), secret, given)

    together: dict[GroupKey, list[Prepared]] = {}
    for member in members:
        together.setdefault(member.cell.group_key, []).append(member)
    return [Group(group, rule_of(group), draws(group)) for group in together.values()]


def _drawn_by(group: Sequence[Prepared], seeds: Seeds) -> Seeds:
    all_take_one = all(m.cell.target.takes("seed") for m in group)
    return Seeds.DECLARED if seeds is Seeds.FRESH and not all_take_one else seeds


@contextlib.contextmanager
def discarding(runner: CoreRunner, members: Sequence[Prepared]) -> Iterator[None]:
    """Remove the cells' first outputs at the end."""
    try:
        yield
    finally:
        for member in members:
            output = member.expected if isinstance(member, Ready) else member.output
            if output is not None and output is not member.cell.first:
                runner.discard(output)
