"""The state of a campaign, which `folding` makes of its events; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from harness.campaign.agreed import CampaignGit, Decision, Ending
from harness.campaign.bottlenecks import identity
from harness.campaign.chained_ratio import attempts_of, doubt_of, doubted, product
from harness.campaign.events import Kind
from harness.campaign.iteration import Iteration, Outcome
from harness.campaign.port import SealedBaseline
from harness.campaign.profile_values import ProfileOutcome
from harness.campaign.trust_rules import TrustChange
from harness.campaign.values import CaseResult, Ratio, Terms
from harness.campaign.wrongs import KnownWrong
from harness.model.held import Trusted


class Step(Enum):
    """What the campaign waits for."""

    START = "START"
    PROFILE = "PROFILE"
    THINK = "THINK"
    PLAN = "PLAN"
    IMPLEMENT = "IMPLEMENT"
    """The change, and then its test: events cannot tell one from the other, the tree can."""
    BENCHMARK = "BENCHMARK"
    LOG = "LOG"
    COMMIT = "COMMIT"
    REVERT = "REVERT"
    DECIDE = "DECIDE"
    FINISH = "FINISH"
    FINISHED = "FINISHED"


@dataclass(frozen=True, slots=True)
class NotStarted:
    """A campaign that has no event yet: nothing is agreed, and nothing was tried."""

    step: ClassVar[Step] = Step.START
    iterations: ClassVar[tuple[Iteration, ...]] = ()
    kept: ClassVar[tuple[Iteration, ...]] = ()
    speedup: ClassVar[float] = 1.0


@dataclass(frozen=True, slots=True)
class State:
    """All that follows from the events of a campaign that was started."""

    name: str
    step: Step
    agreed: Terms
    place: CampaignGit
    """Its branches and tags."""
    sealed: SealedBaseline
    """The baseline that it started from."""
    kept_tree: str
    """The fingerprint of the last kept state."""
    kept_commit: str
    untracked: tuple[str, ...]
    """Files that were untracked at the start: they are the user's, and are never touched."""
    started_at_ns: int
    profile: ProfileOutcome | None = None
    profiled_tree: str = ""
    iterations: tuple[Iteration, ...] = ()
    looks: int = 0
    """How often a candidate was measured so far, interrupted looks included."""
    attempts: int = 0
    """How many candidates these were: to go on with an undecided look is no further attempt."""
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Bottlenecks that were given up, with the reason."""
    decision: Decision | None = None
    pending: Kind | None = None
    """An intent that was written and not yet carried out."""
    ending: Ending | None = None
    rendered: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of each log as it was rendered at the end; empty before."""
    trusted: Trusted | None = None
    """What decides beside the code, as it was taken last; None in campaigns of before that."""
    trust_changes: tuple[TrustChange, ...] = ()
    """What of it has changed since the start."""
    last_at_ns: int = 0
    events: int = 0
    wrong: KnownWrong | None = None
    """What is known to be wrong with the last kept state; None: nothing is."""

    @property
    def iteration(self) -> Iteration | None:
        """The iteration that is not closed yet, or None."""
        last = self.iterations[-1] if self.iterations else None
        return None if last is None or last.closed else last

    @property
    def kept(self) -> tuple[Iteration, ...]:
        """The iterations that were committed."""
        return tuple(i for i in self.iterations if i.closed and i.outcome is Outcome.KEPT)

    @property
    def cumulative(self) -> float:
        """The speed-up of the last kept state over the baseline; 1 before the first."""
        ratio = self.over_baseline
        return ratio.point if ratio else 1.0

    @property
    def over_baseline(self) -> Ratio | None:
        """The same with its interval; None before the first.

        It is that of the last kept look, or, since that may have had what was taken back since,
        the product of the steps that are left.
        """
        kept = [i.bench for i in self.kept if i.bench is not None]
        if not kept:
            return None
        whole = kept[-1].fast.cumulative
        if any(i.taken_back for i in self.iterations):
            whole = product([bench.fast.step for bench in kept])
        if not self.agreed.doubts_every_attempt:
            return whole
        return doubted(whole, doubt_of(attempts_of(self.iterations), self.agreed.case))

    @property
    def headline(self) -> CaseResult | None:
        """The result of a finished campaign; None where nothing was kept, or nothing is decided.

        By the first rules it is that of the full case, decided or not.
        """
        result = self.ending.result if self.ending and self.step is Step.FINISHED else None
        if result is None:
            return None
        return result.decided if self.agreed.rules > 1 else result.full or result.fast

    @property
    def speedup(self) -> float | None:
        """The campaign's one number: its headline once it is finished, before that what is kept.

        None where it is finished and nothing was decided.
        """
        if self.ending is None or self.ending.result is None or self.step is not Step.FINISHED:
            return self.cumulative
        return self.headline.cumulative.point if self.headline else None

    @property
    def full_due(self) -> bool:
        """Does the guide want the full case with the iteration that would be kept next?"""
        due = (len(self.kept) + 1) % self.agreed.full_every == 0
        return self.agreed.full_case is not None and due

    def same_place(self, one: str, other: str) -> bool:
        """Do two names mean one bottleneck? By the first rules only where they are equal."""
        return one == other if self.agreed.rules < 2 else identity(one) == identity(other)

    def is_skipped(self, bottleneck: str) -> bool:
        """Was this bottleneck given up, by this name or by another one of it?"""
        return any(self.same_place(name, bottleneck) for name in self.skipped)

    def failed_attempts(self, bottleneck: str) -> int:
        """Failed attempts on a bottleneck since the last one on it that was kept."""
        count = 0
        for iteration in self.iterations:
            name = iteration.thought.prediction.bottleneck
            if self.same_place(name, bottleneck) and iteration.closed:
                count = count + 1 if iteration.outcome.failed_attempt(self.agreed.rules) else 0
        return count

    def stuck_on(self) -> str | None:
        """The bottleneck that wants to be skipped: too many failed attempts, not skipped yet."""
        for iteration in reversed(self.iterations):
            name = iteration.thought.prediction.bottleneck
            if not self.is_skipped(name) and self.failed_attempts(name) >= self.agreed.max_attempts:
                return name
        return None


Progress = NotStarted | State
"""How far a campaign is."""
