"""Does a build obey the relations of its task? On a case as it is drawn now, and changed anew."""

from __future__ import annotations

import random

from harness.baseline.agreeing import BuiltWorkload
from harness.correctness.agreement import combine
from harness.correctness.declared import without_chance
from harness.errors import AnswerIsNo, TrialFailed
from harness.model import Agreement, Case, Output, Task
from harness.model.relations import MOST_DRAW
from harness.project.workload import Workload
from harness.running import check_outputs
from harness.running.relating import Related


def obeys(ready: BuiltWorkload, workload: Workload, case: Case) -> Agreement | None:
    """Whether a build obeys every relation on a case; None where there are none.

    The case's values are drawn where any are. Raises TrialFailed where the program, or the command
    that changes its input, does not end well.
    """
    task, chance = workload.task, random.SystemRandom()
    if not task.relations:
        return None
    drawn = case.drawn(workload.seeds, chance)
    orchestrator = ready.orchestrator
    given = orchestrator.generated.given(ready.build, drawn)
    plain = BuiltWorkload(orchestrator, ready.adapter, given)
    before = ready.output(task, drawn)
    try:
        found = []
        for relation in task.relations:
            draw = chance.randint(0, MOST_DRAW)
            related = Related(relation, drawn, draw, orchestrator.runner)
            found.append(_obeys_one(plain, task, related, before))
    finally:
        ready.discard(before)
    if all(agreement.ok for agreement in found):
        names = ", ".join(relation.name for relation in task.relations)
        return Agreement(ok=True, checked=len(found), summary=f"obeys {names}")
    return combine(found)


def _obeys_one(plain: BuiltWorkload, task: Task, related: Related, before: Output) -> Agreement:
    with related.changed(plain.build) as build:
        changed = BuiltWorkload(plain.orchestrator, plain.adapter, build)
        try:
            after = changed.output(task, related.case)
        except TrialFailed as failure:
            raise TrialFailed(f"{related}: {failure.message}", hint=failure.hint) from None
    try:
        if related.relation.expect:
            against = related.objection(plain.build.target, before, after)
            agreement = Agreement(ok=not against, checked=1, summary=against)
        else:
            agreement = check_outputs(plain.adapter, without_chance(task), before, after)
    finally:
        changed.discard(after)
    if agreement.ok:
        return agreement
    return Agreement(
        ok=False,
        mismatches=agreement.mismatches,
        differing=agreement.differing,
        checked=agreement.checked,
        summary=f"{related} does not hold: {agreement.summary}",
    )


def refuse_untrue(ready: BuiltWorkload, workload: Workload, case: Case) -> None:
    """Raise AnswerIsNo where the baseline itself does not obey what its task says of it."""
    found = obeys(ready, workload, case)
    if found is not None and not found.ok:
        raise AnswerIsNo(
            f"the baseline on {case.name}: {found.summary}",
            hint="A relation holds for every right program; mend it in harness.toml, or take it"
            " out. A tolerance of the output, or a command in `expect`, says how close is right.",
        )
