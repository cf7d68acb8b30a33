"""One turn of the loop, and what became of it; pure."""

from __future__ import annotations

from enum import Enum

from harness.campaign.profile_values import ProfileOutcome
from harness.campaign.sightings import Acknowledged
from harness.campaign.values import BenchOutcome, CaseResult, TestOutcome, TestStatus
from harness.frozen import dataclass
from harness.model import Verdict
from harness.model.proposals import Plan, Reflection, Thought

_BY_INTERVAL = 4
"""The edition of the rules since which the interval of a gain is held against the prediction."""
_TELLS_APART = 8
"""The one since which figures have the digits that tell them from what they are held against."""


PART = "part of the best"
"""What a race says of a variant that is one of several put together."""

_RAN = ("not told apart", "behind the best", "no gain", "same", "worse")
"""What a race says of a variant that is right, and is not the best; the last one by older races."""


class Outcome(Enum):
    """What became of an iteration."""

    OPEN = "open"
    KEPT = "kept"
    WRONG = "wrong output"
    BUILD_FAILED = "build failed"
    CRASHED = "crashed"
    SLOWER = "slower"
    NO_GAIN = "no gain"
    UNDECIDED = "undecided"
    ABANDONED = "abandoned"
    NOT_JUDGED = "not judged"
    """What it was tried on was wrong itself."""
    TAKEN_BACK = "taken back"
    """It was kept, and found to be wrong later."""

    @property
    def failed(self) -> bool:
        """Was nothing kept of it?"""
        return self not in (Outcome.OPEN, Outcome.KEPT)

    def failed_attempt(self, rules: int) -> bool:
        """Is it a failed attempt on its bottleneck, by these rules?

        What did not build or run says nothing of the idea, and a null result is a result.
        """
        if rules < 2:
            return self.failed
        return self in (Outcome.WRONG, Outcome.SLOWER, Outcome.ABANDONED)


@dataclass(frozen=True, slots=True)
class TriedVariant:
    """What a race found of one variant; its figures were picked, and no keep rests on them."""

    name: str
    rank: str
    """As the race called it, such as `best`; older races said `worse` of those behind the best and
    of those that are no gain."""
    ratio: tuple[float, float, float] | None = None
    """The low end, middle and high end of its speed-up over the last kept state; None: none is
    known."""
    why: str = ""
    commit: str = ""
    """What keeps its code under refs/harness/tried; empty where there is no code."""
    chosen: bool = False
    """Did it become the iteration's candidate?"""

    @property
    def line(self) -> str:
        """The variant as a line of the log."""
        figures = ""
        if self.ratio is not None:
            low, middle, high = self.ratio
            figures = f", {middle:.3f}x [{low:.3f}, {high:.3f}] in the race"
        why = f" ({' '.join(self.why.split())[:90]})" if self.why else ""
        kept = f"; kept as {self.commit[:7]}" if self.commit else ""
        taken = "; taken as the candidate" if self.chosen else ""
        return f"**Variant:** {self.name}: {self.rank}{figures}{why}{kept}{taken}"


@dataclass(frozen=True, slots=True)
class Iteration:
    """One turn of the loop."""

    number: int
    thought: Thought
    profile: ProfileOutcome
    """The profile on which the thought rests."""
    began_at_ns: int
    plan: Plan | None = None
    tests: tuple[tuple[str, TestOutcome], ...] = ()
    """Tree and outcome of every test."""
    benches: tuple[tuple[str, BenchOutcome], ...] = ()
    """Tree and outcome of every look."""
    abandoned: str = ""
    """Why it was given up without a result."""
    note: Reflection | None = None
    commit: str = ""
    attempt: str = ""
    """The commit under refs/harness/attempts that keeps a reverted attempt's code."""
    closed: bool = False
    """Committed or reverted."""
    change: str = ""
    """The digest of what was tested last, against the last kept state, as `alike` has it."""
    tried: tuple[TriedVariant, ...] = ()
    """The variants that were raced for it."""
    like: tuple[int, ...] = ()
    """The earlier iterations that tried nearly the same."""
    rules: int = 1
    """The edition of the rules that its campaign was started under."""
    wrong_parts: tuple[str, ...] = ()
    """The commits of those that its candidate was put together of, and that are wrong by themselves
    where it is."""
    since: int = 0
    """The kept iteration whose error its test or look found; 0: it found none, or its own."""
    taken_back: str = ""
    """Why it was taken back after it had been kept; empty: it was not."""
    acknowledged: tuple[Acknowledged, ...] = ()
    """What was said to its flags."""

    @property
    def title(self) -> str:
        return self.plan.title if self.plan else "given up before its plan"

    @property
    def taken(self) -> str:
        """The commit of the variant that was taken as the candidate last; empty: none was."""
        return next((v.commit for v in reversed(self.tried) if v.chosen), "")

    @property
    def parts(self) -> tuple[TriedVariant, ...]:
        """What the candidate of its race was put together of; nothing of a single one."""
        return tuple(v for v in self.tried if v.rank == PART and v.commit)

    @property
    def raced_in_vain(self) -> int:
        """How many variants ran and were right, where none was taken as the candidate."""
        return 0 if self.taken else sum(v.rank in _RAN for v in self.tried)

    @property
    def test(self) -> TestOutcome | None:
        return self.tests[-1][1] if self.tests else None

    @property
    def tested_tree(self) -> str:
        return self.tests[-1][0] if self.tests else ""

    @property
    def bench(self) -> BenchOutcome | None:
        """The last look at the code as it was last tested; None where there was none."""
        tree, outcome = self.benches[-1] if self.benches else ("", None)
        return outcome if tree == self.tested_tree else None

    @property
    def outcome(self) -> Outcome:
        """What the records say of it; KEPT as soon as they say that it is to be kept."""
        if self.taken_back or self.since:
            return Outcome.TAKEN_BACK if self.taken_back else Outcome.NOT_JUDGED
        if self.test is not None and self.test.status is not TestStatus.PASSED:
            if self.test.status.repairable and not self.abandoned:
                return Outcome.OPEN
            return _OF_TEST[self.test.status]
        found = Outcome.OPEN if self.bench is None else bench_outcome(self.bench)
        if self.abandoned and found in (Outcome.OPEN, Outcome.KEPT):
            return Outcome.ABANDONED
        return found

    @property
    def result(self) -> CaseResult | None:
        """The measured result on the fast case; None where no valid one exists."""
        bench = self.bench
        if bench is None or not bench.correct or self.outcome in _INVALID:
            return None
        return bench.fast

    @property
    def surprised(self) -> bool:
        """Did the result leave the prediction? A failure always does.

        A gain that is kept leaves it where no part of its interval lies within the prediction;
        anything else, and by older rules every result, where the measured point does not.
        """
        return self.result is None or not (self.point_predicted or self.interval_predicted)

    @property
    def point_predicted(self) -> bool:
        """Does the measured point lie within the prediction?"""
        return self.result is not None and self.thought.prediction.holds(self.result.step.point)

    @property
    def tells_apart(self) -> bool:
        """Do the records say how its figures are to be read, as since the eighth rules?"""
        return self.rules >= _TELLS_APART

    @property
    def bounds(self) -> tuple[float, ...]:
        """What the records show its result beside: the ends of its prediction; by older rules
        nothing."""
        predicted = self.thought.prediction
        return (predicted.low, predicted.high) if self.tells_apart else ()

    @property
    def interval_predicted(self) -> bool:
        """Is it kept, by the present rules, with an interval that meets the prediction?"""
        result, predicted = self.result, self.thought.prediction
        if result is None or self.rules < _BY_INTERVAL or self.outcome is not Outcome.KEPT:
            return False
        step = result.step
        return step.bounded and step.low <= predicted.high and predicted.low <= step.high


_INVALID = (Outcome.ABANDONED, Outcome.NOT_JUDGED, Outcome.TAKEN_BACK)
_OF_TEST = {
    TestStatus.WRONG: Outcome.WRONG,
    TestStatus.BUILD_FAILED: Outcome.BUILD_FAILED,
    TestStatus.CRASHED: Outcome.CRASHED,
}


_OF_VERDICT = {
    Verdict.FASTER: Outcome.KEPT,
    Verdict.SLOWER: Outcome.SLOWER,
    Verdict.EQUIVALENT: Outcome.NO_GAIN,
    Verdict.MIXED: Outcome.SLOWER,
    Verdict.UNDECIDED: Outcome.UNDECIDED,
}


def bench_outcome(bench: BenchOutcome) -> Outcome:
    if bench.crashed:
        return Outcome.CRASHED
    if not bench.correct:
        return Outcome.WRONG
    return _OF_VERDICT[bench.verdict]
