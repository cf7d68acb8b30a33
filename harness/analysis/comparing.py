"""Reference against candidate: what all blocks say together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.analysis.blocks import Setting, Stored, records_in, stored_blocks
from harness.analysis.judging import Judge
from harness.analysis.question import Question
from harness.analysis.schedule import Block
from harness.model import (
    Comparison,
    Estimate,
    Metric,
    TrialRecord,
    TrialStatus,
    Verdict,
    signs_disagree,
)
from harness.stats.medians import scaled_mad
from harness.stats.paired import RatioInterval
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
            made.append(_comparison(follower, blocks, stopped_because))
    return made


@dataclass(frozen=True, slots=True)
class StoredComparison:
    """What all stored blocks of one setting say together."""

    setting: Setting
    runs: tuple[str, ...]
    """The ids of the runs that they come from, oldest first."""
    comparison: Comparison
    failures: tuple[str, ...] = ()
    """What went wrong with trials in these blocks, in words; a comparison is no answer then."""
    wrong: bool = False
    """Some of it was a wrong output."""


def compare_settings(
    reference: str, candidate: str, stored: Iterable[Stored], question: Question
) -> list[StoredComparison]:
    """A comparison for each machine, case, mode and pair of builds: their rows are never pooled.

    Runs of the same setting follow one another, as if the first had gone on; the interval allows
    for that.
    """
    found = []
    for setting, blocks in stored_blocks(stored, (reference, candidate)).items():
        runs = tuple(dict.fromkeys(block[reference][0].run_id for block in blocks))
        because = f"no more is stored, in {len(runs)} run{'s' * (len(runs) != 1)}"
        for comparison in compare_cells(reference, [candidate], blocks, question, because):
            bad = [record for record in records_in(blocks) if not record.trial.ok]
            wrong = any(record.trial.status is TrialStatus.WRONG_OUTPUT for record in bad)
            found.append(StoredComparison(setting, runs, comparison, _failures(bad), wrong))
    return found


def _failures(bad: Iterable[TrialRecord]) -> tuple[str, ...]:
    counts = Counter((record.target, record.trial.status) for record in bad)
    return tuple(
        f"{target}: {count} trial{'s' * (count != 1)} ended with {status.value!r}"
        for (target, status), count in counts.items()
    )


def _comparison(follower: Judge, blocks: Sequence[Block], stopped_because: str) -> Comparison:
    question, interval = follower.question, follower.interval
    ratios, boundary = follower.sequence.ratios, follower.sequence.boundary
    verdict, evidence = follower.verdict, follower.evidence()
    needed = None
    if verdict is Verdict.UNDECIDED:
        needed = blocks_needed(ratios, interval, boundary, question.threshold)
    first = next(records_in(blocks))
    return Comparison(
        candidate=follower.candidate,
        reference=follower.reference,
        metric=follower.choice.metric,
        ratio=evidence[follower.choice.metric],
        verdict=verdict,
        blocks=len(follower.pairs),
        threshold=question.threshold,
        stopped_because=stopped_because,
        metric_because="; ".join((follower.choice.because, *_doubts(interval, evidence))),
        evidence=evidence,
        noise_floor=scaled_mad(ratios.known),
        detectable=detectable(ratios, boundary),
        blocks_needed=needed,
        budget_needed_ns=None if needed is None else _budget_ns(needed, follower, blocks),
        disturbed_blocks=follower.disturbed,
        task=first.task,
        case=first.case,
    )


def _doubts(interval: RatioInterval, evidence: Mapping[Metric, Estimate]) -> list[str]:
    """What a reader should know before trusting one number."""
    doubts = []
    if signs_disagree(evidence):
        doubts.append("wall and CPU time disagree: less of one is paid for with more of the other")
    if not interval.settled:
        doubts.append("the ratio changed while it was measured: no single one fits all blocks")
    return doubts


def _budget_ns(pairs: int, follower: Judge, blocks: Sequence[Block]) -> int:
    """The time that `pairs` pairs take, where as many blocks give no pair as did so far."""
    return round(pairs * block_ns(blocks) * len(blocks) / len(follower.pairs))


def block_ns(blocks: Sequence[Block]) -> float:
    """How long a block takes, with everything between trials but not what lies between runs."""
    runs: dict[str, list[TrialRecord]] = {}
    for record in records_in(blocks):
        runs.setdefault(record.run_id, []).append(record)
    spans = (
        max(r.started_at_ns + r.trial.wall_ns for r in run) - min(r.started_at_ns for r in run)
        for run in runs.values()
    )
    return sum(spans) / len(blocks)
