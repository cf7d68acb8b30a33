"""Probe, build, check, time, record: the core that runs targets and stores their trials.

A run is made of groups; a group is all targets of one task on one case. Every group's targets run
interleaved in blocks, and the groups take turns, so that whatever the machine does meanwhile hits
all of them alike. A target that fails stops nothing else.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from harness.analysis.schedule import Block, block_order, padding_bytes
from harness.correctness.declared import nothing_to_check
from harness.errors import BuildFailed, HarnessError, StorageFailed, TrialFailed
from harness.model import (
    Agreement,
    Build,
    Case,
    Jail,
    Mode,
    Output,
    Target,
    Task,
    Toolchain,
    Trial,
    TrialPlan,
    TrialRecord,
    TrialStatus,
)
from harness.model.durations import write_duration
from harness.model.given_values import given_words
from harness.plugins import Adapter, Adapters
from harness.running.cells import (
    Cell,
    Failed,
    Group,
    Prepared,
    Ready,
    Turn,
    reference_of,
)
from harness.running.checking import check_outputs
from harness.running.commands import beside_trial, run_commands
from harness.running.generating import Generated
from harness.running.listening import Listener, Quiet
from harness.running.made_by import as_own_build
from harness.running.made_once import Made, MadeOnce
from harness.running.making_ready import made_ready
from harness.running.overheard import Overheard
from harness.running.own_builds import OwnBuilds
from harness.running.pace import Pace, limit_of
from harness.running.settings import Settings, TimeLimit
from harness.running.telling_steps import TellingSteps
from harness.running.trial_figures import with_figures
from harness.system.outputs.taking import take_outputs
from harness.system.process.given import files_digest
from harness.system.process.opening import CoreRunner
from harness.system.process.telling import telling_words
from harness.system.store.runs import RunWriter

_THE_SAME_BYTES = Agreement(ok=True, summary="the same bytes")


class Orchestrator:
    """Makes cells ready and runs their trials."""

    def __init__(
        self,
        adapters: Adapters,
        runner: CoreRunner,
        builds: Path,
        listener: Listener | None = None,
    ) -> None:
        self.adapters = adapters
        self.runner = runner
        self.generated = Generated(runner)
        self._builds = builds
        self.telling = TellingSteps(listener or Quiet())
        self._toolchains: dict[tuple[str, Path, str], Toolchain | HarnessError] = {}
        self.notes: dict[str, None] = {}
        """What a reader of the results should know of how targets were made, each once."""
        self.once = MadeOnce(self.set_up, self.build)

    # -- make ready -----------------------------------------------------------------------------

    def prepare(
        self,
        cells: Iterable[Cell],
        mode: Mode = Mode.COLD,
        beside: CoreRunner | None = None,
    ) -> list[Prepared]:
        """Probe, set up, build and run each cell once; failures are kept, not raised.

        Two at once where there is a runner for those that run `beside` others. StorageFailed alone
        is raised: a full disk is no failure of a cell.
        """
        runners, everyone = (self.runner,) if beside is None else (self.runner, beside), [*cells]
        numbers = {id(cell): number for number, cell in enumerate(everyone, 1)}

        def make(cell: Cell, runner: CoreRunner) -> Prepared:
            with self.telling.about(cell.name, numbers[id(cell)], len(everyone)):
                return self._prepare(cell, mode, runner)

        try:
            return made_ready(everyone, make, runners)
        finally:
            self.once.forget()

    def adapter(self, name: str) -> Adapter:
        """The adapter of that name; raises what loading it raises."""
        return self.adapters.get(name)

    def build(self, target: Target) -> tuple[Adapter, Build]:
        """Build one target; raises what probing and building raise."""
        adapter = self.adapter(target.adapter)
        target = replace(
            target,
            build_inputs_digest=files_digest(target.build_inputs),
            caches_last=self.runner.jail is not Jail.STRICT,
        )
        toolchain = self._probe(adapter, target)
        self.telling.building(target)
        workdir = self._builds / target.adapter
        workdir.mkdir(parents=True, exist_ok=True)
        try:
            with self.runner.on_behalf_of(target):
                heard = Overheard(self.runner, self.telling)
                build = adapter.build(target, toolchain, workdir, heard)
                return adapter, as_own_build(build)
        except BuildFailed as failure:
            what, _, words = failure.message.partition("\n")
            message = f"{what}\n{telling_words(words)}" if words else what
            raise BuildFailed(message, hint=failure.hint) from None

    def check(self, adapter: Adapter, build: Build, task: Task, case: Case) -> Output:
        """Run a build once and read its declared outputs; TrialFailed where that cannot be."""
        return _with_outputs(self.run_once(adapter, build, case), task)

    def run_once(
        self, adapter: Adapter, build: Build, case: Case, runner: CoreRunner | None = None
    ) -> Output:
        """Run a build for its output, untimed; TrialFailed where it does not end well.

        By `runner`; left out: by the session's own.
        """
        runner = runner or self.runner
        self.telling.step(f"checking {self.telling.named(build.target.name)}")
        with beside_trial(runner, build.target):
            return adapter.run(self.generated.given(build, case), case, runner)

    def _prepare(self, cell: Cell, mode: Mode, runner: CoreRunner) -> Prepared:
        target = replace(cell.target, steady=(cell.mode or mode) is Mode.STEADY)
        build: Build | None = None
        try:
            if cell.failure is not None:
                raise cell.failure
            adapter, build = self.once.made(target)
            begun = time.monotonic_ns()
            expected = cell.first or self._expected(cell, (adapter, build), runner)
        except StorageFailed:
            raise
        except HarnessError as failure:
            return Failed(cell, failure, build)
        return Ready(cell, adapter, build, expected, first_ns=time.monotonic_ns() - begun)

    def _expected(self, cell: Cell, made: Made, runner: CoreRunner) -> Output:
        """The output to compare trials with: that of the plain program, in either mode."""
        adapter, build = made
        if build.target.steady:
            adapter, build = self.build(replace(build.target, steady=False))
        return _with_outputs(self.run_once(adapter, build, cell.case, runner), cell.task)

    def _probe(self, adapter: Adapter, target: Target) -> Toolchain:
        """The target's toolchain; asked for once per set of options, failures included."""
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

    def set_up(self, target: Target) -> Target:
        """Run a target's setup and its own build; BuildFailed where a command does not end with 0.

        The target as its adapter is handed it: in the tree of its own build, if it has one.
        """
        for command in target.setup:
            self.telling.detail(f"$ {shlex.join(command)}")
        run_commands(self.runner, target, "setup")
        if not target.build:
            return target
        builds = OwnBuilds(
            # What was built outside of a jail may have read what a jail does not show.
            self._builds / ("own-jailed" if self.runner.jail is Jail.STRICT else "own"),
            lambda moved: run_commands(self.runner, moved, "build"),
            self.telling.step,
            lambda words: self.notes.update({words: None}),
        )
        return builds.made(target, self.adapter(target.adapter).paths)

    def cleanup(self, cells: Iterable[Cell]) -> list[str]:
        """Run the cleanup commands; returns what went wrong, in words."""
        problems = []
        for cell in cells:
            try:
                run_commands(self.runner, cell.target, "cleanup")
            except HarnessError as failure:
                problems.append(failure.message)
        return problems

    # -- time -----------------------------------------------------------------------------------

    def measure(self, groups: Sequence[Group], settings: Settings, writer: RunWriter) -> None:
        """Run blocks until every group's rule is content or the budget is spent.

        Every trial is stored before the next one begins; `groups` carry the blocks afterwards.
        KeyboardInterrupt passes through, with everything finished so far stored.
        """
        self.telling.measuring()
        started = time.monotonic_ns()
        budget = (limit := limit_of(groups, settings)).ns
        pace = Pace(self.telling, settings, groups)
        for group in groups:
            self._warm_up(group, settings, writer)
        while active := [g for g in groups if g.stopped is None]:
            for group in active:
                spent = time.monotonic_ns() - started
                # One block is made whatever it takes; none is begun that would end too late.
                if budget is not None and group.blocks and spent + group.block_ns > budget:
                    group.stopped = "the budget is spent"
                elif not (running := group.running):
                    group.stopped = "no target is left that runs"
                else:
                    pace.block_begins(group, None if budget is None else budget - spent)
                    self._block(group, running, settings, writer)
                    if longer := group.lengthened(settings, budget):
                        self.telling.remark(longer)
                    group.stopped = group.rule(group.blocks)
                pace.block_ended(group)
            if budget is not None and all(g.made == 1 or g.stopped for g in groups):
                spent = time.monotonic_ns() - started
                wanted = settings.blocks_wanted_of(min(g.shortest_ns for g in groups))
                budget = self._budget_that_holds(groups, wanted, replace(limit, ns=budget), spent)

    def _budget_that_holds(
        self, groups: Sequence[Group], wanted: int, limit: TimeLimit, spent: int
    ) -> int | None:
        """The budget after the first blocks: stretched where that serves; says what is lacking."""
        left = [g for g in groups if g.stopped is None]
        missing = (max(0, wanted - len(g.blocks)) * g.block_ns for g in left)
        needed = round(1.1 * (spent + sum(missing)))  # blocks are not all of one length
        budget = limit.ns
        if budget is None or needed <= budget or not any(len(g.running) > 1 for g in left):
            return budget
        if needed <= budget * limit.stretch:
            self.telling.remark(
                f"{wanted} blocks, the fewest that give a verdict, take about"
                f" {needed / 1e9:.0f} s: measuring that long"
            )
            return needed
        self.telling.remark(
            f"{budget / 1e9:.3g} s hold no verdict: {wanted} blocks, the fewest"
            f" that give one, take about {needed / 1e9:.0f} s (`budget='{write_duration(needed)}'`)"
        )
        return budget

    def _warm_up(self, group: Group, settings: Settings, writer: RunWriter) -> None:
        if group.next_block:
            return
        given, members = group.draws.nothing, group.running
        for member in members:
            self.telling.step(f"warming up {member.cell.name}")
            for _ in range(settings.warmup - member.is_warm(settings.mode, len(members))):
                self._trial(group, Turn(member, given, -1, 0), settings, writer)

    def _block(
        self, group: Group, members: Sequence[Ready], settings: Settings, writer: RunWriter
    ) -> None:
        begun, number = time.monotonic_ns(), group.next_block
        group.next_block += 1
        running = {m.cell.name: m for m in members}
        draw = group.draws.of_block(number, group.spent_ns, lambda case: self._right(group, case))
        block: Block = {}
        for position, name in enumerate(
            block_order(list(running), settings.design, settings.drawn_seed, number)
        ):
            if group.given_up(name):
                continue
            turn = Turn(running[name], draw, number, position)
            record = self._trial(group, turn, settings, writer)
            block.setdefault(name, []).append(record)
        group.blocks.append(block)
        group.spent_ns += time.monotonic_ns() - begun
        group.made += 1

    def _right(self, group: Group, case: Case) -> Output:
        """What is right for a draw: what the group's reference computes; TrialFailed if nothing."""
        reference = reference_of(group.members)
        if reference is None:
            raise TrialFailed("no target is left that tells what is right for what was drawn")
        try:
            made = reference.adapter, reference.build
            output = self._expected(reference.cell.given(case), made, self.runner)
        except TrialFailed as failure:
            raise TrialFailed(f"{reference.cell.name} fails: {failure.message}") from None
        self.runner.discard(output)
        return output

    def _trial(
        self, group: Group, turn: Turn, settings: Settings, writer: RunWriter
    ) -> TrialRecord:
        cell, build = turn.member.cell, turn.member.build
        plan = TrialPlan(
            mode=cell.mode or settings.mode,
            timeout_ns=cell.target.timeout_ns,
            cpus=settings.cpus,
            pad_bytes=padding_bytes(settings.drawn_seed, turn.block) if settings.vary_layout else 0,
            steady=group.lengthening.plan(settings.steady),
        )
        started_at_ns = time.time_ns()
        trial, agreement = self._execute(turn, plan)
        record = TrialRecord(
            run_id=writer.run_id,
            task=cell.task.name,
            case=cell.case.name,
            target=cell.name,
            adapter=turn.member.adapter.name,
            language=build.toolchain.language,
            build_digest=build.digest,
            mode=plan.mode,
            block=turn.block,
            position=turn.position,
            warmup=turn.block < 0,
            started_at_ns=started_at_ns,
            trial=trial,
            output_ok=None if agreement is None else agreement.ok,
            disagreement="" if agreement is None or agreement.ok else agreement.summary,
            draw=turn.draw.text,
        )
        writer.append(record)
        group.note(record)
        if trial.output is not None:
            self.runner.discard(trial.output)
        self.telling.trial(record)
        return record

    def _execute(self, turn: Turn, plan: TrialPlan) -> tuple[Trial, Agreement | None]:
        """One trial and what is to be said of its output; an adapter that fails stops nothing."""
        member = turn.member
        trial = Trial(TrialStatus.NOT_STARTED, wall_ns=0)
        try:
            build = self.generated.given(member.build, turn.draw.case)
            with beside_trial(self.runner, build.target):
                trial = member.adapter.time(build, turn.draw.case, plan, self.runner)
            trial = with_figures(trial, member.cell.task, turn.draw.case, plan.mode)
            agreement = self._check_trial(turn, trial)
        except StorageFailed:
            raise
        except HarnessError as failure:
            status = TrialStatus.FAILED if trial.ok else TrialStatus.NOT_STARTED
            return replace(trial, status=status, message=failure.message), None
        if agreement is not None and not agreement.ok:
            trial = replace(trial, status=TrialStatus.WRONG_OUTPUT, message=agreement.summary)
        return trial, agreement

    def _check_trial(self, turn: Turn, trial: Trial) -> Agreement | None:
        """A trial's output against the wanted one; None where there was nothing to compare."""
        member = turn.member
        if trial.output is None or not trial.ok:
            return None
        if member.verdict is not None and not member.verdict.ok:
            return member.verdict
        task, first = member.cell.task, turn.draw.expected or member.expected
        unchecked = nothing_to_check(task, first.values)
        if trial.output.digest == first.digest:
            return None if unchecked else _THE_SAME_BYTES
        try:
            actual = replace(trial.output, values=take_outputs(trial.output, task.outputs))
        except TrialFailed as failure:
            return Agreement(ok=False, summary=given_words(turn.draw.text, failure.message))
        wanted = turn.draw.expected or member.cell.expected or member.expected
        agreement = check_outputs(member.adapter, task, wanted, actual)
        if not agreement.ok:
            agreement = replace(agreement, summary=given_words(turn.draw.text, agreement.summary))
        return None if unchecked and agreement.ok else agreement


def _with_outputs(output: Output, task: Task) -> Output:
    return replace(output, values=take_outputs(output, task.outputs))
