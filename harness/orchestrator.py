"""Probe, build, check, time, record: the core that runs targets and stores their trials.

A run is made of groups; a group is all targets of one task on one case. Every group's targets run
interleaved in blocks, and the groups take turns, so that whatever the machine does meanwhile hits
all of them alike. A target that fails stops nothing else.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from harness.correctness import agree_all
from harness.edge.outputs import read_outputs
from harness.edge.process import LocalRunner
from harness.edge.store import RunWriter, from_row
from harness.errors import HarnessError, TrialFailed
from harness.model import (
    Agreement,
    Build,
    Case,
    Mode,
    Output,
    SteadyPlan,
    Target,
    Task,
    Toolchain,
    Trial,
    TrialPlan,
    TrialRecord,
    TrialStatus,
)
from harness.plugins import Adapter, Adapters
from harness.schedule import Block, Design, StopRule, block_order, padding_bytes

MAX_FAILURES = 3
"""A target whose trials failed this often is not tried again; one that hung, never."""


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

    @property
    def name(self) -> str:
        return self.label or self.target.name


@dataclass(frozen=True, slots=True)
class Prepared:
    """A cell made ready to be timed, or the reason why it could not be."""

    cell: Cell
    adapter: Adapter | None = None
    build: Build | None = None
    expected: Output | None = None
    """Its own first output, with the declared values."""
    failure: HarnessError | None = None
    verdict: Agreement | None = None
    """Its first output against what is wanted; None for the reference target itself."""

    @property
    def ready(self) -> bool:
        return self.failure is None and self.expected is not None


@dataclass(frozen=True, slots=True)
class Settings:
    """How trials are made; the same for all cells of a run."""

    seed: int
    mode: Mode = Mode.COLD
    design: Design = Design.PAIRED
    warmup: int = 1
    """Trials of each target before the first block; stored, marked and not counted."""
    cpus: tuple[int, ...] = ()
    vary_layout: bool = True
    budget_ns: int | None = None
    """No new block is begun after this time."""
    steady: SteadyPlan = field(default_factory=SteadyPlan)


@dataclass(slots=True)
class Group:
    """All cells of one task on one case, with the blocks measured so far."""

    members: list[Prepared]
    rule: StopRule
    blocks: list[Block] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)
    stopped: str | None = None
    """Why no further block is wanted."""
    next_block: int = 0

    @property
    def running(self) -> list[Prepared]:
        """The members that still take part in blocks."""
        return [
            m for m in self.members if m.ready and self.failures.get(m.cell.name, 0) < MAX_FAILURES
        ]


class Listener(Protocol):
    """Told what goes on; the CLI shows it to people."""

    def step(self, what: str) -> None:
        """A build, a check or a block begins."""

    def trial(self, record: TrialRecord) -> None:
        """A trial was stored."""


class Quiet:
    """A Listener that says nothing."""

    def step(self, what: str) -> None:
        """Ignore it."""

    def trial(self, record: TrialRecord) -> None:
        """Ignore it."""


class Orchestrator:
    """Makes cells ready and runs their trials."""

    def __init__(
        self,
        adapters: Adapters,
        runner: LocalRunner,
        builds: Path,
        listener: Listener | None = None,
    ) -> None:
        self._adapters = adapters
        self.runner = runner
        self._builds = builds
        self._listener = listener or Quiet()
        self._toolchains: dict[tuple[str, Path, str], Toolchain | HarnessError] = {}

    # -- make ready -----------------------------------------------------------------------------

    def prepare(self, cells: Iterable[Cell], mode: Mode = Mode.COLD) -> list[Prepared]:
        """Probe, set up, build and run each cell once; failures are kept, not raised."""
        prepared = [self._prepare(cell, mode) for cell in cells]
        return [self._judge(member, prepared) for member in prepared]

    def build(self, target: Target) -> tuple[Adapter, Build]:
        """Build one target; raises what probing and building raise."""
        adapter = self._adapters.get(target.adapter)
        toolchain = self._probe(adapter, target)
        self._listener.step(f"building {target.name}")
        workdir = self._builds / target.adapter
        workdir.mkdir(parents=True, exist_ok=True)
        return adapter, adapter.build(target, toolchain, workdir, self.runner)

    def check(self, adapter: Adapter, build: Build, task: Task, case: Case) -> Output:
        """Run a build once and read its declared outputs; TrialFailed where that cannot be."""
        output = self.run_once(adapter, build, case)
        return replace(output, values=read_outputs(output, task.outputs))

    def run_once(self, adapter: Adapter, build: Build, case: Case) -> Output:
        """Run a build for its output, untimed; TrialFailed where it does not end well."""
        self._listener.step(f"checking {build.target.name}")
        return adapter.run(build, case, self.runner)

    def _prepare(self, cell: Cell, mode: Mode) -> Prepared:
        target = replace(cell.target, steady=mode is Mode.STEADY)
        adapter: Adapter | None = None
        build: Build | None = None
        try:
            self.set_up(target)
            adapter, build = self.build(target)
            expected = self._expected(cell, adapter, build)
        except HarnessError as failure:
            return Prepared(cell, adapter, build, failure=failure)
        return Prepared(cell, adapter, build, expected)

    def _expected(self, cell: Cell, adapter: Adapter, build: Build) -> Output:
        """The output to compare trials with: that of the plain program, in either mode."""
        if build.target.steady:
            adapter, build = self.build(replace(build.target, steady=False))
        return self.check(adapter, build, cell.task, cell.case)

    def _probe(self, adapter: Adapter, target: Target) -> Toolchain:
        """The target's toolchain; asked for once a set of options, failures remembered too."""
        key = (adapter.name, target.root, repr(sorted(target.options.items())))
        if key not in self._toolchains:
            try:
                self._toolchains[key] = adapter.probe(self.runner, target)
            except HarnessError as failure:
                self._toolchains[key] = failure
        found = self._toolchains[key]
        if isinstance(found, HarnessError):
            raise found
        return found

    def set_up(self, target: Target) -> None:
        """Run a target's setup commands; TrialFailed where one does not end with 0."""
        self._commands(target, target.setup, "setup")

    def _commands(self, target: Target, commands: Sequence[Sequence[str]], what: str) -> None:
        for command in commands:
            done = self.runner.tool(command, cwd=target.root, env=target.env)
            if not done.ok:
                tail = "\n".join(done.stderr.splitlines()[-5:])
                raise TrialFailed(
                    f"target {target.name!r}: {what} command {' '.join(command)!r} ended with"
                    f" {done.exit_code}\n{tail}"
                )

    def cleanup(self, members: Iterable[Prepared]) -> list[str]:
        """Run the cleanup commands; returns what went wrong, in words."""
        problems = []
        for member in members:
            try:
                self._commands(member.cell.target, member.cell.target.cleanup, "cleanup")
            except HarnessError as failure:
                problems.append(failure.message)
        return problems

    def _judge(self, member: Prepared, everyone: Sequence[Prepared]) -> Prepared:
        """Compare a cell's first output with the one given, else with its reference's."""
        wanted = member.cell.expected
        if wanted is not None and member.expected is not None:
            assert member.adapter is not None
            verdict = judge(member.adapter, member.cell.task, wanted, member.expected)
            return replace(member, verdict=verdict)
        reference = reference_of([m for m in everyone if same_group(m.cell, member.cell)])
        if reference is None or reference is member or member.expected is None:
            return member
        assert reference.expected is not None
        assert member.adapter is not None
        return replace(
            member,
            verdict=judge(member.adapter, member.cell.task, reference.expected, member.expected),
        )

    # -- time -----------------------------------------------------------------------------------

    def measure(self, groups: Sequence[Group], settings: Settings, writer: RunWriter) -> None:
        """Run blocks until every group's rule is content or the budget is spent.

        Every trial is stored before the next one begins; `groups` carry the blocks afterwards.
        KeyboardInterrupt passes through, with everything finished so far stored.
        """
        started = time.monotonic_ns()
        for group in groups:
            self._warm_up(group, settings, writer)
        while active := [g for g in groups if g.stopped is None]:
            for group in active:
                spent = time.monotonic_ns() - started
                if settings.budget_ns is not None and spent >= settings.budget_ns:
                    group.stopped = "the budget is spent"
                elif not group.running:
                    group.stopped = "no target is left that runs"
                else:
                    self._block(group, settings, writer)
                    group.stopped = group.rule(group.blocks)

    def _warm_up(self, group: Group, settings: Settings, writer: RunWriter) -> None:
        if group.next_block:
            return
        for member in group.running:
            for _ in range(settings.warmup):
                self._trial(group, member, settings, writer, place=(-1, 0))

    def _block(self, group: Group, settings: Settings, writer: RunWriter) -> None:
        number = group.next_block
        group.next_block += 1
        names = [m.cell.name for m in group.running]
        self._listener.step(f"{group.members[0].cell.task.name}: block {number + 1}")
        block: Block = {}
        for position, name in enumerate(block_order(names, settings.design, settings.seed, number)):
            member = next(m for m in group.members if m.cell.name == name)
            if group.failures.get(name, 0) >= MAX_FAILURES:
                continue
            record = self._trial(group, member, settings, writer, place=(number, position))
            block.setdefault(name, []).append(record)
        group.blocks.append(block)

    def _trial(
        self,
        group: Group,
        member: Prepared,
        settings: Settings,
        writer: RunWriter,
        place: tuple[int, int],
    ) -> TrialRecord:
        assert member.adapter is not None
        assert member.build is not None
        cell, build = member.cell, member.build
        block, position = place
        plan = TrialPlan(
            mode=settings.mode,
            timeout_ns=cell.target.timeout_ns,
            cpus=settings.cpus,
            pad_bytes=padding_bytes(settings.seed, *place) if settings.vary_layout else 0,
            steady=settings.steady,
        )
        started_at_ns = time.time_ns()
        trial = member.adapter.time(build, cell.case, plan, self.runner)
        agreement = self._check_trial(member, trial)
        if agreement is not None and not agreement.ok and trial.ok:
            trial = replace(trial, status=TrialStatus.WRONG_OUTPUT, message=agreement.summary)
        record = TrialRecord(
            run_id=writer.folder.name,
            task=cell.task.name,
            case=cell.case.name,
            target=cell.name,
            adapter=member.adapter.name,
            language=build.toolchain.language,
            build_digest=build.digest,
            mode=settings.mode,
            block=block,
            position=position,
            warmup=block < 0,
            started_at_ns=started_at_ns,
            trial=trial,
            output_ok=None if agreement is None else agreement.ok,
            disagreement="" if agreement is None or agreement.ok else agreement.summary,
        )
        writer.append(record)
        if not trial.ok:
            hung = trial.status is TrialStatus.TIMED_OUT
            failures = group.failures.get(cell.name, 0) + (MAX_FAILURES if hung else 1)
            group.failures[cell.name] = failures
        if trial.output is not None:
            self.runner.discard(trial.output)
        self._listener.trial(record)
        return record

    def _check_trial(self, member: Prepared, trial: Trial) -> Agreement | None:
        """A trial's output against the wanted one; the bytes of the first one need no look."""
        if trial.output is None or member.expected is None or not trial.ok:
            return None
        if member.verdict is not None and not member.verdict.ok:
            return member.verdict
        if trial.output.digest == member.expected.digest:
            return Agreement(ok=True, summary="the same bytes")
        assert member.adapter is not None
        task = member.cell.task
        try:
            actual = replace(trial.output, values=read_outputs(trial.output, task.outputs))
        except TrialFailed as failure:
            return Agreement(ok=False, summary=failure.message)
        return judge(member.adapter, task, member.cell.expected or member.expected, actual)


def judge(
    adapter: Adapter,
    task: Task,
    expected: Output,
    actual: Output,
    judged: Mapping[str, Agreement] | None = None,
) -> Agreement:
    """Compare all declared outputs: by the adapter's own knowledge where it has any.

    `judged` holds, by output, what has been said already.
    """
    own = dict(judged or {})
    if adapter.compares():
        for spec in task.outputs:
            if spec.name in own:
                continue
            tolerance = replace(spec.tolerance, output=spec.name)
            agreement = adapter.compare(expected, actual, tolerance)
            if agreement is not None:
                own[spec.name] = agreement
    return agree_all(task, expected.values, actual.values, own)


def same_group(one: Cell, other: Cell) -> bool:
    """Do two cells belong to the same task and case?"""
    return (one.task.name, one.case.name) == (other.task.name, other.case.name)


def reference_of(members: Sequence[Prepared]) -> Prepared | None:
    """The member that ratios are against: the task's reference, else the first one that runs."""
    ready = [m for m in members if m.ready]
    named = [m for m in ready if m.cell.name == m.cell.task.reference]
    return next(iter(named or ready), None)


def make_groups(
    members: Sequence[Prepared], rule_of: Callable[[Sequence[Prepared]], StopRule]
) -> list[Group]:
    """One group a task and case, in the order of the members, each with a rule of its own."""
    together: dict[tuple[str, str], list[Prepared]] = {}
    for member in members:
        together.setdefault((member.cell.task.name, member.cell.case.name), []).append(member)
    return [Group(group, rule_of(group)) for group in together.values()]


def resume_groups(groups: Sequence[Group], writer: RunWriter) -> None:
    """Give groups the whole blocks that an earlier call stored; a torn block is left out."""
    records = [from_row(row) for row in writer.rows]
    for group in groups:
        cell = group.members[0].cell
        own = [
            r
            for r in records
            if (r.task, r.case) == (cell.task.name, cell.case.name) and not r.warmup
        ]
        names = {m.cell.name for m in group.members if m.ready}
        for number in sorted({r.block for r in own}):
            block: Block = {}
            for record in own:
                if record.block == number:
                    block.setdefault(record.target, []).append(record)
            group.next_block = number + 1
            if set(block) >= names:
                group.blocks.append(block)
        if own:
            group.stopped = group.rule(group.blocks)


@contextlib.contextmanager
def discarding(runner: LocalRunner, members: Sequence[Prepared]) -> Iterator[None]:
    """Remove the cells' first outputs at the end."""
    try:
        yield
    finally:
        for member in members:
            if member.expected is not None:
                runner.discard(member.expected)
