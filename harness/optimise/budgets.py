"""What a verdict takes, said at the start of a campaign, so that its budget can hold one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from harness.campaign.port import SealedBaseline
from harness.campaign.spending import confidence_of
from harness.campaign.values import Terms
from harness.render.units import show_ns
from harness.stats.boundary import sign_boundary

_SIDES = 3
"""Baseline, last kept state and candidate."""

_BETWEEN_TRIALS_NS = 10_000_000
"""What is roughly spent around each trial: its folder, its launch, the check of its output."""

_MARGIN = 1.5
"""Blocks seldom all agree: a verdict is taken to need this many times the fewest blocks."""


@dataclass(frozen=True, slots=True)
class Need:
    """What the verdict of one look takes on the fast case."""

    blocks: int
    block_ns: int

    @property
    def budget_ns(self) -> int:
        return self.blocks * self.block_ns

    @property
    def words(self) -> str:
        return (
            f"a verdict wants about {self.blocks} blocks of {show_ns(self.block_ns, 2)}:"
            f" {show_ns(self.budget_ns, 2)}"
        )


def need_of(terms: Terms, sealed: SealedBaseline) -> Need:
    """What a look takes while the program is as slow as its baseline."""
    fewest = sign_boundary(confidence_of(1, terms)).first_proof()
    block_ns = _SIDES * (sealed.total_ns + _BETWEEN_TRIALS_NS)
    return Need(math.ceil(_MARGIN * fewest), round(block_ns))


def affordable(terms: Terms, sealed: SealedBaseline) -> Terms:
    """The terms with a budget that holds a verdict: raised to whole seconds where it did not."""
    needed = need_of(terms, sealed).budget_ns
    if needed <= terms.bench_budget_ns:
        return terms
    second = 1_000_000_000
    return replace(terms, bench_budget_ns=math.ceil(needed / second) * second)
