"""Which of many variants gain over a reference: each is asked by itself, and leaves once known.

A race looks for the best one; this looks for all that gain, so that they can be put together. The
error is shared by all of them as a share of what is found: of n variants, k are said to gain whose
e-values are all at least n / (k * level), for the greatest such k. So of those that are said to
gain a share of `level` at most is none in the mean, whatever they have to do with each other, and
however often one looks (Wang & Ramdas, Journal of the Royal Statistical Society B 84, 2022: the
e-BH procedure, on stopped e-processes).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from harness.analysis.blocks import block_ns
from harness.analysis.factorial import Factorial
from harness.analysis.race_rules import HOPELESS, GainSearch, RaceRules
from harness.analysis.racing import Race, Rank, VariantStanding
from harness.analysis.schedule import Block
from harness.analysis.weighed_rule import FIRST_DOUBT
from harness.model import Estimate
from harness.model.noise import FEWEST
from harness.stats.discoveries import discoveries
from harness.stats.medians import log_threshold
from harness.stats.paired import ratio_estimate

MUCH = 1.25
"""Where one gains so much, the others are soon told on top of it: they are a larger share of what
is left, and each block takes less."""

SEEN_AT_ONCE = 1.6
"""Where one gains so much in the first block, only those that gain much run in the next ones."""

FEW_BLOCKS = 24
"""Where the time holds fewer of them, variants that may go together are asked in mixes."""
FEWEST_MIXED = 3
MAKING_NS = 150e6
"""About how long it takes to merge and build a mix."""
MIXES_PAY = 2.0
"""So many times less than a block of all variants have two mixes to take."""

GAINS = "it gains"
TIME_IS_OVER = "the time in which it is asked who gains is over"
EACH_KNOWN = "of each variant it is known whether it gains, or that the time does not tell"
MUCH_GAINED = "what gains much is known, and the others are told sooner on top of it"
NONE_AFTER_ALL = "who seemed to gain much in the first runs does not"
HOLDS_FEW = "the time holds few blocks of so many: mixes of them tell more"
_NOT_IN_TIME = "the time does not tell whether it gains"
_IN_NO_MIX = "it does not merge, so that no mix had it: a call with --alone asks it"
_DOUBT_GROWS = 1.5


class Screen(Race):
    """The stop rule that asks of each variant whether it gains; see `Race`."""

    def __init__(self, variants: Sequence[str], rules: RaceRules) -> None:
        super().__init__(variants, rules)
        self.gaining: dict[str, None] = {}
        """Those that surely gain, as a set that keeps its order."""
        self.dull: dict[str, None] = {}
        """Those that left since no gain is to be hoped for."""
        self.postponed: dict[str, None] = {}
        """Those that left to be asked on top of what gains much."""
        self._late: dict[str, None] = {}
        """Those that left since the time does not tell."""
        self._next_asked = FIRST_DOUBT
        self._mixed: Factorial | None = None
        """What mixes said, where they were asked."""

    def __call__(self, blocks: Sequence[Block]) -> str | None:
        """See `StopRule`."""
        ended = super().__call__(blocks)
        if ended is None and len(blocks) == 1 and self.rules.is_time and self._finding.postpones:
            if self.postponed and not self._one_gains_much():
                return NONE_AFTER_ALL
            self._postpone(self._first_times())
        if ended is None and len(blocks) == 1 and self._holds_few(blocks):
            return HOLDS_FEW
        late = block_ns(blocks) * len(blocks) >= self._finding.within_ns
        return TIME_IS_OVER if ended is None and late and len(blocks) >= FEWEST else ended

    @property
    def _finding(self) -> GainSearch:
        return self.rules.finding or GainSearch()

    def _holds_few(self, blocks: Sequence[Block]) -> bool:
        """Are mixes better asked than each variant by itself?

        Two of them have to be made and run for what a block of all variants tells of each.
        """
        alone_ns = block_ns(blocks)
        mixes_ns = 2 * (alone_ns / len(blocks[-1]) + MAKING_NS)
        few = self._finding.within_ns < FEW_BLOCKS * alone_ns and MIXES_PAY * mixes_ns <= alone_ns
        many = len(self.racing()) >= FEWEST_MIXED
        serves = few and many and self.rules.is_time and not self.postponed
        return serves and self._finding.mixes()

    def seen_of(self, name: str) -> float:
        """log(reference / variant) in the first block; NaN where there is none."""
        before, own = (self._columns.known(each) for each in (self.rules.reference, name))
        return math.log(before[0] / own[0]) if before and own else math.nan

    def take_mixed(self, found: Factorial) -> None:
        """Take in what mixes of the variants said: who gains, who left, and who is still open."""
        self._mixed = found
        self.gaining.update(found.gaining)
        self.dull.update(found.dull)
        self.left.update(found.left)
        for name in (*found.open, *self.racing()):
            if name not in self.left:
                self._late[name] = None
                self.left[name] = _NOT_IN_TIME if name in found else _IN_NO_MIX

    def see_first_runs(self, took_ns: Mapping[str, float]) -> None:
        """Take in how long each took for its first output: that may tell who gains much, before a
        block of all of them is waited for.

        All but the reference may have run two at once, which takes longer: the middle one of them
        says how long.
        """
        reference, finding = self.rules.reference, self._finding
        serves = self.rules.is_time and finding.postpones and finding.by_first_runs
        if serves and reference in took_ns:
            longest = max(took_ns[reference], float(np.median(list(took_ns.values()))))
            self._postpone({**took_ns, reference: longest})

    def _first_times(self) -> dict[str, float]:
        """The first time of each that races, and of the reference."""
        names = (self.rules.reference, *self.racing())
        known = {name: self._columns.known(name) for name in names}
        return {name: times[0] for name, times in known.items() if times}

    def _one_gains_much(self) -> bool:
        """Was one much faster in the first block?"""
        return max(self._gains(self._first_times()).values(), default=0.0) >= MUCH

    def _gains(self, took: Mapping[str, float]) -> dict[str, float]:
        """How many times the reference's run took what that of each took that has not left."""
        before = took.get(self.rules.reference, 0.0)
        return {n: before / took[n] for n in self.variants if took.get(n) and n not in self.left}

    def _postpone(self, took: Mapping[str, float]) -> None:
        """Has those leave whose one run was not much faster, where another one's was.

        It tells nothing of who gains: they are asked later, by blocks that take less.
        """
        gains = self._gains(took)
        if max(gains.values(), default=0.0) >= SEEN_AT_ONCE:
            for name, gain in gains.items():
                if gain < MUCH:
                    self.postponed[name] = None
                    self.left[name] = "asked later, since another one gains much"

    @property
    def seeming(self) -> list[str]:
        """Those that seem to gain by mixes, where of none it is known."""
        return self._mixed.seeming if self._mixed is not None and not self.gaining else []

    @property
    def gained_much(self) -> bool:
        """Does one gain so much that the others are better raced on top of it?"""
        much = math.log(MUCH)
        return any(self._middle(name) >= much for name in self.gaining)

    def _middle(self, name: str) -> float:
        """About what a variant gains, as a log-ratio."""
        mixed = self._mixed_with(name)
        return mixed.middle(name) if mixed else self._over_reference(name).weighed.middle

    def _mixed_with(self, name: str) -> Factorial | None:
        """What mixes said, where they asked about a variant."""
        return self._mixed if self._mixed is not None and name in self._mixed else None

    def hopeful(self, standing: VariantStanding) -> bool:
        """May one that is not known to gain be a gain all the same, and worth to be raced on?"""
        if standing.gains or standing.rank is Rank.NO_GAIN or standing.name in self.dull:
            return False
        high = standing.ratio.high if standing.ratio is not None else math.inf
        return high > 1 + self.rules.threshold

    # -- who leaves ------------------------------------------------------------------------------

    def _without_losers(self, racing: Sequence[str]) -> list[str]:
        self._find_gains()
        start = log_threshold(self.rules.threshold)
        for name in racing:
            if name in self.gaining:
                self.left[name] = GAINS
            elif self._over_reference(name).slower(start) >= self.rules.limit_of_ends:
                self._retire(name, self.rules.reference)
        return [name for name in racing if name not in self.left]

    def _find_gains(self) -> None:
        """Take in who surely gains by now: the e-BH procedure over all that have run."""
        won = {name: self._over_reference(name).faster() for name in self._ranked_ones()}
        found = discoveries(won, self.rules.limit, len(self.variants))
        self.gaining.update(dict.fromkeys(found))

    def _without_alike(self, racing: Sequence[str]) -> list[str]:
        return [*racing]  # two that gain alike may both be worth having

    def _decided(self, racing: Sequence[str], blocks: int) -> str | None:
        if self.gained_much and (racing or self.postponed):
            return MUCH_GAINED
        return None if racing else EACH_KNOWN

    def _doubted(self, racing: Sequence[str], blocks: Sequence[Block]) -> str | None:
        """Has those leave that give no hope of a gain, or whom the time does not tell.

        A middle below the threshold is none yet: in noise it lies there half of the time.
        """
        if len(blocks) < self._next_asked:
            return None
        self._next_asked = math.ceil(len(blocks) * _DOUBT_GROWS)
        holds, least = self.rules.span.holds(blocks), log_threshold(self.rules.threshold)
        for name in racing:
            weighed = self._over_reference(name).weighed
            if weighed.hoped < least:
                self.dull[name] = None
                self.left[name] = f"{HOPELESS} after {len(blocks)} blocks"
            elif weighed.needed(hopefully=True) > holds:
                self._late[name] = None
                self.left[name] = _NOT_IN_TIME
        return None if any(name not in self.left for name in racing) else EACH_KNOWN

    # -- what is said of each --------------------------------------------------------------------

    def standings(self, wrong: Collection[str] = ()) -> list[VariantStanding]:
        """See `Race`; with those that were left for later before any block, by their first run."""
        found = super().standings(wrong)
        rank = Rank.BEHIND if {*self.gaining}.difference(wrong) else Rank.NOT_TOLD_APART
        known = {*wrong, *(standing.name for standing in found)}
        unseen = (name for name in self.postponed if name not in known)
        return [*found, *(VariantStanding(n, rank, None, 0, self.left[n]) for n in unseen)]

    def _is_gain(self, name: str) -> bool:
        return name in self.gaining

    def _lost(self, right: Collection[str]) -> dict[str, str]:
        open_ones = {*self.gaining, *self.dull, *self.postponed, *self._late}
        lost = {n: self.rules.reference for n in right if n in self.left and n not in open_ones}
        ahead = {name: self._ahead_of(name, right) for name in right if name not in lost}
        return {**lost, **{name: by for name, by in ahead.items() if by}}

    def _ahead_of(self, name: str, right: Collection[str]) -> str:
        """One of those that gain that is surely better; empty: none is."""
        others = (other for other in self.gaining if other in right and other != name)
        if mixed := self._mixed_with(name):
            return mixed.behind(name)
        if name in self.postponed:  # it was left behind for the sake of these
            return next(others, "")
        return next((o for o in others if self._better(o, name) >= self.rules.limit), "")

    def _standing(
        self, name: str, right: Collection[str], lost: Mapping[str, str]
    ) -> VariantStanding:
        found = super()._standing(name, right, lost)
        if name in self.postponed:  # one block says nothing
            found = replace(found, ratio=None, why=self.left[name])
        if mixed := self._mixed_with(name):
            found = replace(found, blocks=mixed.blocks(name))
        return found if found.why or found.gains else replace(found, why=self.left.get(name, ""))

    def _ratio(self, name: str) -> Estimate | None:
        mixed = self._mixed_with(name)
        if mixed is None:
            return super()._ratio(name)
        if not mixed.blocks(name):
            return None
        return ratio_estimate(mixed.interval(name), self.rules.confidence)

    def _ranked(self, racing: Sequence[str]) -> str:
        """Who gains by one figure of each, which is the same in every run."""
        worth = self._columns.known(self.rules.reference)[0] / (1 + self.rules.threshold)
        for name in racing:
            if self._columns.known(name)[0] <= worth:
                self.gaining[name] = None
                self.left[name] = GAINS
            else:
                self._retire(name, self.rules.reference)
        return f"{self.metric} is the same in every run"
