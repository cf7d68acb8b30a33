"""What stored trials say together of two targets: a comparison of each setting, by columns.

The rules are those of `comparing`; the answers are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from harness.analysis.comparing import comparison_of
from harness.analysis.guarding_stored import StoredBlocks, stored_guards
from harness.analysis.judged import Judged, costs_of
from harness.analysis.judging import REVIEW_EVERY
from harness.analysis.lost_blocks import Lost
from harness.analysis.of_figures import doubts_of, metric_words
from harness.analysis.over_layouts import spread_over
from harness.analysis.over_runs import spread_of_runs
from harness.analysis.question import Question
from harness.analysis.readings import exact_interval
from harness.analysis.stored_pairs import (
    STATUSES,
    Setting,
    StoredPairs,
    StoredPart,
    StoredPiece,
    pieces_of,
)
from harness.frozen import dataclass
from harness.model import Comparison, Metric, TrialStatus
from harness.stats.metric import MetricChoice, choose_metric
from harness.stats.paired import RatioInterval, ratio_estimate
from harness.stats.ratios import Ints

_WRONG = STATUSES.index(TrialStatus.WRONG_OUTPUT)


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
    by_run: tuple[float, ...] = ()
    """The median speed-up of each run with pairs, oldest first; none where there is but one."""
    runs_differ: bool = False
    """They differ by more than chance: the interval is over runs, not over blocks."""


def compare_settings(
    reference: str, candidate: str, parts: Iterable[StoredPart], question: Question
) -> list[StoredComparison]:
    """A comparison for each machine, case, mode and pair of builds: their rows are never pooled.

    Runs of the same setting follow one another, as if the first had gone on; the interval allows
    for that, and where they differ by more than chance it is over runs. Every task and case of a
    run has a block 0; warm-up trials belong to no block.
    """
    pieces: dict[Setting, list[StoredPiece]] = {}
    for part in sorted(_joined(parts), key=lambda part: part.cells["started_at_ns"].min()):
        for setting, piece in pieces_of(part):
            pieces.setdefault(setting, []).append(piece)
    found = []
    for setting, own in pieces.items():
        pairs = StoredPairs.joined([piece.pairs for piece in own])
        if not len(pairs):
            continue
        runs = tuple(dict.fromkeys(piece.run_id for piece in own))
        because = f"no more is stored, in {len(runs)} run{'s' * (len(runs) != 1)}"
        sides = (reference, candidate)
        judged = _judged(sides, setting, pairs, own, question)
        bad = np.concatenate([piece.bad for piece in own])
        wrong = bool(np.any(bad[:, 1] == _WRONG))
        failures = _failures(bad, sides)
        comparison = comparison_of(judged, because)
        if question.guards:
            sizes = [len(piece.pairs) for piece in own]
            blocks = StoredBlocks(sides, pairs, sizes, judged.lost, comparison.metric)
            comparison = replace(comparison, guards=stored_guards(blocks, question))
        found.append(
            StoredComparison(
                *(setting, runs, comparison, failures, wrong),
                by_run=judged.runs.speed_ups,
                runs_differ=judged.runs.differ,
            )
        )
    return found


def _joined(parts: Iterable[StoredPart]) -> Iterator[StoredPart]:
    """The parts, those of one run as one, though it may be stored in several files."""
    together: dict[tuple[Any, ...], list[StoredPart]] = {}
    for part in parts:
        key = (part.machine, part.task, part.case, part.mode, part.run_id)
        together.setdefault(key, []).append(part)
    for own in together.values():
        if len(own) == 1:
            yield own[0]
            continue
        builds = tuple(dict.fromkeys(digest for part in own for digest in part.builds))
        places = [np.array([builds.index(digest) for digest in part.builds]) for part in own]
        cells = {name: np.concatenate([part.cells[name] for part in own]) for name in own[0].cells}
        of_parts = zip(places, own, strict=True)
        cells["build"] = np.concatenate([at[part.cells["build"]] for at, part in of_parts])
        last = own[-1]
        yield StoredPart(
            *(last.machine, last.run_id, last.task, last.case, last.mode, last.given),
            builds=builds,
            cells=cells,
        )


# -- verdicts -----------------------------------------------------------------------------------


def _judged(
    sides: tuple[str, str],
    setting: Setting,
    pairs: StoredPairs,
    pieces: Sequence[StoredPiece],
    question: Question,
) -> Judged:
    choice, joined_at = _choice(pairs, question)
    sequences = {
        metric: pairs.sequence(metric, question, joined_at if metric is choice.metric else 0)
        for metric in dict.fromkeys((*Metric, choice.metric))
        if metric is choice.metric or metric is not Metric.CPU or _has_cpu(pairs)
    }
    sizes = [len(piece.pairs) for piece in pieces]
    spreads = {
        metric: spread_of_runs(sequence.ratios, sizes, question.confidence)
        for metric, sequence in sequences.items()
    }
    decides = sequences[choice.metric]
    spread = spread_over(pairs.layouts(), decides.ratios, question.confidence)
    intervals = {metric: sequence.interval() for metric, sequence in sequences.items()}
    intervals[choice.metric] = spread.widened(intervals[choice.metric])
    blocks = sum(piece.blocks for piece in pieces)
    exact: RatioInterval | None = None
    doubts: tuple[str, ...] = ()
    if not choice.metric.is_known:
        one, other = (side.tolist() for side in pairs.sides(choice.metric))
        exact = exact_interval((one, other), question.figure)
        doubts = tuple(doubts_of((one, other), sides, question.figure))
    return Judged(
        sides=sides,
        question=question,
        choice=choice,
        sequence=decides,
        evidence={
            metric: ratio_estimate(spreads[metric].widened(interval), question.confidence)
            for metric, interval in intervals.items()
        },
        pairs=len(pairs),
        disturbed=int(np.count_nonzero(pairs.disturbed)),
        work=(setting.task, setting.case),
        blocks=blocks,
        block_ns=sum(piece.span_ns for piece in pieces) / blocks,
        exact=exact,
        doubts=doubts,
        spread=spread,
        runs=spreads[choice.metric],
        lost=Lost(*(sum(piece.lost[n] for piece in pieces) for n in (0, 1))),
        costs=costs_of(choice.metric, pairs.sides(choice.metric), question),
    )


def _choice(pairs: StoredPairs, question: Question) -> tuple[MetricChoice, int]:
    """The metric that decides, and the block after which its interval begins.

    It is chosen and looked at again at the same blocks as by `Judge`.
    """
    if question.metric is not None:
        words = metric_words(question.metric, question.figure)
        return MetricChoice(question.metric, f"{words}: as asked for"), 0
    opening = question.boundary_from(pairs.first_ns).first_proof()
    choice = choose_metric(pairs.times(min(opening, len(pairs))))
    looked = opening * REVIEW_EVERY
    while choice.metric is not Metric.CPU and looked <= len(pairs):
        again = choose_metric(pairs.times(looked))
        if again.metric is Metric.CPU:
            return again, looked - 1
        looked *= REVIEW_EVERY
    return choice, 0


def _has_cpu(pairs: StoredPairs) -> bool:
    return bool(np.any(np.minimum(pairs.reference["cpu"], pairs.candidate["cpu"]) >= 0))


def _failures(bad: Ints, sides: tuple[str, str]) -> tuple[str, ...]:
    kinds, first, counts = np.unique(bad, axis=0, return_index=True, return_counts=True)
    return tuple(
        f"{sides[kinds[at, 0]]}: {counts[at]} trial{'s' * int(counts[at] != 1)} ended with"
        f" {STATUSES[kinds[at, 1]].value!r}"
        for at in np.argsort(first)
    )
