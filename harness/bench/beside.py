"""What a gain is worth on other values than those that it was measured on.

Two questions. Where blocks draw nothing, or from few values, these are known to whoever changes
the code: a gain is tried on values beside them, where the last kept state tells what is right.
Where blocks draw, a change that shows no gain is tried on the case's own values: one that is faster
there alone was made for them, and is told as such.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from dataclasses import replace

from harness.baseline.agreeing import BuiltWorkload
from harness.correctness.declared import without_chance
from harness.errors import TrialFailed
from harness.frozen import dataclass
from harness.model import Agreement, Case, Comparison, Metric, Task, Trial, TrialPlan, TrialStatus
from harness.model.given_values import given_words
from harness.render.units import show_factor
from harness.running import check_outputs
from harness.system.outputs.reading import read_outputs

FEWEST_PAIRS, MOST_PAIRS = 2, 6
"""An honest gain is seen in the first pairs: what takes six is none, or is not there."""

LEAST_GAIN = 1.2
"""Smaller gains are not tried elsewhere: a few pairs do not show them."""

KNOWN_GAIN = 1.5
"""Each of a few pairs on the case's own values shows at least as much before anything is said."""
_KNOWN_PAIRS = 3

FEW_VALUES = 1 << 16
"""Of so many sets of values that may be drawn, a table in the program holds all answers."""

LEAST_VARIED = 32
"""Smaller whole numbers are modes, dimensions and orders, of which the next one is another case."""
_PART = 32
"""Values are varied downwards, by at most this part of them: no more memory, and like times."""


@dataclass(frozen=True, slots=True)
class TriedSides:
    """Two builds that are tried one after the other, and by which time they are compared.

    CPU time is what a few pairs on a busy machine tell; of what is faster by the clock alone, such
    as threads, the clock tells more.
    """

    task: Task
    reference: BuiltWorkload
    candidate: BuiltWorkload
    metric: Metric = Metric.CPU


def beside(case: Case, chance: random.Random) -> Case | None:
    """The case with every larger whole number made a little smaller; None: there is none."""
    varied = {
        name: value - chance.randint(1, max(value // _PART, 1))
        for name, value in case.params.items()
        if isinstance(value, int)
        and not isinstance(value, bool)
        and value >= LEAST_VARIED
        and name not in case.choices  # such as powers of two: the others are none
    }
    return replace(case, params={**case.params, **varied}) if varied else None


def fitted(sides: TriedSides, case: Case, step: Comparison) -> Agreement | None:
    """What is wrong with a gain on values beside the case's own; None: nothing, or not known.

    Nothing is said where the last kept state itself takes none of these values.
    """
    if not step.metric.is_time and Metric.CPU not in step.evidence:
        return None
    gain = step.evidence.get(Metric.CPU, step.ratio)
    # Trials beside the case's own values are timed: of another figure nothing is known there.
    if gain.point < LEAST_GAIN and step.metric.is_time:
        gain, sides = step.ratio, replace(sides, metric=step.metric)
    if gain.point < LEAST_GAIN:
        return None
    # A look that ends early knows its gain within wide bounds: its middle says what to look for.
    wanted = max(math.sqrt(max(gain.low, 1.0)), math.cbrt(gain.point))
    best, tried = 0.0, []
    for other in _some_beside(case):
        text = _values(other, case)
        found = _once(sides, other)
        if found is None:
            continue
        if isinstance(found, Agreement):
            return replace(
                found, summary=given_words(text, f"beside the case's own: {found.summary}")
            )
        best = max(best, found)
        tried.append(text)
        if len(tried) >= FEWEST_PAIRS and best >= wanted:
            return None
    if len(tried) < FEWEST_PAIRS:
        return None
    where = "; ".join(tried[:3])
    return Agreement(
        ok=False,
        summary=f"the gain is that of the case's own values alone: there"
        f" {show_factor(gain.point)}, beside them at most {show_factor(best)} ({where})",
    )


def gain_on_known(sides: TriedSides, case: Case) -> float | None:
    """The least gain of a few pairs on the case's own values; None: of one there is too little."""
    least = math.inf
    for _ in range(_KNOWN_PAIRS):
        found = _once(sides, case)
        if not isinstance(found, float) or found < KNOWN_GAIN:
            return None
        least = min(least, found)
    return round(least, 4)


def _some_beside(case: Case) -> Iterator[Case]:
    # Of the system's chance: what follows from a seed could be known as well.
    chance = random.SystemRandom()
    for _ in range(MOST_PAIRS):
        other = beside(case, chance)
        if other is None:
            return
        yield other


def _values(other: Case, case: Case) -> str:
    changed = {name: v for name, v in other.params.items() if v != case.params[name]}
    return json.dumps(changed)


def _once(sides: TriedSides, case: Case) -> float | Agreement | None:
    """The candidate's gain on a case; what is wrong there; None where the reference fails."""
    before, now = _in_random_order(sides, case)
    try:
        if not before.ok:
            return None
        if not now.ok:
            return Agreement(ok=False, summary=f"it does not end well: {now.message}")
        wrong = _wrong(sides, before, now)
        if wrong is not None:
            return wrong
        return _taken(before, sides.metric) / _taken(now, sides.metric)
    finally:
        for ready, trial in ((sides.reference, before), (sides.candidate, now)):
            if trial.output is not None:
                ready.discard(trial.output)


def _in_random_order(sides: TriedSides, case: Case) -> tuple[Trial, Trial]:
    """A trial of the reference and one of the candidate: who is second may find a warm machine."""
    if random.SystemRandom().random() < 0.5:
        before = _trial(sides.reference, case)
        return before, _trial(sides.candidate, case)
    now = _trial(sides.candidate, case)
    return _trial(sides.reference, case), now


def _trial(ready: BuiltWorkload, case: Case) -> Trial:
    orchestrator = ready.orchestrator
    plan = TrialPlan(timeout_ns=ready.build.target.timeout_ns, cpus=orchestrator.runner.cpus)
    try:
        build = orchestrator.generated.given(ready.build, case)
        return ready.adapter.time(build, case, plan, orchestrator.runner)
    except TrialFailed as problem:
        return Trial(TrialStatus.FAILED, wall_ns=0, message=problem.message)


def _wrong(sides: TriedSides, before: Trial, now: Trial) -> Agreement | None:
    """What is wrong with outputs that one run can be compared by; None: nothing."""
    task = without_chance(sides.task)
    compared = task.outputs or not sides.task.outputs  # without any, all of standard output is
    if not compared or before.output is None or now.output is None:
        return None
    try:
        expected = replace(before.output, values=read_outputs(before.output, task.outputs))
    except TrialFailed:
        return None
    try:
        actual = replace(now.output, values=read_outputs(now.output, task.outputs))
    except TrialFailed as problem:
        return Agreement(ok=False, summary=problem.message)
    found = check_outputs(sides.candidate.adapter, task, expected, actual)
    return None if found.ok else found


def _taken(trial: Trial, metric: Metric) -> float:
    return float(max(trial.cpu_ns if metric is Metric.CPU else trial.wall_ns, 1))
