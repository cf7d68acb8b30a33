"""What a gain, or the end of a campaign, is tried on beside its blocks, untimed."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from harness.baseline import Baseline
from harness.baseline.again import baseline_side
from harness.baseline.agreeing import BuiltWorkload, agrees
from harness.errors import HarnessError, TrialFailed
from harness.frozen import dataclass
from harness.model import Agreement, Case
from harness.model.draws import Seeds
from harness.project.workload import Workload
from harness.running.further_draws import BothSides, Checked, check_further
from harness.running.made_once import Made
from harness.running.session import Session


@dataclass(frozen=True, slots=True)
class BesideBlocks:
    """A case that was measured, and what there is to try it on further."""

    session: Session
    workload: Workload
    baseline: Baseline
    case: Case
    seeds: Seeds
    block_ns: int
    """What a block of it took."""
    full: Case | None = None
    """The larger case, where it was not measured; None: there is none."""

    def check(self, both: BothSides, *, by_baseline: bool) -> Checked:
        """Try both sides on further draws, and the candidate on the larger case where that is
        quick. `by_baseline`: the reference is the baseline, so that nothing older tells."""
        for_ns = both.for_ns or 0
        if self.block_ns > for_ns:
            return Checked()  # of a long program there would be one draw more, and no more is known
        with contextlib.ExitStack() as stack:
            older = None if by_baseline else self._baseline(stack, for_ns)
            found = check_further(self.session, replace(both, older=older), self.case, self.seeds)
        if found.wrong is None and self.full is not None:
            return replace(found, wrong=self._at_scale(both.candidate, self.full, for_ns))
        return found

    def _baseline(self, stack: contextlib.ExitStack, for_ns: int) -> Made | None:
        """The baseline's build; None where it is too slow, or cannot be built any more."""
        if not self.case.drawn_names(self.seeds) or self._sealed_ns(self.case) > for_ns // 2:
            return None
        try:
            side = stack.enter_context(baseline_side(self.session, self.workload, self.baseline))
            return self.session.orchestrator.build(side.target)
        except HarnessError:
            return None

    def _at_scale(self, candidate: Made, full: Case, for_ns: int) -> Agreement | None:
        """What is wrong on the larger case's own values, where they do not take long."""
        expected = self.baseline.expected(full)
        if self._sealed_ns(full) * (1 + len(expected.further)) > for_ns:
            return None
        ready = BuiltWorkload(self.session.orchestrator, *candidate)
        try:
            found = agrees(ready, self.workload.task, full, expected)
        except TrialFailed as failure:
            return Agreement(ok=False, summary=f"on {full.name} it does not end: {failure.message}")
        return None if found.ok else replace(found, summary=f"on {full.name}: {found.summary}")

    def _sealed_ns(self, case: Case) -> float:
        return self.baseline.record(case).timing.wall_ns.point
