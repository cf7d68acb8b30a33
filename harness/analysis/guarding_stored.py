"""What stored blocks say of guards, by columns; the rules are those of `guarding`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, partial

from harness.analysis.guarding import LOST, by_amount, of_statistic, said_of
from harness.analysis.lost_blocks import Lost
from harness.analysis.of_figures import Lacking, missing
from harness.analysis.over_runs import spread_of_runs
from harness.analysis.question import Question
from harness.analysis.stored_pairs import StoredPairs
from harness.frozen import dataclass
from harness.model import Metric
from harness.model.families import each_confidence
from harness.model.guards import BINARY, MEAN, STARTUP, TAILS, Guard, GuardFinding, GuardState
from harness.stats.paired import ratio_estimate
from harness.stats.tails import Costs

_NOT_STORED = "no stored block has it"


@dataclass(frozen=True, slots=True)
class StoredBlocks:
    """The pairs of one setting, and what is to be known of them."""

    sides: tuple[str, str]
    pairs: StoredPairs
    sizes: Sequence[int]
    """How many pairs each run has."""
    lost: Lost
    metric: Metric
    """What the comparison goes by."""


def stored_guards(found: StoredBlocks, question: Question) -> tuple[GuardFinding, ...]:
    """What the blocks say of the guards that the question has, which share its error."""
    each = each_confidence(question.confidence, len(question.guards))
    return tuple(_findings(found, replace(question, confidence=each)))


def _findings(found: StoredBlocks, question: Question) -> Iterator[GuardFinding]:
    costs = cache(partial(_costs, found, question))  # the blocks are gone through once for all
    for guard in question.guards:
        if guard.name in (BINARY, STARTUP):
            yield GuardFinding(guard, GuardState.OPEN, None, _NOT_STORED)
        elif found.lost.differs:
            yield GuardFinding(guard, GuardState.OPEN, None, LOST)
        elif guard.name in TAILS or guard.name == MEAN:
            yield of_statistic(guard, costs())
        else:
            yield _of_figure(guard, found, question)


def _costs(found: StoredBlocks, question: Question) -> Costs:
    """The costs of what is compared."""
    sides = found.pairs.costs(found.metric, question)
    return Costs.of(sides, question.confidence, question.threshold)


def _of_figure(guard: Guard, found: StoredBlocks, question: Question) -> GuardFinding:
    """Another figure of the same trials."""
    metric, pairs = Metric(guard.name), found.pairs
    info = next((each for each in question.guarded if each.name == guard.name), None)
    asked = replace(question, figure=info, threshold=guard.share or question.threshold)
    columns = [side.tolist() for side in pairs.sides(metric)]
    lacking = Lacking(len(pairs), *map(missing, columns))
    why = "" if metric.is_known else "; ".join(lacking.words(found.sides))
    sequence = pairs.sequence(metric, asked)
    spread = spread_of_runs(sequence.ratios, found.sizes, question.confidence)
    interval = spread.widened(sequence.interval())
    if guard.share is not None:
        logs = (interval.point, interval.low, interval.high)
        return said_of(guard, logs, math.log1p(guard.share), question.confidence, why)
    if spread.differ:
        why = spread.words()
        return GuardFinding(guard, GuardState.OPEN, None, why)
    finding = by_amount(guard, zip(*columns, strict=True), asked, why)
    return replace(finding, ratio=ratio_estimate(interval, question.confidence))
