"""What blocks say of guards: kept, broken, or open.

The error of all guards of a comparison is shared out among them (Bonferroni), so that none of them
is called broken by chance more often than the comparison's confidence says.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial

from harness.analysis.judging import Judge
from harness.analysis.of_figures import NOTHING
from harness.analysis.question import Question
from harness.analysis.schedule import Block
from harness.frozen import dataclass
from harness.model import Better, Comparison, Estimate, Measurement, Metric, MetricInfo, Noise
from harness.model.families import each_confidence
from harness.model.guards import BINARY, MEAN, STARTUP, TAILS, Guard, GuardFinding, GuardState
from harness.stats.boundary import sign_boundary
from harness.stats.paired import ratio_estimate, ratio_of, sequence_of
from harness.stats.tails import Costs

NO_PAIR = "no block has both"
LOST = "one side lost more blocks than the other: failed, or never steady"
_FARTHEST = 40.0


@dataclass(frozen=True, slots=True)
class Guarded:
    """A comparison whose guards are looked at."""

    sides: tuple[str, str]
    """The names of reference and candidate."""
    metric: Metric
    """What the comparison goes by."""
    question: Question
    measured: Mapping[str, Measurement]
    """What is known of each side beside its trials."""


def with_guards(
    comparison: Comparison,
    blocks: Sequence[Block],
    question: Question,
    measurements: Iterable[Measurement],
) -> Comparison:
    """The comparison with what its blocks say of the guards that the question has."""
    if not question.guards:
        return comparison
    here = (comparison.task, comparison.case)
    asked = Guarded(
        (comparison.reference, comparison.candidate),
        comparison.metric,
        replace(question, confidence=each_confidence(question.confidence, len(question.guards))),
        {m.target: m for m in measurements if (m.task, m.case) == here},
    )
    return replace(comparison, guards=tuple(_findings(asked, blocks)))


def _findings(asked: Guarded, blocks: Sequence[Block]) -> Iterator[GuardFinding]:
    costs = cache(partial(_costs, asked, blocks))  # the blocks are gone through once for all
    for guard in asked.question.guards:
        if guard.name == BINARY:
            yield _of_builds(guard, asked)
        elif guard.name in TAILS or guard.name == MEAN:
            yield of_statistic(guard, costs())
        else:
            yield _of_figure(guard, asked, blocks)


def _of_builds(guard: Guard, asked: Guarded) -> GuardFinding:
    """The sizes of what was built: two numbers, which have no noise."""
    before, now = (
        each.binary_bytes if (each := asked.measured.get(name)) is not None else None
        for name in asked.sides
    )
    if before is None or now is None:
        return GuardFinding(guard, GuardState.OPEN, None, "there is no program that was built")
    most = before * (1 + guard.share) if guard.share is not None else before + guard.amount
    state = GuardState.BROKEN if now > most else GuardState.KEPT
    return GuardFinding(guard, state, None, f"{before} and {now} bytes")


def _costs(asked: Guarded, blocks: Sequence[Block]) -> Costs:
    """The costs of what is compared."""
    question = asked.question
    times = _judge(asked, asked.metric, blocks).sequence.times
    return Costs.of(times, question.confidence, question.threshold)


def of_statistic(guard: Guard, costs: Costs) -> GuardFinding:
    """The mean or a tail of what is compared."""
    if not len(costs.sides[0]):
        return GuardFinding(guard, GuardState.OPEN, None, NO_PAIR)
    allowed = math.log1p(guard.share or 0.0)
    return said_of(guard, costs.logs(guard.name), allowed, costs.confidence)


def _of_figure(guard: Guard, asked: Guarded, blocks: Sequence[Block]) -> GuardFinding:
    """Another figure of the same trials."""
    judge = _judge(asked, Metric(guard.name), blocks, guard.share)
    why = "; ".join(judge.lacking.words(asked.sides)) if not judge.choice.metric.is_known else ""
    if guard.name == STARTUP and why:
        why = "steady mode alone tells start-up from work"
    if not len(judge.pairs):
        return GuardFinding(guard, GuardState.OPEN, None, NO_PAIR)
    confidence, sequence = asked.question.confidence, judge.sequence
    if judge.lost.differs:
        allowed, worst = guard.share, judge.lost.bounds(sequence.ratios, sequence.boundary)
        limit = -math.log1p(allowed) if allowed is not None else math.nan
        if not (worst[0] >= limit or worst[1] < limit):  # of an amount nothing is known
            return GuardFinding(guard, GuardState.OPEN, None, LOST)
    if guard.share is not None:
        found = judge.interval
        logs = (found.point, found.low, found.high)
        return said_of(guard, logs, math.log1p(guard.share), confidence, why)
    pairs = list(zip(*judge.pairs.sides(judge.choice.metric), strict=True))
    finding = by_amount(guard, pairs, judge.question, why)
    return replace(finding, ratio=ratio_estimate(judge.interval, confidence))


def by_amount(
    guard: Guard, figures: Iterable[tuple[float, float]], question: Question, why: str
) -> GuardFinding:
    """By the differences within blocks, in units of what is allowed: signs alone, no shape.

    The question is about the figure.
    """
    figure, confidence = question.figure, question.confidence
    sign = -1.0 if figure is not None and figure.better is Better.HIGHER else 1.0
    pairs = []
    for before, now in figures:
        worse = sign * (now - before) / guard.amount
        known = not math.isnan(worse) and (figure is not None or min(before, now) >= 0)
        pairs.append((1.0, math.exp(min(max(worse, -_FARTHEST), _FARTHEST))) if known else NOTHING)
    reference, candidate = [one for one, _ in pairs], [other for _, other in pairs]
    sequence = sequence_of(reference, candidate, sign_boundary(confidence), 1e-300)
    found = sequence.interval()
    return said_of(guard, (found.point, found.low, found.high), 1.0, confidence, why)


def _judge(
    asked: Guarded, metric: Metric, blocks: Sequence[Block], share: float | None = None
) -> Judge:
    question = asked.question
    figures: Mapping[str, MetricInfo] = {info.name: info for info in question.guarded}
    same = metric is asked.metric
    noise = question.noise if same or question.noise is None else Noise()
    own = Question(
        metric,
        question.confidence,
        share or question.threshold,
        noise=noise,
        figure=question.figure if same else figures.get(metric.value),
    )
    judge = Judge(*asked.sides, own)
    judge.read(blocks)
    return judge


def said_of(
    guard: Guard, logs: tuple[float, float, float], allowed: float, confidence: float, why: str = ""
) -> GuardFinding:
    """The finding of an interval of log-ratios, where less than `-allowed` is too much worse."""
    point, low, high = logs
    state = GuardState.OPEN
    if high < -allowed:
        state = GuardState.BROKEN
    elif low >= -allowed:
        state = GuardState.KEPT
    point, low, high = map(ratio_of, logs)
    ratio = Estimate("ratio", point, low, high, confidence)
    because = why or ("too few blocks to be sure" if state is GuardState.OPEN else "")
    return GuardFinding(guard, state, ratio, because)
