"""A build on values of a case that are drawn now: whether it runs, and whether they matter."""

from __future__ import annotations

import random

from harness.baseline.agreeing import BuiltWorkload
from harness.errors import TrialFailed
from harness.model import Case, Output, Target
from harness.project.workload import Workload
from harness.running.drawing import MOST_TRIED, cannot_take
from harness.running.session import Session


def first_that_runs(ready: BuiltWorkload, workload: Workload, case: Case) -> tuple[Case, Output]:
    """The first of a few drawn cases that a build runs on, and its output; else TrialFailed."""
    chance = random.SystemRandom()
    failure, text = TrialFailed(""), ""
    for _ in range(MOST_TRIED):
        drawn = case.drawn(workload.seeds, chance)
        text = drawn.draw_text(workload.seeds)
        try:
            return drawn, ready.output(workload.task, drawn)
        except TrialFailed as problem:
            failure = problem
    raise cannot_take(text, failure)


def draws_in_vain(session: Session, workload: Workload, target: Target, digest: str) -> str:
    """In words, that what is drawn does not change the output; empty where it does.

    `digest` is that of the output on the case's own values. Raises what building raises, and
    TrialFailed where the target runs on nothing that is drawn.
    """
    case = workload.case
    names = ", ".join(case.drawn_names(workload.seeds))
    if not names:
        return ""
    adapter, build = session.orchestrator.build(target)
    ready = BuiltWorkload(session.orchestrator, adapter, build)
    _, output = first_that_runs(ready, workload, case)
    ready.discard(output)
    if output.digest != digest:
        return ""
    return (
        f"the output on {case.name} is the same whatever {names} is: drawing it anew proves nothing"
    )
