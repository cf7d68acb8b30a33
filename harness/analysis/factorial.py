"""Which of many variants gain, asked of mixes of them: a factorial design by coins; pure.

Where every variant runs beside the reference, a block of twelve variants takes thirteen runs, and
says one thing of each. Here a block is two runs, of two mixes: a coin for each variant says which
of the two has it. So the two differ by all of them, and each block says as much of every variant as
if that one alone had run beside the reference (Fisher, Journal of the Ministry of Agriculture 33,
1926; Box, Hunter & Hunter, Statistics for Experimenters, ch. 5). Of variants that change the same
lines a block asks about one.

The coins are what makes the answer sure. Of the log-ratio of two mixes, what the blocks before say
of the other variants is taken off; where a variant does nothing, its coin has no part in what is
left, which lies on its side of 0 or on the other like that fair coin, whatever its size. So bets on
these signs are fair by the design alone: however the noise is made, however wrong the estimates of
the others are, and however variants act on each other. That is said of one that does nothing: one
that slows is taken for a gain more seldom still, but for noise of two peaks far apart, where a
tenth of such were. A gain is a mean one, over what the others happened to be; what is put together
of all that gain is compared with the reference afterwards.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

import numpy as np

from harness.analysis.race_rules import HOPELESS, RaceRules
from harness.analysis.weighing import HOPE, Weighed
from harness.frozen import dataclass
from harness.model import Noise
from harness.model.noise import FEWEST
from harness.stats.discoveries import discoveries
from harness.stats.effects import main_effects
from harness.stats.evidence import Evidence, blocks_for, by_sign
from harness.stats.medians import log_threshold
from harness.stats.paired import RatioInterval
from harness.stats.ratios import Floats
from harness.stats.scatter import noise_of_sizes

FEWEST_ASKED = 8
"""So often one is asked before it may leave since no gain is to be hoped for."""


@dataclass(frozen=True, slots=True)
class Halves:
    """The two mixes of a block, each as the variants that it has, in the order of the field."""

    one: tuple[str, ...]
    other: tuple[str, ...]
    asked: Mapping[str, str]
    """The variants that the block asks about, and what each has in its place in the mix without it:
    an alternative that gains, or nothing, as the empty text."""

    def signs(self) -> dict[str, int]:
        """1 for what `other` alone has, -1 for what `one` does."""
        found = dict.fromkeys(set(self.other) - set(self.one), 1)
        return {**found, **dict.fromkeys(set(self.one) - set(self.other), -1)}


class Factorial:
    """Asks of each variant whether it gains, by what mixes of them take."""

    def __init__(self, alternatives: Sequence[Sequence[str]], rules: RaceRules) -> None:
        """`alternatives`: the variants, those together that cannot be had at once."""
        self.rules = rules
        self.gaining: dict[str, None] = {}
        """Those that surely gain, as a set that keeps its order."""
        self.left: dict[str, str] = {}
        """Those of which no more is asked, and why."""
        self.dull: dict[str, None] = {}
        """Those that left since no gain is to be hoped for."""
        self._alternatives = tuple(map(tuple, alternatives))
        self._names = tuple(name for each in alternatives for name in each)
        self._held: dict[int, str] = {}
        """What both mixes have of a set of alternatives: the best one that gains."""
        self._upon: dict[str, str] = {}
        """In whose place a variant is asked about; none where it is in nobody's."""
        self._values: dict[str, list[float]] = {name: [] for name in self._names}
        """What each block that asked about a variant said of it alone."""
        self._rows: list[tuple[Mapping[str, int], float]] = []
        self._effects: dict[str, float] = dict.fromkeys(self._names, 0.0)
        self._scale = Noise().known
        """The noise of a block: how much it differs from what its effects add up to."""
        self._free = 1.0
        """The share of the blocks that no effect is fitted to."""
        self._purse: dict[str, float] = dict.fromkeys(self._names, 0.0)
        """The log of what a variant's bets begin with: in another's place, what they had before."""
        self._drawn: dict[str, int] = dict.fromkeys(self._names, 0)
        """How many blocks have asked about it in its place, with those drawn and still to run."""
        self._out: dict[str, None] = {}
        """Those that are no candidates."""

    @property
    def open(self) -> list[str]:
        """Those that are still asked about."""
        return [name for name in self._names if name not in self.left]

    def leave_out(self, name: str, why: str) -> None:
        """Ask no more about a variant that is no candidate, and have no further mix have it."""
        self.left[name] = why
        self._out[name] = None
        self.gaining.pop(name, None)
        number = self._set_of(name)
        if self._held.get(number) == name:
            del self._held[number]
            self._follow(name, number)

    def _follow(self, before: str, number: int) -> None:
        """Have the best of those that gain in a set follow one that is out.

        What has lost in its place, or was asked there, is asked anew. What gains keeps what it has
        shown: it was more than nothing, or more than what gained.
        """
        names = self._alternatives[number]
        held = max((n for n in names if n in self.gaining), key=self.middle, default="")
        if held:
            self._held[number] = held
        for name in names:
            if self._upon.get(name) == before and name not in {**self.gaining, **self._out}:
                self.left.pop(name, None)
                self.dull.pop(name, None)
                self._ask_anew(name, held)

    def separate(self, one: str, other: str) -> None:
        """Have no further mix have both: they and the alternatives of either are one set now."""
        numbers = sorted({self._set_of(one), self._set_of(other)})
        kept = [number for number in range(len(self._alternatives)) if number not in numbers]
        whole = tuple(name for number in numbers for name in self._alternatives[number])
        held = [self._held[number] for number in numbers if number in self._held]
        self._held = {new: self._held[n] for new, n in enumerate(kept) if n in self._held}
        self._alternatives = (*(self._alternatives[number] for number in kept), whole)
        if held:
            self._hold(max(held, key=self.middle))

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def draw(self, count: int, chance: random.Random) -> list[Halves]:
        """The mixes of the next blocks. What was drawn before and has not run will not."""
        self._drawn = {name: self.blocks(name) for name in self._names}
        return [self.halves(chance) for _ in range(count)]

    def halves(self, chance: random.Random) -> Halves:
        """The mixes of the next block, by fair coins."""
        mixes, asked = (set[str](), set[str]()), dict[str, str]()
        for number, names in enumerate(self._alternatives):
            held = self._held.get(number, "")
            still = [name for name in names if name not in self.left]
            sides = [held, held]
            if still:
                name = self._next_asked(still, chance)
                asked[name] = held
                self._drawn[name] += 1
                sides[chance.randrange(2)] = name
            for mix, side in zip(mixes, sides, strict=True):
                mix.update({side} - {""})
        one, other = (tuple(n for n in self._names if n in mix) for mix in mixes)
        return Halves(one, other, asked)

    def _next_asked(self, names: Sequence[str], chance: random.Random) -> str:
        """One of several alternatives: that of which most is to be hoped for, by the blocks so far.

        Blocks that are drawn and have not run yet count as if they had found what was expected, so
        that a batch asks about several. The coins have no part in the choice, so they are as fair
        as they were.
        """
        hoped = {n: self._effect(n) + HOPE * self._error(self._drawn[n]) for n in names}
        most = max(hoped.values())
        return chance.choice([name for name, hope in hoped.items() if hope == most])

    def take(self, halves: Halves, log_ratio: float) -> None:
        """Take in a block: log(time of `one` / time of `other`).

        A variant that ran beside the reference is a block whose other mix has nothing.
        """
        if not math.isfinite(log_ratio):
            return
        signs = halves.signs()
        seen = log_ratio - sum(sign * self._effects[name] for name, sign in signs.items())
        for name, held in halves.asked.items():
            if name in self.left or held != self._upon.get(name, ""):
                continue  # drawn before that was known
            own = self._effects[name] - self._effects.get(held, 0.0)
            self._values[name].append(signs[name] * seen + own)
        self._rows.append((signs, log_ratio))
        table = np.array([[s.get(name, 0) for name in self._names] for s, _ in self._rows], float)
        ratios = np.array([ratio for _, ratio in self._rows])
        found = main_effects(table, ratios)
        self._effects = dict(zip(self._names, map(float, found), strict=True))
        self._note_noise(ratios, ratios - table @ found)

    def _note_noise(self, ratios: Floats, apart: Floats) -> None:
        """Note the noise that blocks show by how far they are from what is fitted to them.

        With as many effects as blocks a fit comes as near as one likes: then all may be noise.
        """
        free = len(ratios) - len(self._names)
        seen = noise_of_sizes(np.abs(ratios if free < FEWEST else apart)).known
        self._free = max(free, 1) / len(ratios)
        self._scale = seen if free < FEWEST else seen / math.sqrt(self._free)

    # -- what the blocks say ---------------------------------------------------------------------

    def look(self) -> None:
        """See who gains by now, and who need not be asked any more."""
        self._find_gains()
        least = log_threshold(self.rules.threshold)
        for name in self.open:
            weighed = self._weighed(name)
            if weighed.evidence.slower(least) >= self.rules.limit:
                self.left[name] = f"no gain of {100 * self.rules.threshold:.3g} %"
            elif self.blocks(name) >= FEWEST_ASKED and self._hoped(name) < least:
                self.dull[name] = None
                self.left[name] = f"{HOPELESS} after {self.blocks(name)} blocks"

    def _find_gains(self) -> None:
        """The e-BH procedure over all variants; see `Screen`. One that gains is had by all mixes
        from then on, and its alternatives are asked upon it."""
        won = {n: self._purse[n] + self._weighed(n).evidence.faster() for n in self.open}
        found = discoveries(won, self.rules.limit, len(self._names), len(self.gaining))
        found.sort(key=self.middle)
        self.gaining.update(dict.fromkeys(found))
        self.left.update(dict.fromkeys(found, "it gains"))
        for name in found:
            self._hold(name)

    def _hold(self, name: str) -> None:
        """Have all mixes have one that gains; its alternatives are asked in its place."""
        number = self._set_of(name)
        self._held[number] = name
        for other in self._alternatives[number]:
            if other not in self.left and self._upon.get(other) != name:
                self._ask_anew(other, name)

    def _ask_anew(self, name: str, held: str) -> None:
        """Ask about a variant in another one's place, or in nobody's as the empty text.

        It is asked with what its bets have left, and with their stake at the most: so a variant has
        one stake, however many questions are asked about it.
        """
        won = by_sign(np.array(self._values[name]), Noise().known)
        self._purse[name] += min(0.0, won)
        self._upon[name] = held
        self._values[name].clear()
        self._drawn[name] = 0

    def holds(self, blocks: float) -> bool:
        """Do as many further blocks hold an answer to what is open?"""
        for names in self._alternatives:
            still = [name for name in names if name not in self.left]
            for name in still:
                if self._needed(name) <= self.blocks(name) + blocks / len(still):
                    return True
        return False

    def _needed(self, name: str) -> float:
        """About how many blocks would tell in all whether one gains, as far as is hoped."""
        level = (1 - self.rules.confidence) / len(self._names)
        least, hope = log_threshold(self.rules.threshold), HOPE * self._error(self.blocks(name))
        away = max(self._effect(name), least - self._effect(name)) + hope
        return blocks_for(away, self._scale, level)

    # -- what is said of each --------------------------------------------------------------------

    @property
    def seeming(self) -> list[str]:
        """Those that are not known to gain and seem to, the best of each set of alternatives: by
        more than `HOPE` standard errors beyond the threshold."""
        least = log_threshold(self.rules.threshold)
        found = []
        for names in self._alternatives:
            best = max(names, key=self._feared)
            if best not in self.left and self._feared(best) > least:
                found.append(best)
        return sorted(found, key=self.middle, reverse=True)

    def behind(self, name: str) -> str:
        """The alternative that is better than one that gains; empty where none is."""
        held = self._held.get(self._set_of(name), "")
        return held if name in self.gaining and held != name else ""

    def stake(self, name: str) -> float:
        """What the bets on a variant began with, in the place that it is asked about: 1 or less."""
        return math.exp(self._purse[name])

    def _set_of(self, name: str) -> int:
        return next(n for n, names in enumerate(self._alternatives) if name in names)

    def blocks(self, name: str) -> int:
        """How many blocks have asked about a variant, in the place that it is asked about."""
        return len(self._values[name])

    def middle(self, name: str) -> float:
        """About what a variant gains over the reference, as a log-ratio."""
        held = self._upon.get(name, "")
        return self._weighed(name).middle + (self.middle(held) if held else 0.0)

    def interval(self, name: str) -> RatioInterval:
        """The log-ratio of the reference over a variant."""
        found, held = self._weighed(name).interval(), self._upon.get(name, "")
        if not held:
            return found
        over = self.interval(held)
        return RatioInterval(found.point + over.point, found.low + over.low, found.high + over.high)

    def _hoped(self, name: str) -> float:
        """What a variant gains in its place were it larger by some standard errors."""
        return self._effect(name) + HOPE * self._error(self.blocks(name))

    def _feared(self, name: str) -> float:
        """What a variant gains in its place were it smaller by as many."""
        return self._effect(name) - HOPE * self._error(self.blocks(name))

    def _effect(self, name: str) -> float:
        return self._effects[name] - self._effects.get(self._upon.get(name, ""), 0.0)

    def _error(self, blocks: float) -> float:
        """About the standard error of an effect after some blocks, as `Weighed` has it, told beside
        all others."""
        return self._scale * math.sqrt(1 / (0.6 * max(blocks * self._free, 0.1)))

    def _weighed(self, name: str) -> Weighed:
        values = np.array(self._values[name])
        # By signs alone: sizes tell of what the other variants do as well.
        evidence = Evidence(values, values, Noise(), None)
        return Weighed(evidence, (1 - self.rules.confidence) / 2, self.rules.threshold)
