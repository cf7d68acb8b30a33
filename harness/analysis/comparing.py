"""Reference against candidate: what all blocks say together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from harness.analysis.judged import Judged
from harness.analysis.judging import Judge
from harness.analysis.question import Question
from harness.analysis.schedule import Block
from harness.model import (
    Comparison,
    Estimate,
    Metric,
    Verdict,
    signs_disagree,
)
from harness.stats.medians import scaled_mad
from harness.stats.paired import RatioInterval, ratio_of, seen_range
from harness.stats.power import blocks_needed, detectable


def compare_cells(
    reference: str,
    candidates: Iterable[str],
    blocks: Sequence[Block],
    question: Question,
    stopped_because: str,
) -> list[Comparison]:
    """Each candidate against the reference, from blocks of one machine.

    The error level holds for each comparison by itself, not for all of them together. A candidate
    without a single pair is left out.
    """
    made = []
    for name in candidates:
        follower = Judge(reference, name, question)
        follower.read(blocks)
        if follower.pairs:
            made.append(comparison_of(follower.judged(blocks), stopped_because))
    return made


def comparison_of(judged: Judged, stopped_because: str) -> Comparison:
    """The comparison of a candidate that has at least one pair."""
    question, interval, evidence = judged.question, judged.interval, judged.evidence
    ratios, boundary = judged.sequence.ratios, judged.sequence.boundary
    verdict, weighed, costs = judged.verdict, judged.weighed, judged.costs
    by_pairs_sure = judged.of_median is Verdict.UNDECIDED is not judged.by_pairs
    in_vain = by_pairs_sure or judged.runs.differ  # more blocks alone would not decide
    smallest: float | None
    if judged.exact is not None:
        smallest = needed = None
    elif weighed is not None:
        smallest, needed = weighed.detectable, weighed.whole_blocks
    else:
        smallest = detectable(ratios, boundary)
        needed = blocks_needed(ratios, interval, boundary, question.threshold)
    doubted = verdict is Verdict.UNDECIDED is not judged.of_median
    if doubted and costs is not None:
        needed = costs.needed()
    needed = needed if verdict is Verdict.UNDECIDED and not in_vain else None
    (reference, candidate), (task, case) = judged.sides, judged.work
    return Comparison(
        candidate=candidate,
        reference=reference,
        metric=judged.choice.metric,
        ratio=evidence[judged.choice.metric],
        verdict=verdict,
        blocks=judged.pairs,
        threshold=question.threshold,
        stopped_because=stopped_because,
        metric_because="; ".join(
            (judged.choice.because, *judged.doubts, *_doubts(judged, interval, evidence))
        ),
        evidence=evidence,
        noise_floor=scaled_mad(ratios.known),
        detectable=smallest,
        blocks_needed=needed,
        budget_needed_ns=None if needed is None else _budget_ns(needed, judged),
        disturbed_blocks=judged.disturbed,
        task=task,
        case=case,
        figure=None if judged.choice.metric.is_known else question.figure,
        layouts=judged.spread.layouts,
        lost=(judged.lost.reference, judged.lost.candidate),
        costs=costs.estimates() if costs else {},
        worse=costs.worse if costs else (),
        doubted=doubted,
        seen=None if math.isfinite(interval.high - interval.low) else seen_range(ratios),
        fresh_blocks=judged.fresh.blocks,
        least=_least(judged),
    )


def _least(judged: Judged) -> float | None:
    """The low end of the ratio at the confidence that several comparisons share; None: the same."""
    of_all, weighed = judged.question.of_all, judged.weighed
    if of_all is None or weighed is None or judged.exact is not None or judged.lost.differs:
        return None
    interval = replace(weighed, level=(1 - of_all) / 2).interval()
    return ratio_of(judged.spread.widened(interval).low)


def _doubts(
    judged: Judged, interval: RatioInterval, evidence: Mapping[Metric, Estimate]
) -> list[str]:
    """What a reader should know before trusting one number."""
    sequence = judged.sequence
    lost = judged.lost.words(judged.sides, sequence.ratios, sequence.boundary)
    doubts = [lost] if lost else []
    if signs_disagree(evidence):
        doubts.append("wall and CPU time disagree: less of one is paid for with more of the other")
    if judged.runs.differ and judged.exact is None:
        doubts.append(judged.runs.words())
    if judged.of_layouts is Verdict.UNDECIDED is not judged.by_pairs and judged.exact is None:
        doubts.append(
            f"the {judged.spread.layouts} layouts of the builds differ by more than the blocks"
            " leave open: more layouts tell, and more blocks only while layouts have few"
        )
    if not interval.settled:
        doubts.append("the ratio changed while it was measured: no single one fits all blocks")
    return doubts


def _budget_ns(pairs: int, judged: Judged) -> int:
    """The time that `pairs` pairs take, where as many blocks give no pair as did so far."""
    return round(pairs * judged.block_ns * judged.blocks / judged.pairs)
