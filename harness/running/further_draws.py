"""Two builds on further draws of a case, untimed: is one wrong where the other is right?

The blocks of a comparison that is soon clear see a handful of inputs, and an edit that is wrong for
few of them passes. So what was shown to be faster is run on as many further draws as a short time
holds, of a chance that nobody knew when the code was frozen, beside the build that tells what is
right there. An edit that is wrong for a share p of all draws is found among n of them with
probability 1 - (1 - p)^n.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from harness.correctness.declared import without_chance
from harness.errors import TrialFailed
from harness.frozen import dataclass
from harness.model import Agreement, Case, Output, Task
from harness.model.draws import Seeds
from harness.model.given_values import given_words
from harness.running.checking import check_outputs
from harness.running.commands import beside_trial
from harness.running.drawing import Draws
from harness.running.generating import Generated
from harness.running.made_once import Made
from harness.running.session import Session
from harness.system.outputs.taking import take_outputs
from harness.system.process.opening import CoreRunner

FURTHER_NS = 800_000_000
"""How long further draws are tried, in all."""

MOST_FURTHER = 300
"""No more are tried: of what is wrong for one draw in a hundred they find 95 %."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What further draws said of a candidate."""

    draws: int = 0
    """As many agreed."""
    wrong: Agreement | None = None
    """What is wrong on the next one; None: nothing is."""


@dataclass(frozen=True, slots=True)
class BothSides:
    """What tells which output is right, and what is tried."""

    reference: Made
    candidate: Made
    task: Task


def check_further(session: Session, both: BothSides, case: Case, seeds: Seeds) -> Checked:
    """Run both builds on further draws until one differs, or `FURTHER_NS` have passed.

    What the reference does not run on says nothing. Nothing is tried where nothing is drawn, or
    nothing is compared.
    """
    # Of the system's chance: what follows from a stored seed could be known.
    chance = random.SystemRandom()
    draws = Draws.of(case, seeds, 0)
    task = without_chance(both.task)
    if not draws.wanted or both.task.ignores_output or (both.task.outputs and not task.outputs):
        return Checked()
    session.orchestrator.step(f"checking {both.candidate[1].target.name} on further draws")
    seen: set[str] = set()
    agreed, until = 0, time.monotonic_ns() + FURTHER_NS
    with _pair(session, replace(both, task=task)) as pair:
        for _ in range(MOST_FURTHER):
            if time.monotonic_ns() >= until:
                break
            drawn, text = draws.drawn(chance)
            if text in seen:
                continue
            seen.add(text)
            found = pair.tried(drawn)
            if found is None:
                continue
            if not found.ok:
                return Checked(agreed, replace(found, summary=given_words(text, found.summary)))
            agreed += 1
    return Checked(agreed)


def check_case(session: Session, both: BothSides, case: Case) -> Agreement:
    """Run both builds once on a case, untimed: does the candidate agree with the reference?"""
    session.orchestrator.step(f"checking {both.candidate[1].target.name}")
    with _pair(session, replace(both, task=without_chance(both.task))) as pair:
        return pair.tried(case) or Agreement(ok=True)


@contextmanager
def _pair(session: Session, both: BothSides) -> Iterator[_Pair]:
    with session.another_runner() as other, ThreadPoolExecutor(1) as pool:
        yield _Pair(both, session.orchestrator.generated, (session.runner, other), pool)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Runs both sides on one draw at once, each by a runner of its own."""

    both: BothSides
    generated: Generated
    runners: tuple[CoreRunner, CoreRunner]
    pool: ThreadPoolExecutor

    def tried(self, case: Case) -> Agreement | None:
        """Does the candidate agree on a case? None where the reference does not run on it."""
        (runner, other), task = self.runners, self.both.task
        try:
            before, now = (
                (adapter, self.generated.given(build, case))
                for adapter, build in (self.both.reference, self.both.candidate)
            )
        except TrialFailed:  # of the generator
            return None
        target = now[1].target
        # Commands around a trial are for one trial at a time.
        alone = bool(target.prepare or target.conclude)
        beside = None if alone else self.pool.submit(_output, other, now, task, case)
        right = _output(runner, before, task, case)
        found = beside.result() if beside is not None else None
        try:
            if isinstance(right, TrialFailed):
                return None
            if not isinstance(found, Output):
                # What failed beside another may lack what both want, such as a port.
                found = _output(other, now, task, case)
            if isinstance(found, TrialFailed):
                return Agreement(ok=False, summary=f"it does not end well: {found.message}")
            if found.digest == right.digest:
                return Agreement(ok=True)
            return check_outputs(now[0], task, right, found)
        finally:
            _discard(runner, right)
            _discard(other, found)


def _output(runner: CoreRunner, made: Made, task: Task, case: Case) -> Output | TrialFailed:
    """What a build computes on a case, with the declared values; or why there is none."""
    adapter, build = made
    try:
        with beside_trial(runner, build.target):
            output = adapter.run(build, case, runner)
    except TrialFailed as failure:
        return failure
    try:
        return replace(output, values=take_outputs(output, task.outputs))
    except TrialFailed as failure:
        runner.discard(output)
        return failure


def _discard(runner: CoreRunner, output: Output | TrialFailed | None) -> None:
    if isinstance(output, Output):
        runner.discard(output)
