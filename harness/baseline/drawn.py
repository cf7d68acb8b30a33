"""A build on values of a case that are drawn now: whether it runs, and whether they matter."""

from __future__ import annotations

import random

from harness.baseline.agreeing import BuiltWorkload
from harness.model import Case, Output, Target
from harness.project.workload import Workload
from harness.running.drawing import first_that_runs
from harness.running.session import Session


def on_a_draw(ready: BuiltWorkload, workload: Workload, case: Case) -> tuple[Case, Output]:
    """The first of a few drawn cases that a build runs on, and its output; else TrialFailed."""
    chance = random.SystemRandom()

    def draw() -> tuple[Case, str]:
        drawn = case.drawn(workload.seeds, chance)
        return drawn, drawn.draw_text(workload.seeds)

    return first_that_runs(draw, lambda drawn: (drawn[0], ready.output(workload.task, drawn[0])))


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
    _, output = on_a_draw(ready, workload, case)
    ready.discard(output)
    if output.digest != digest:
        return ""
    return (
        f"the output on {case.name} is the same whatever {names} is: drawing it anew proves nothing"
    )
