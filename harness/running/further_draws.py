"""Two builds on further draws of a case, untimed: is one wrong where the other is right?

The blocks of a comparison that is soon clear see a handful of inputs, and an edit that is wrong for
few of them passes. So what was shown to be faster is run on as many further draws as a short time
holds, of a chance that nobody knew when the code was frozen, beside the build that tells what is
right there. An edit that is wrong for a share p of all draws is found among n of them with
probability 1 - (1 - p)^n. The ends of what may be drawn come first: errors gather there.

Where an older build tells as well, such as a campaign's baseline, what was kept between the two is
looked at once more with each later gain: it tells all draws while it is hardly slower than the
reference, and otherwise has half of the time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import field, replace
from itertools import islice

from harness.correctness.declared import without_chance
from harness.errors import TrialFailed
from harness.frozen import dataclass
from harness.model import Agreement, Case, Output, Task
from harness.model.draws import Seeds
from harness.model.given_values import given_words
from harness.running.cells import Cell
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

END_FURTHER_NS = 4_000_000_000
"""How long at the end of a campaign, once, and by a gate: what these let pass is what users get."""

MOST_ENDS = 4
"""As many of the first draws have an end of what may be drawn."""

HARDLY_SLOWER = 2.0
"""An older build tells all draws while it takes less than as many times the reference's time."""

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
    older: Made | None = None
    """What tells which output is right as well: the reference may be wrong itself."""
    for_ns: int | None = None
    """How long further draws are tried; None: `FURTHER_NS`."""

    @classmethod
    def of(cls, session: Session, reference: Cell, candidate: Cell) -> BothSides:
        """Those of two cells, built; raises what building raises."""
        build = session.orchestrator.build
        return cls(build(reference.target), build(candidate.target), candidate.task)


def check_further(session: Session, both: BothSides, case: Case, seeds: Seeds) -> Checked:
    """Run both builds on further draws until one differs, or their time has passed.

    What the reference does not run on says nothing. Nothing is tried where nothing is drawn, or
    nothing is compared.
    """
    # Of the system's chance: what follows from a stored seed could be known.
    chance = random.SystemRandom()
    draws = Draws.of(case, seeds, 0)
    task = without_chance(both.task)
    if not draws.wanted or both.task.ignores_output or (both.task.outputs and not task.outputs):
        return Checked()
    session.orchestrator.telling.step(f"checking {_named(session, both)} on further draws")
    seen: set[str] = set()
    agreed = 0
    until = time.monotonic_ns() + (FURTHER_NS if both.for_ns is None else both.for_ns)
    turns = _Turns(both)
    with _pair(session, replace(both, task=task)) as pair:
        for drawn, text in islice(_some(draws, chance), MOST_FURTHER):
            if time.monotonic_ns() >= until:
                break
            if text in seen:
                continue
            seen.add(text)
            with turns.next() as right:
                found = pair.tried(drawn, right)
            if found is None:
                continue
            if not found.ok:
                return Checked(agreed, replace(found, summary=given_words(text, found.summary)))
            agreed += 1
    return Checked(agreed)


def _some(draws: Draws, chance: random.Random) -> Iterator[tuple[Case, str]]:
    """Cases and what is told of them: first with ends of what may be drawn, then any."""
    ends = list(draws.case.ends(draws.seeds))
    chance.shuffle(ends)
    for name, value in ends[:MOST_ENDS]:
        drawn = draws.case.drawn(draws.seeds, chance).given({name: value})
        yield drawn, drawn.draw_text(draws.seeds)
    while True:
        yield draws.drawn(chance)


@dataclass(slots=True)
class _Turns:
    """Whose turn it is to tell what is right."""

    both: BothSides
    spent_ns: list[int] = field(default_factory=lambda: [0, 0])
    """Of the reference, and of the older build."""
    turns: list[int] = field(default_factory=lambda: [0, 0])

    @contextmanager
    def next(self) -> Iterator[Made]:
        """The build that tells; what it takes meanwhile is counted."""
        number, older = 0, self.both.older
        if older is not None and self._is_olders_turn():
            number = 1
        begun = time.monotonic_ns()
        yield self.both.reference if older is None or number == 0 else older
        self.spent_ns[number] += time.monotonic_ns() - begun
        self.turns[number] += 1

    def _is_olders_turn(self) -> bool:
        if 0 in self.turns:
            return self.turns[1] == 0
        each, older = (ns / n for ns, n in zip(self.spent_ns, self.turns, strict=True))
        return older < HARDLY_SLOWER * each or self.spent_ns[1] <= self.spent_ns[0]


def check_case(session: Session, both: BothSides, case: Case) -> Agreement:
    """Run both builds once on a case, untimed: does the candidate agree with the reference?"""
    session.orchestrator.telling.step(f"checking {_named(session, both)}")
    with _pair(session, replace(both, task=without_chance(both.task))) as pair:
        return pair.tried(case, both.reference) or Agreement(ok=True)


def _named(session: Session, both: BothSides) -> str:
    return session.orchestrator.telling.named(both.candidate[1].target.name)


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

    def tried(self, case: Case, right: Made) -> Agreement | None:
        """Does the candidate agree on a case? None where what tells does not run on it."""
        (runner, other), task = self.runners, self.both.task
        try:
            before, now = (
                (adapter, self.generated.given(build, case))
                for adapter, build in (right, self.both.candidate)
            )
        except TrialFailed:  # of the generator
            return None
        target = now[1].target
        # Commands around a trial are for one trial at a time.
        alone = bool(target.prepare or target.conclude)
        beside = None if alone else self.pool.submit(_output, other, now, task, case)
        told = _output(runner, before, task, case)
        found = beside.result() if beside is not None else None
        try:
            if isinstance(told, TrialFailed):
                return None
            if not isinstance(found, Output):
                # What failed beside another may lack what both want, such as a port.
                found = _output(other, now, task, case)
            if isinstance(found, TrialFailed):
                return Agreement(ok=False, summary=f"it does not end well: {found.message}")
            if found.digest == told.digest:
                return Agreement(ok=True)
            return check_outputs(now[0], task, told, found)
        finally:
            _discard(runner, told)
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
