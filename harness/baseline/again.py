"""The baseline's build made again: what tells which output is right on inputs drawn anew."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from harness.baseline.agreeing import BuiltWorkload
from harness.baseline.document import rooted
from harness.baseline.drawn import on_a_draw
from harness.baseline.make import LABEL
from harness.baseline.sides import Side, side_of
from harness.baseline.store import Baseline
from harness.errors import BuildFailed, HarnessError, TrialFailed
from harness.model import Agreement, Case
from harness.model.given_values import given_words
from harness.project.workload import Workload
from harness.running import check_outputs
from harness.running.session import Session
from harness.system.git.writing import Git

STORED_HINT = (
    "`stored` compares with the stored trials instead; that is weaker, since nothing is"
    " interleaved."
)


@contextlib.contextmanager
def baseline_side(session: Session, workload: Workload, baseline: Baseline) -> Iterator[Side]:
    """The baseline's commit with the baseline's own recipe."""
    root = workload.root
    if not Git(root).has_commit(baseline.commit):
        raise BuildFailed(
            f"its commit {baseline.commit[:12]} is not in this clone",
            hint="`git fetch --unshallow --tags` gets the rest of a shallow clone.",
        )
    recipe = rooted(baseline.document.recipe, root)
    with side_of(session, workload, recipe, baseline.commit, LABEL) as side:
        yield side


@contextlib.contextmanager
def named_the_baselines() -> Iterator[None]:
    """Say of a failure that it is the baseline's, and what serves instead."""
    try:
        yield
    except HarnessError as problem:
        raise type(problem)(
            f"the baseline can no longer be built here: {problem.message}",
            hint=" ".join(filter(None, (problem.hint, STORED_HINT))),
        ) from problem


def agrees_on_a_draw(
    session: Session, workload: Workload, baseline: Baseline, now: BuiltWorkload, case: Case
) -> Agreement | None:
    """Check a build against the baseline's on values that are drawn now; None: nothing is drawn.

    Raises BuildFailed where the baseline cannot be built, TrialFailed where it runs on none of
    the values tried, or where `now` does not end well.
    """
    if not case.drawn_names(workload.seeds):
        return None
    with contextlib.ExitStack() as stack:
        with named_the_baselines():
            side = stack.enter_context(baseline_side(session, workload, baseline))
            adapter, build = session.orchestrator.build(side.target)
        sealed = BuiltWorkload(session.orchestrator, adapter, build)
        with named_the_baselines():
            drawn, expected = on_a_draw(sealed, workload, case)
        given = drawn.draw_text(workload.seeds)
        try:
            actual = now.output(workload.task, drawn)
        except TrialFailed as failure:
            words = given_words(given, failure.message)
            raise TrialFailed(words, hint=failure.hint) from failure
        finally:
            sealed.discard(expected)
    try:
        agreement = check_outputs(now.adapter, workload.task, expected, actual)
    finally:
        now.discard(actual)
    if agreement.ok:
        return agreement
    return replace(agreement, summary=given_words(given, agreement.summary))
