"""A race: many variants against a reference in common blocks, from which losers retire; pure.

Which of many is the best is found by successive elimination. The evidence that a variant is *not*
the best is the mean of e-values: against each other variant that may be better than it, and against
the reference with a head start of the practical threshold. Under "it is the best, and a gain worth
having" each of these is a fair bet, and so is their mean, whatever they have to do with each other.
So the best variant retires with probability `level` at most, however often one looks, and however
many there are; what is left at the end holds it at that confidence (Ville, 1939; Vovk & Wang,
Annals of Statistics 49, 2021, on means of e-values). Where builds have several layouts, evidence
counts as far as these bear it out, as in any comparison, with their error shared by the variants.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum

import numpy as np

from harness.analysis.question import AUTO
from harness.analysis.race_columns import ColumnsOf
from harness.analysis.race_pairs import PairsOfMembers, RacedPair
from harness.analysis.race_rules import RaceRules
from harness.analysis.schedule import Block
from harness.analysis.weighed_rule import FIRST_DOUBT
from harness.frozen import dataclass
from harness.model import Estimate, Noise, Verdict
from harness.model.noise import FEWEST
from harness.stats.medians import log_threshold
from harness.stats.paired import ratio_estimate
from harness.stats.scatter import noise_of

_LOOKS_GROW = 1.05
"""Every pair is weighed again after this many times as many blocks: it costs more each time."""
_DOUBT_GROWS = 1.5
_SAME_RUNS = 2
"""A figure that all builds repeat in as many blocks is taken to be the same in every run."""

NONE_LEFT = "no variant is a gain"
ONE_LEFT = "one variant is left, and faster than the reference"
ALIKE = "those that are left do not differ by more than the threshold"
UNLIKE_LAYOUTS = "the layouts of the builds differ by more than it gains: more layouts tell"
ALL_GAIN = "all that are left are faster than the reference, and as many blocks again tell no more"


class Rank(Enum):
    """What a race says of a variant."""

    BEST = "best"
    NOT_TOLD_APART = "not told apart"
    PART = "part of the best"
    """It gains, and is one of those that the best one is put together of."""
    BEHIND = "behind the best"
    """Another variant is better; it may gain over the reference all the same."""
    NO_GAIN = "no gain"
    """It is no gain of the threshold over the reference."""
    SAME = "same"
    WRONG = "wrong"
    FAILED = "failed"
    UNBUILT = "does not build"

    @property
    def lost(self) -> bool:
        """Did it run, and lose?"""
        return self in (Rank.BEHIND, Rank.NO_GAIN)


@dataclass(frozen=True, slots=True)
class VariantStanding:
    """What a race found of one variant."""

    name: str
    rank: Rank
    ratio: Estimate | None
    """Its speed-up over the reference; None where no block has both. It was picked by what the
    race saw, so that of the best one it flatters."""
    blocks: int
    why: str = ""
    """Why it retired."""
    gains: bool = False
    """Is it surely faster than the reference, by this race?"""


class Race:
    """The stop rule of a race; `left` are the members that need no further block, and why."""

    def __init__(self, variants: Sequence[str], rules: RaceRules) -> None:
        self.rules = rules
        self.variants = tuple(variants)
        self.left: dict[str, str] = {}
        self.repeats = False
        """Is the figure the same in every run? Then it ranks without any doubt."""
        self._columns = ColumnsOf(
            (rules.reference, *variants), rules.metric, rules.higher_is_better
        )
        self._pairs = PairsOfMembers(
            rules.confidence, rules.threshold, of_times=rules.is_time, errors=len(variants)
        )
        self._settled: dict[tuple[str, str], float] = {}
        """What was won against those that have retired since."""
        self._beaten: dict[str, str] = {}
        """Those that left for another one that is better, and for whom."""
        self._alike: dict[str, str] = {}
        """Those that left since they are within the threshold of another one, and of whom."""
        self._next_look = FEWEST
        self._next_doubt = FIRST_DOUBT
        self._all_gain_at = 0
        """The blocks after which all that still raced were gains; 0: they are not yet."""

    @property
    def metric(self) -> str:
        """What the race goes by; `auto` while that is not known."""
        return self._columns.metric

    @property
    def metric_because(self) -> str:
        """Which time was chosen, and why; empty where none was."""
        return self._columns.because

    def __call__(self, blocks: Sequence[Block]) -> str | None:
        """See `StopRule`."""
        self._take(blocks)
        if self.rules.reference not in self._columns.present:
            return f"{self.rules.reference} does not run any more"
        racing = self.racing()
        if not racing:
            return NONE_LEFT
        if not self.rules.is_time and len(blocks) == _SAME_RUNS and self._all_repeat(racing):
            return self._ranked(racing)
        most = self.rules.span.max_blocks
        if most is not None and len(blocks) >= most:
            return f"{most} blocks were the most allowed"
        if self.metric == AUTO or len(blocks) < self._next_look:
            return None
        self._next_look = max(len(blocks) + 1, math.ceil(len(blocks) * _LOOKS_GROW))
        racing = self._without_alike(self._without_losers(racing))
        return self._decided(racing, len(blocks)) or self._doubted(racing, blocks)

    def racing(self) -> list[str]:
        """The variants that still run and have not retired."""
        present = self._columns.present
        return [name for name in self.variants if name in present and name not in self.left]

    def standings(self, wrong: Collection[str] = ()) -> list[VariantStanding]:
        """What was found, the best first; of those alone that ran to their end and were right.

        `wrong` are those that were found out since. Who left for one that is none is open again,
        and is told from the others by what the blocks say of them alone.
        """
        right = [name for name in self._ranked_ones() if name not in wrong]
        lost = self._lost(right)
        found = [self._standing(name, right, lost) for name in right]
        return sorted(found, key=lambda s: (s.rank.lost, -_point(s)))

    def noise(self) -> Noise:
        """What trials of one build differ by here."""
        return noise_of(self._columns.known(name) for name in self._columns.names)

    # -- what the blocks say --------------------------------------------------------------------

    def _take(self, blocks: Sequence[Block]) -> None:
        for figures, layouts in self._columns.take(blocks):
            self._pairs.add(figures, layouts)

    def _ranked_ones(self) -> list[str]:
        """The variants that run, and those that have retired after they ran."""
        racing = self.racing()
        return [
            name
            for name in self.variants
            if name in racing or (name in self.left and self._columns.known(name))
        ]

    def _better(self, one: str, other: str) -> float:
        """The log of the e-value for one variant being better than another."""
        settled = self._settled.get((one, other))
        if settled is not None:
            return settled
        if self.variants.index(one) < self.variants.index(other):
            return self._pairs.of(one, other).slower()
        return self._pairs.of(other, one).faster()

    def _against(self, name: str, among: Iterable[str]) -> dict[str, float]:
        """The evidence against a variant's being the best and a gain, by who gives it."""
        start = log_threshold(self.rules.threshold)
        reference = self._over_reference(name).slower(start)
        others = {other: self._better(other, name) for other in among if other != name}
        return {self.rules.reference: reference, **others}

    def _losers(self, racing: Iterable[str], among: Collection[str]) -> dict[str, str]:
        """Those that are surely not the best of `among` or no gain, and who is better."""
        against = {name: self._against(name, among) for name in racing}
        return {
            name: max(won, key=won.__getitem__)
            for name, won in against.items()
            if _mean(won.values()) >= self.rules.limit
        }

    def _lost(self, right: Collection[str]) -> dict[str, str]:
        """Those that have lost to one of those that are right or to the reference, and to whom."""
        lost = dict[str, str]()
        for name in right:
            runs_on = self._stands_for(name)
            by = self._beaten.get(runs_on, self.rules.reference)
            if runs_on in self.left and (by in right or by == self.rules.reference):
                lost[name] = by
        reopened = [name for name in right if name not in lost and name in self._beaten]
        if not self.repeats or not reopened:
            return {**lost, **self._losers(reopened, right)}
        figures = {name: self._columns.known(name)[0] for name in right}
        best = min(figures, key=figures.__getitem__)
        return {**lost, **{name: best for name in reopened if figures[name] > figures[best]}}

    # -- who retires, and when it is over -------------------------------------------------------

    def _without_losers(self, racing: Sequence[str]) -> list[str]:
        lost = self._losers(racing, self._ranked_ones())
        for name, by in lost.items():
            self._retire(name, by)
            self._settle(name, racing)
        return [name for name in racing if name not in lost]

    def _settle(self, name: str, racing: Sequence[str]) -> None:
        """What one that leaves has won against the others stays won; no block adds to it."""
        for other in racing:
            if other != name:
                self._settled[name, other] = self._better(name, other)

    def _without_alike(self, racing: Sequence[str]) -> list[str]:
        """One of a set whose members do not differ by the threshold runs on for all of them."""
        if len(racing) < 2:
            return [*racing]
        leader = self._leader(racing)
        alike = [
            name
            for name in racing
            if name != leader and self._between(leader, name).verdict is Verdict.EQUIVALENT
        ]
        for name in alike:
            self._alike[name] = leader
            self.left[name] = f"within {100 * self.rules.threshold:.3g} % of {leader}"
            self._settle(name, racing)
        return [name for name in racing if name not in alike]

    def _stands_for(self, name: str) -> str:
        """Who ran on for a variant: itself, unless it left as one of a set."""
        while name in self._alike:
            name = self._alike[name]
        return name

    def _retire(self, name: str, by: str) -> None:
        self.left[name] = self._why(by)
        if by != self.rules.reference:
            self._beaten[name] = by

    def _why(self, by: str) -> str:
        """Why one that lost has lost, by who is better."""
        if by != self.rules.reference:
            return f"{by} is better"
        return f"no gain of {100 * self.rules.threshold:.3g} %"

    def _decided(self, racing: Sequence[str], blocks: int) -> str | None:
        if not racing:
            return NONE_LEFT
        leader = self._leader(racing)
        if not self._is_gain(leader):
            return None
        others = [name for name in racing if name != leader]
        if not others:
            return ALIKE if leader in self._alike.values() else ONE_LEFT
        # Any of them is worth taking: which one is best may cost as much again, and no more.
        if all(map(self._is_gain, others)):
            self._all_gain_at = self._all_gain_at or blocks
            return ALL_GAIN if blocks >= 2 * self._all_gain_at else None
        return None

    def _doubted(self, racing: Sequence[str], blocks: Sequence[Block]) -> str | None:
        """Why a race ends whose time does not hold what is still open; None where it may."""
        if len(blocks) < self._next_doubt:
            return None
        self._next_doubt = math.ceil(len(blocks) * _DOUBT_GROWS)
        leader = self._leader(racing)
        if self._is_gain(leader):
            open_ones = [self._between(leader, name) for name in racing if name != leader]
            what = "to tell apart those that are left"
        else:
            open_ones = [self._over_reference(name) for name in racing]
            what = "to show a gain"
        needed = min(pair.weighed.needed(hopefully=True) for pair in open_ones)
        if needed <= self.rules.span.holds(blocks):
            return None
        return f"the time that is left does not do {what}"

    def _is_gain(self, name: str) -> bool:
        return self._over_reference(name).faster() >= self.rules.limit

    def _over_reference(self, name: str) -> RacedPair:
        return self._pairs.of(self.rules.reference, name)

    def _between(self, one: str, other: str) -> RacedPair:
        return self._pairs.of(*sorted((one, other), key=self.variants.index))

    def _leader(self, racing: Sequence[str]) -> str:
        return max(racing, key=lambda name: self._over_reference(name).weighed.middle)

    # -- a figure that is the same in every run -------------------------------------------------

    def _all_repeat(self, racing: Sequence[str]) -> bool:
        every = [self._columns.known(name) for name in (self.rules.reference, *racing)]
        self.repeats = all(len(known) == _SAME_RUNS and len(set(known)) == 1 for known in every)
        return self.repeats

    def _ranked(self, racing: Sequence[str]) -> str:
        """Retire all but the best, by one figure of each."""
        figures = {name: self._columns.known(name)[0] for name in racing}
        least = min(figures.values())
        worth = self._columns.known(self.rules.reference)[0] / (1 + self.rules.threshold)
        best = min(figures, key=figures.__getitem__)
        for name, figure in figures.items():
            if figure > worth:
                self._retire(name, self.rules.reference)
            elif figure > least:
                self._retire(name, best)
        return f"{self.metric} is the same in every run"

    def _standing(
        self, name: str, right: Collection[str], lost: Mapping[str, str]
    ) -> VariantStanding:
        by, place = lost.get(name, ""), Rank.NOT_TOLD_APART
        if by:
            place = Rank.NO_GAIN if by == self.rules.reference else Rank.BEHIND
        alike = self._alike.get(name)
        why = self.left[name] if alike in right else self._why(by) if by else ""
        gains = place is not Rank.NO_GAIN and (self.repeats or self._is_gain(name))
        if place is Rank.BEHIND:
            why = f"{why}; {self._by_itself(name, gains)}"
        elif gains and all(other == name or other in lost for other in right):
            place = Rank.BEST
        elif not (why or gains) and self._over_reference(name).held_by_layouts:
            why = UNLIKE_LAYOUTS
        blocks = len(self._columns.known(name))
        return VariantStanding(name, place, self._ratio(name), blocks, why, gains)

    def _by_itself(self, name: str, gains: bool) -> str:
        """What one that is behind another is against the reference, in words."""
        if gains:
            return f"it gains over {self.rules.reference} too"
        loses = self._over_reference(name).slower() >= self.rules.limit
        return f"{'worse than' if loses else 'not known to gain over'} {self.rules.reference}"

    def _ratio(self, name: str) -> Estimate | None:
        if (self.rules.reference, name) not in self._pairs:
            return None
        if self.repeats:
            known = math.exp(self._over_reference(name).weighed.middle)
            return Estimate("ratio", known, known, known, self.rules.confidence)
        return ratio_estimate(self._over_reference(name).interval(), self.rules.confidence)


def _mean(logs: Iterable[float]) -> float:
    """The log of the mean of e-values that are given by their logs."""
    every = np.array([*logs])
    return float(np.logaddexp.reduce(every) - math.log(len(every)))


def _point(standing: VariantStanding) -> float:
    return standing.ratio.point if standing.ratio is not None else 0.0
