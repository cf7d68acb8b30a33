"""What a campaign is made of: terms, thoughts, plans and outcomes; small enough to be stored.

All are frozen and turn into JSON and back without loss (`msgspec`), because events carry them.
A ratio is always a speed-up: reference time / candidate time, above 1 is faster.
"""

from __future__ import annotations

import math
from dataclasses import field
from enum import Enum

from harness.campaign.case_parts import PhaseGain, SideBuild
from harness.campaign.objectives import GuardResult, Guards
from harness.campaign.sightings import CaseEvidence, Flagged
from harness.frozen import dataclass
from harness.model import (
    Comparison,
    Estimate,
    Jail,
    Verdict,
)
from harness.model.families import verdict_of_cases
from harness.model.guards import GuardState
from harness.model.noise import Noise
from harness.render.units import show_beside

RULES = 8
"""The present edition of the rules. A campaign keeps those that it was started under.

- Since 2: null results, failed builds and crashes are no failed attempts; a bottleneck is known by
  what it is; the objective is declared; the result of a campaign is a decided one.
- Since 3: a look compares the candidate with the last kept state alone and weighs how far they are
  apart; attempts share a rate of false keeps that kept ones earn back; the figure over the baseline
  is chained from the kept steps, and measured at the end.
- Since 4: a gain whose interval meets the prediction is no surprise; records say the clocks; and
  since 5, no gain is kept where the mean or the slow runs are worse.
- Since 6: a gain is measured on once it is sure, and its point is that of these blocks alone.
- Since 7: the chained figure is as sure as what all attempts may err by together leaves, not the
  kept ones alone, which were chosen by their looks.
- Since 8: a figure of the records that is held against a bound has the digits which that takes; the
  summary begins with the result, whose sides ran in turns, and says when the baseline's own figure
  was taken; what is left at the end is named only where something is.
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed at the start of a campaign; it does not change while the campaign lives."""

    target: str
    case: str
    full_case: str | None = None
    target_speedup: float | None = None
    max_iterations: int = 15
    min_gain: float = 0.05
    """An iteration whose interval ends below 1 + min_gain counts as one of little gain."""
    patience: int = 3
    """This many iterations of little gain, one after the other, end the campaign."""
    full_every: int = 3
    """3: the full case is required at every third kept iteration."""
    time_budget_ns: int | None = None
    threshold: float = 0.01
    """Differences below this share are equivalent in practice."""
    total_level: float = 0.01
    """By the first two editions: the probability of any false keep in the whole campaign."""
    bench_budget_ns: int = 60_000_000_000
    protect: tuple[str, ...] = ()
    """Files, folders (with `/`) and patterns that no iteration may change."""
    paths: tuple[str, ...] = ()
    """Where the campaign may change files; empty: everywhere but in `protect`."""
    max_attempts: int = 3
    """After this many failed attempts a bottleneck is to be skipped."""
    min_share: float = 0.05
    """A bottleneck below this share of the time is not worth an attack."""
    rules: int = 1
    """The edition of the rules that the campaign was started under, see `RULES`."""
    objective: str = ""
    """The name of the metric that decides; empty: whichever time served, as the first rules had
    it."""
    guards: tuple[str, ...] = ()
    """Figures that must not get worse by more than is said, such as `max_rss=5%`."""
    commit_prefix: str = ""
    """What every commit's subject begins with, such as `perf: `, where a hook wants that."""
    scope: tuple[str, ...] = ()
    """The files and folders, relative to the repository's top, that are the campaign's; empty: the
    whole repository."""
    seeds: str = "fixed"
    """The value of a `Seeds`: what the blocks of its looks draw anew."""
    false_keep_rate: float = 0.05
    """Since the third edition: the expected share of the kept changes that are no gain."""
    cases: tuple[str, ...] = ()
    """Further cases: kept is what is better on one of all and not worse on any."""
    executor: str = ""
    """Where everything is built and measured: the name of a cluster's executor; empty: here."""
    executor_table: str = ""
    """`[executors.NAME]` as it was at the start, as JSON."""
    jail: str = Jail.NONE.value
    """What trials, builds and setup commands may see and change of the machine: the value of a
    `Jail`; older campaigns had none."""

    @property
    def weighs(self) -> bool:
        """Are looks weighed, as since the third edition?"""
        return self.rules >= 3

    @property
    def says_clocks(self) -> bool:
        """Do the records say of each time by which clock it is, as since the fourth edition?"""
        return self.rules >= 4

    @property
    def doubts_every_attempt(self) -> bool:
        """Does the chained figure count what every attempt may err by, as since the seventh?"""
        return self.rules >= 7

    @property
    def tells_apart(self) -> bool:
        """Are the records' figures told from the bounds that they are held against, as since the
        eighth?"""
        return self.rules >= 8

    @property
    def leads_with_result(self) -> bool:
        """Does the summary begin with what came of it, as since the eighth edition?"""
        return self.rules >= 8

    def shown(self, ratio: float, bound: float, places: int = 2) -> str:
        """A ratio of the records beside its bound; by older rules it has so many places."""
        return show_beside(ratio, bound) if self.tells_apart else f"{ratio:.{places}f}x"


@dataclass(frozen=True, slots=True)
class KnownNoise:
    """What identical builds of a campaign were seen to differ by on a host and case."""

    host: str
    case: str
    noise: Noise


class TestStatus(Enum):
    """How a correctness test ended."""

    __test__ = False
    PASSED = "passed"
    WRONG = "wrong output"
    """The change is to be reverted. The first rules had crashes here too."""
    BUILD_FAILED = "build failed"
    """The code has to be repaired first; the test is not skipped."""
    CRASHED = "crashed"
    """It was built and did not end well: to be repaired first, like a build."""

    @property
    def repairable(self) -> bool:
        """Does it say nothing of the idea, so that the code is repaired and tested again?"""
        return self in (TestStatus.BUILD_FAILED, TestStatus.CRASHED)


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """What a correctness test said."""

    __test__ = False
    status: TestStatus
    case: str
    summary: str = ""
    details: tuple[str, ...] = ()
    place: str = ""
    """The node and job that ran it; empty: this machine."""


UNBOUNDED = 1e6
"""An interval that says nothing is stored as 1e-6 to 1e6, since JSON knows no infinity."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A speed-up with its interval and the verdict on it."""

    point: float
    low: float
    high: float
    confidence: float
    verdict: Verdict

    @property
    def bounded(self) -> bool:
        """Does the interval say anything? Too few blocks leave it without an end."""
        return self.low > 1 / UNBOUNDED or self.high < UNBOUNDED

    @property
    def estimate(self) -> Estimate:
        """The same as a value of the model, with the ends that JSON could not say."""
        low = self.low if self.low > 1 / UNBOUNDED else 0.0
        high = self.high if self.high < UNBOUNDED else math.inf
        return Estimate("median ratio", self.point, low, high, self.confidence)

    @classmethod
    def of(cls, comparison: Comparison) -> Ratio:
        """A comparison as the campaign stores it."""
        ratio = comparison.ratio
        return cls(
            point=ratio.point,
            # JSON has no infinity, and a journal must read back to the byte.
            low=max(ratio.low, 1 / UNBOUNDED),
            high=ratio.high if math.isfinite(ratio.high) else UNBOUNDED,
            confidence=ratio.confidence,
            verdict=comparison.verdict,
        )


@dataclass(frozen=True, slots=True)
class CaseResult:
    """Baseline, last kept state and candidate on one case, interleaved in one run.

    Where it is `chained` the baseline did not run: what is called the baseline's in phases, guards
    and times is the last kept state's.
    """

    case: str
    correct: bool
    step: Ratio
    """Candidate against the last kept state."""
    cumulative: Ratio
    """Candidate against the baseline."""
    baseline_ns: float
    current_ns: float
    metric: str = "wall"
    phases: tuple[PhaseGain, ...] = ()
    guards: Guards = field(default_factory=Guards)
    blocks: int = 0
    stopped_because: str = ""
    budget_needed_ns: int | None = None
    """Undecided: about what budget would decide."""
    run: str = ""
    """The file of its trials, below the campaign's folder."""
    sha256: str = ""
    """The digest of that file."""
    problem: str = ""
    """What was wrong with the output, or how the program ended."""
    crashed: bool = False
    """It did not end well, so that there is no output to be called wrong."""
    builds: tuple[SideBuild, ...] = ()
    """What ran; empty in events of before this was kept."""
    doubts: tuple[str, ...] = ()
    """Why the right programs may not have been measured."""
    chained: bool = False
    """The cumulative ratio is the product of the kept steps and this one, not measured."""
    host: str = ""
    """The machine that it was measured on."""
    noise: Noise = field(default_factory=Noise)
    """What trials of one build differed by in this look."""
    block_ns: int = 0
    """What a block took, with everything between its trials."""
    evidence: CaseEvidence | None = None
    """What flags rest on; None in looks of before there were any, and at the end."""
    guarded: tuple[GuardResult, ...] = ()
    """What was found of each guard of the terms, against the last kept state."""
    fresh_blocks: int = 0
    """As many blocks, made after the gain was sure, are what its point is of; 0: it is of all."""
    least: float | None = None
    """What the step is not below at the confidence that several cases share; None: its low end."""
    further_draws: int = 0
    """On as many further draws, untimed, the gain was as right as the last kept state."""
    place: str = ""
    """The node and job that measured it; empty: this machine."""

    @property
    def not_below(self) -> float:
        """What its step is surely not below, as one of several cases of which none may be worse."""
        return self.step.low if self.least is None else max(self.least, self.step.low)

    @property
    def broken(self) -> tuple[GuardResult, ...]:
        """The guards that are surely broken."""
        return tuple(found for found in self.guarded if found.state is GuardState.BROKEN)

    @property
    def ran_kept_program(self) -> bool:
        """Did the current tree run the very program that it is measured against?"""
        programs = {build.label: build.program for build in self.builds}
        now = programs.pop("current", "")
        return bool(now) and programs.get("kept", programs.get("baseline")) == now


class AtScale(Enum):
    """What becomes of a gain on the full case."""

    HOLDS = "holds at scale"
    LOST = "does not hold at scale"
    UNDECIDED = "is undecided at scale: the budget ended first"


@dataclass(frozen=True, slots=True)
class BenchOutcome:
    """What one look at a candidate found."""

    fast: CaseResult
    full: CaseResult | None = None
    flagged: Flagged = field(default_factory=Flagged)
    others: tuple[CaseResult, ...] = ()
    """The further ones of several cases that are judged together with the fast one."""
    threshold: float = 0.0
    """By how much a case may be worse, where there are several."""

    @property
    def together(self) -> tuple[CaseResult, ...]:
        """The cases that are judged together: the fast one, and its further ones."""
        return (self.fast, *self.others)

    @property
    def results(self) -> tuple[CaseResult, ...]:
        """All that was measured, the full case last."""
        return self.together if self.full is None else (*self.together, self.full)

    @property
    def correct(self) -> bool:
        return all(case.correct for case in self.results)

    @property
    def crashed(self) -> bool:
        return any(case.crashed for case in self.results)

    @property
    def verdict(self) -> Verdict:
        """What a decision is made of.

        Faster only where it is faster than last kept state and baseline, and no worse when full.
        What breaks a guard is no gain, however fast it is. Of several cases, see `families`.
        """
        if self.broken:
            return Verdict.SLOWER
        if self.full is not None and self.full.step.verdict in (Verdict.SLOWER, Verdict.MIXED):
            return self.full.step.verdict
        if self.others:
            steps = [(case.step.verdict, case.not_below) for case in self.together]
            return verdict_of_cases(steps, self.threshold)
        step, cumulative = self.fast.step.verdict, self.fast.cumulative.verdict
        if step is Verdict.FASTER and cumulative is not Verdict.FASTER:
            return cumulative
        return step

    @property
    def broken(self) -> tuple[GuardResult, ...]:
        """The guards that are surely broken, on any case."""
        return tuple(found for case in self.results for found in case.broken)

    @property
    def reach(self) -> float:
        """The most that may have been gained, on any of the cases that are judged together."""
        return max(case.step.high for case in self.together)

    @property
    def budget_needed_ns(self) -> int | None:
        """About what budget would decide every open case; None: none would, or none is open."""
        if not self.others:
            return self.fast.budget_needed_ns
        open_ones = [c for c in self.together if c.step.verdict is Verdict.UNDECIDED]
        known = [c.budget_needed_ns for c in open_ones if c.budget_needed_ns is not None]
        return max(known) if known and len(known) == len(open_ones) else None

    @property
    def decided(self) -> CaseResult | None:
        """The largest case whose speed-up over the baseline is decided; None where none is."""
        cases = [c for c in (self.full, self.fast, *self.others) if c is not None and c.correct]
        return next((c for c in cases if c.cumulative.verdict is not Verdict.UNDECIDED), None)

    @property
    def at_scale(self) -> AtScale | None:
        """What becomes of the gain on the full case; None where that was not measured."""
        if self.full is None:
            return None
        known = {Verdict.FASTER: AtScale.HOLDS, Verdict.UNDECIDED: AtScale.UNDECIDED}
        return known.get(self.full.step.verdict, AtScale.LOST)
