"""Steady mode: trials become longer where those so far were too short to settle.

Just-in-time compilers can take thousands of executions, and some programs never settle (Barrett et
al., OOPSLA 2017, who ran 2,000 iterations a process). Most settle within the plan's samples; only
where a trial had no steady state the next ones are longer, of all targets of the group alike, so
that what is compared was run alike.
"""

from __future__ import annotations

from dataclasses import replace

from harness.frozen import dataclass
from harness.model import Mode, SteadyPlan, TraceShape, TrialRecord
from harness.stats.steady import trace_of

GROWS = 4
"""By this factor trials get longer at once."""
MOST_SAMPLES = 1_000
MOST_NS = 30_000_000_000


@dataclass(slots=True)
class Lengthening:
    """How many times longer than planned the trials of a group are by now."""

    factor: int = 1
    wanted: bool = False
    """Had a trial of the block not settled?"""

    def note(self, record: TrialRecord) -> None:
        """See whether a trial settled."""
        if record.mode is Mode.STEADY and record.trial.ok and not self.wanted:
            shape = trace_of(record.trial.samples).shape
            self.wanted = shape is TraceShape.NO_STEADY_STATE

    def plan(self, asked: SteadyPlan) -> SteadyPlan:
        """The plan of the next trials: at most 1,000 samples or 30 s, or what was asked for."""
        if self.factor == 1:
            return asked
        return replace(
            asked,
            samples=max(asked.samples, min(asked.samples * self.factor, MOST_SAMPLES)),
            budget_ns=max(asked.budget_ns, min(asked.budget_ns * self.factor, MOST_NS)),
        )

    def block_ended(self, asked: SteadyPlan, most_ns: float) -> SteadyPlan | None:
        """Lengthen the trials to come where one had not settled; their plan, None for as before.

        Not beyond `most_ns`: a run must hold enough trials for a verdict.
        """
        if not self.wanted:
            return None
        self.wanted = False
        before, now = self.plan(asked), Lengthening(self.factor * GROWS).plan(asked)
        if now == before or now.budget_ns > most_ns:
            return None
        self.factor *= GROWS
        return now
