"""What a verdict takes, said at the start of a campaign, so that its budget can hold one."""

from __future__ import annotations

import math
from dataclasses import replace

from harness.analysis.weighed_rule import FIRST_DOUBT
from harness.campaign.port import SealedBaseline
from harness.campaign.spending import attempt_level, confidence_of
from harness.campaign.values import Terms
from harness.frozen import dataclass
from harness.model.noise import FEWEST, Noise
from harness.render.units import show_ns
from harness.stats.boundary import sign_boundary
from harness.stats.evidence import blocks_for

_SIDES = 3
"""Baseline, last kept state and candidate: by the first two editions of the rules."""

_WEIGHED_SIDES = 2
"""Last kept state and candidate."""

SMALL = 0.03
"""A small gain, which it is said of how long it takes to be found."""

_BETWEEN_TRIALS_NS = 10_000_000
"""What is roughly spent around each trial: its folder, its launch, the check of its output."""

_WORTH_HOLDING_NS = 60_000_000_000
"""No budget is raised above this to hold a gain of 20 %."""

_RUNS_THAT_TELL = 4
"""The blocks that get a draw of their own whatever it takes, each with a run that tells what is
right there."""

_MARGIN = 1.5
"""Blocks seldom all agree: a verdict is taken to need this many times the fewest blocks."""


@dataclass(frozen=True, slots=True)
class Need:
    """What the verdict of one look takes on the fast case."""

    blocks: int
    block_ns: int
    small_blocks: int | None = None
    """What a gain of `SMALL` takes by the noise that is known, where looks are weighed."""
    case: str = ""
    """The case that this is of, where several are judged together."""
    cases: int = 1
    """How many those are: the level is shared by them, and each has a budget of its own."""

    @property
    def budget_ns(self) -> int:
        return self.blocks * self.block_ns

    @property
    def _shared(self) -> str:
        if self.cases < 2:
            return ""
        return f", at a level that {self.cases} cases share and with a budget for each of them"

    @property
    def words(self) -> str:
        if self.small_blocks is not None:
            on = f" on {self.case}" if self.case else ""
            return (
                f"a gain of 2x and more{on} wants {self.blocks} blocks of"
                f" {show_ns(self.block_ns, 2)}, one of {SMALL:.0%} about {self.small_blocks}:"
                f" {show_ns(self.small_blocks * self.block_ns, 2)}{self._shared}"
            )
        return (
            f"a verdict wants about {self.blocks} blocks of {show_ns(self.block_ns, 2)}:"
            f" {show_ns(self.budget_ns, 2)}"
        )


def block_ns_of(sealed: SealedBaseline) -> float:
    """About what a block of a weighed look takes while the program is as slow as its baseline."""
    return _WEIGHED_SIDES * (sealed.total_ns + _BETWEEN_TRIALS_NS)


def blocks_of_small_gain(scale: float, terms: Terms) -> int:
    """About how many blocks the first attempt wants for a gain of `SMALL`, by that scatter.

    Cases that are judged together share its level.
    """
    level = attempt_level(1, 0, terms) / (1 + len(terms.cases))
    return math.ceil(blocks_for(math.log1p(SMALL), scale, level))


def need_of(terms: Terms, sealed: SealedBaseline) -> Need:
    """What a look takes while the program is as slow as its baseline."""
    if terms.weighs:
        known = [k.noise for k in sealed.noise if k.case == terms.case]
        scale = next(iter(known), Noise()).known
        return Need(
            FEWEST,
            round(block_ns_of(sealed)),
            blocks_of_small_gain(scale, terms),
            terms.case if terms.cases else "",
            1 + len(terms.cases),
        )
    fewest = sign_boundary(confidence_of(1, terms)).first_proof()
    block_ns = _SIDES * (sealed.total_ns + _BETWEEN_TRIALS_NS)
    return Need(math.ceil(_MARGIN * fewest), round(block_ns))


def affordable(terms: Terms, sealed: SealedBaseline) -> Terms:
    """The terms with a budget that holds a verdict: raised to whole seconds where it did not.

    Of a program whose blocks are not long it holds as many as a gain of 20 % takes on a shared
    machine, which are those after which a look that will not decide says so.
    """
    need = need_of(terms, sealed)
    needed = math.ceil(_MARGIN * need.budget_ns) if terms.weighs else need.budget_ns
    if terms.weighs:
        blocks = FIRST_DOUBT * need.block_ns + _RUNS_THAT_TELL * round(sealed.total_ns)
        needed = max(needed, blocks) if blocks <= _WORTH_HOLDING_NS else needed
    if needed <= terms.bench_budget_ns:
        return terms
    second = 1_000_000_000
    return replace(terms, bench_budget_ns=math.ceil(needed / second) * second)
