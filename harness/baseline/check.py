"""Is the current tree still right? One run on the baseline's case, whose outputs are checked."""

from __future__ import annotations

from dataclasses import replace

from harness.baseline.again import agrees_on_a_draw
from harness.baseline.agreeing import BuiltWorkload, agrees
from harness.baseline.limiting import limited
from harness.baseline.related import obeys
from harness.baseline.sides import current_side
from harness.baseline.store import Baseline
from harness.frozen import dataclass
from harness.model import Agreement, Build
from harness.project.workload import Workload
from harness.running.session import Session


@dataclass(frozen=True, slots=True)
class TestReport:
    """Whether the current tree's outputs are the baseline's, and where they are not."""

    __test__ = False

    case: str
    agreement: Agreement
    build: Build
    snapshot: str
    """The commit, which no branch knows, of the tree that was tested."""
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.agreement.ok


def run_test(
    session: Session, workload: Workload, baseline: Baseline, *, full: bool = False
) -> TestReport:
    """Build the working tree in a private copy, run it, and check what it computed.

    Raises BuildFailed where it does not build and TrialFailed where it does not end well.
    """
    workload = limited(workload, baseline)
    case = workload.chosen(full)
    expected = baseline.expected(case)
    with current_side(session, workload) as side:
        adapter, build = session.orchestrator.build(side.target)
        ready = BuiltWorkload(session.orchestrator, adapter, build)
        agreement = agrees(ready, workload.task, case, expected)
        if agreement.ok:
            # Whoever knows the baseline's own inputs does not know these.
            drawn = agrees_on_a_draw(session, workload, baseline, ready, case)
            agreement = drawn if drawn is not None and not drawn.ok else agreement
        if agreement.ok:
            related = obeys(ready, workload, case)
            agreement = agreement if related is None else _with_relations(agreement, related)
        side.check_untouched()
    return TestReport(case.name, agreement, build, side.commit, baseline.warnings)


def _with_relations(agreement: Agreement, related: Agreement) -> Agreement:
    """What was found of a right output once its relations were tried."""
    if not related.ok:
        return related
    return replace(agreement, summary=f"{agreement.summary}; {related.summary}")
