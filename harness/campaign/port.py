"""The port through which a campaign measures; tests put a fake behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from harness.campaign.profile_values import ProfileOutcome
from harness.campaign.values import BenchOutcome, KnownNoise, Terms, TestOutcome
from harness.campaign.wrongs import Counterexample, FirstWrong
from harness.frozen import dataclass
from harness.model.families import each_confidence
from harness.model.noise import Noise

FINAL_BLOCKS = 12
"""The last comparison has as many blocks where its budget holds them: it is what is told."""


def holds_tails(terms: Terms) -> bool:
    """Is a gain held against the mean and the slow runs, as since the fifth edition?"""
    return terms.rules >= 5


def confirms(terms: Terms) -> bool:
    """Is the point of a gain that of blocks made after it was sure, as since the sixth edition?"""
    return terms.rules >= 6


@dataclass(frozen=True, slots=True)
class BenchRequest:
    """One look: what is compared, and how sure the answer has to be."""

    kept: str
    """The commit of the last kept state."""
    baseline: str
    """The commit of the baseline."""
    look: int
    """Which look of the campaign this is, from 1; names the file of its trials."""
    confidence: float
    threshold: float
    budget_ns: int
    full: bool
    """Measure the full case as well."""
    objective: str = ""
    """The value of the `Metric` that decides; empty: whichever time serves."""
    continues: int | None = None
    """The undecided look at the same code whose blocks are gone on with; None: begun anew."""
    spent_ns: int = 0
    """What of the budget that look has used."""
    attempt: int = 0
    """Which candidate of the campaign this is, from 1; 0 by the first two editions, and at the end.
    A look that goes on with another one is the same attempt."""
    weighed: bool = False
    """Compare with the last kept state alone, and weigh how far they are apart."""
    noise: tuple[KnownNoise, ...] = ()
    """What identical builds were seen to differ by, for a weighed look."""
    tails: bool = False
    """Hold a gain against the mean and the slow runs, as since the fifth edition."""
    guards: tuple[str, ...] = ()
    """Figures that must not get worse by more than is said, as the terms have them."""
    cases: tuple[str, ...] = ()
    """Further cases that are judged together with the fast one, as the terms have them."""
    confirm: bool = False
    """Measure a gain afresh once it is sure, for its point, as since the sixth edition."""
    end: int = 0
    """How often the end was measured before: something may have been taken back since."""

    @property
    def mark(self) -> str:
        """What the files of its trials are named by."""
        return f"{self.look:03d}" + (f"-{self.end + 1}" if self.end else "")

    @property
    def of_each(self) -> float:
        """The confidence that each of the cases is judged at."""
        return each_confidence(self.confidence, 1 + len(self.cases))

    @property
    def of_all(self) -> float | None:
        """The confidence that several cases share; None: there is one."""
        return self.confidence if self.cases else None

    @property
    def fewest(self) -> int:
        """A gain is not sure before as many blocks."""
        return 0 if self.look else FINAL_BLOCKS

    def noise_on(self, host: str, case: str) -> Noise:
        """What is known of a host and case; of another case of the host where that is all."""
        of_host = [known for known in self.noise if known.host == host]
        of_case = [known.noise for known in of_host if known.case == case]
        return next(iter([*of_case, *(known.noise for known in of_host)]), Noise())


@dataclass(frozen=True, slots=True)
class SealedBaseline:
    """What the baseline is known by."""

    commit: str
    root: str
    """The digest of its seal."""
    total_ns: float
    phases: tuple[tuple[str, float], ...] = ()
    """Name and nanoseconds of each phase."""
    notes: tuple[str, ...] = ()
    """What there is to say of its inputs."""
    runs: int = 0
    """How often the program was run to make it; 0 where that is not known."""
    noise: tuple[KnownNoise, ...] = ()
    """What its trials, one after the other, differed by, for each case."""
    place: str = ""
    """The node and job that made it, of a campaign that measures on a cluster."""
    cpu_noise: Noise = Noise()
    """What they differed by in CPU time on the fast case, where wall time decides and the program
    does not mostly wait; nothing is known otherwise."""


class Workbench(Protocol):
    """Everything that builds and runs the target; knows nothing of the campaign's state."""

    def baseline(self) -> SealedBaseline:
        """The sealed baseline of the campaign, made where there is none; verified where there is.

        Raises DataDamaged where it is not what was sealed.
        """

    def check_baseline(self) -> tuple[SealedBaseline, tuple[str, ...]]:
        """The sealed baseline as it is here, and what of it could not be verified.

        Makes nothing. Raises DataDamaged where it is not what was sealed.
        """

    def programs(self) -> tuple[str, ...]:
        """The names of the programs that build and run the target, as PATH leads to them."""

    def libraries(self) -> Mapping[str, tuple[Path, ...]]:
        """The folders that every program of the toolchain loads from, by the part's name."""

    def profile(self) -> ProfileOutcome:
        """Where the current tree spends its time; BuildFailed or TrialFailed where it cannot."""

    def test(self, *, full: bool) -> TestOutcome:
        """Build the current tree and compare its output with the baseline's."""

    def first_wrong(
        self, states: Sequence[str], shown: Counterexample, tries: int = 1
    ) -> FirstWrong:
        """Which of these commits, the oldest first, is the first whose output is wrong there.

        The newest one is run up to `tries` times before it is called right.
        """

    def under_way(self, request: BenchRequest) -> bool:
        """Does this very look go on elsewhere, begun by a call that does not wait for it?"""

    def bench(self, request: BenchRequest) -> BenchOutcome:
        """Measure baseline, last kept state and current tree, interleaved; keep the trials.

        A weighed look measures the last kept state and the current tree alone.
        """

    def merged(self, request: BenchRequest) -> BenchOutcome:
        """Measure what the campaign was merged into against the last kept state; keep no trials."""

    def recompute(self, request: BenchRequest, stored: BenchOutcome) -> BenchOutcome:
        """The outcome again, derived from the kept trials alone; DataDamaged where they differ."""
