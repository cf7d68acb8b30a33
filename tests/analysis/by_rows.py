"""Stored comparisons row by row, as the harness made them before it had columns, and the way there.

What is read by columns must give the same answers to the last bit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness.analysis import STATUSES, Machine, Setting, StoredComparison, StoredPart
from harness.analysis.blocks import blocks_of, pair_of, records_in
from harness.analysis.comparing import comparison_of
from harness.analysis.judged import Judged
from harness.analysis.judging import Judge
from harness.analysis.over_runs import RunSpread, spread_of_runs
from harness.analysis.question import Question
from harness.analysis.schedule import Block
from harness.model import TrialRecord, TrialStatus
from harness.stats.paired import ratio_estimate


@dataclass(frozen=True, slots=True)
class Stored:
    """A trial from the store, with what its run says of its circumstances."""

    machine: Machine
    given: str
    """Equal for trials that were given the same case, arguments, environment and input data."""
    record: TrialRecord


def stored_blocks(stored: Iterable[Stored], names: Sequence[str]) -> dict[Setting, list[Block]]:
    """The blocks, in the order of time, in which each of the named targets has a trial.

    Every task and case of a run has a block 0; warm-up trials belong to none.
    """
    together: dict[tuple[Any, ...], list[TrialRecord]] = {}
    given: dict[tuple[Any, ...], str] = {}
    for item in stored:
        record = item.record
        if record.target in names:
            where = (item.machine, record.task, record.case, record.mode, record.run_id)
            together.setdefault(where, []).append(record)
            given[*where, record.target] = item.given
    found: dict[Setting, list[Block]] = {}
    for where, records in sorted(together.items(), key=lambda item: _began(item[1])):
        for block in blocks_of(records):
            if all(name in block for name in names):
                setting = Setting(
                    *where[:-1],
                    builds=tuple(block[name][0].build_digest for name in names),
                    given=tuple(given[*where, name] for name in names),
                )
                found.setdefault(setting, []).append(block)
    return found


def _began(records: Sequence[TrialRecord]) -> int:
    return min(record.started_at_ns for record in records)


def compare_by_rows(
    reference: str, candidate: str, stored: Iterable[Stored], question: Question
) -> list[StoredComparison]:
    """What `compare_settings` says of the same trials."""
    found = []
    for setting, blocks in stored_blocks(stored, (reference, candidate)).items():
        runs = tuple(dict.fromkeys(block[reference][0].run_id for block in blocks))
        because = f"no more is stored, in {len(runs)} run{'s' * (len(runs) != 1)}"
        judge = Judge(reference, candidate, replace(question, late=False))
        judge.read(blocks)
        if judge.pairs:
            judged, spread = _over_runs(judge, blocks)
            comparison = comparison_of(judged, because)
            bad = [record for record in records_in(blocks) if not record.trial.ok]
            wrong = any(record.trial.status is TrialStatus.WRONG_OUTPUT for record in bad)
            found.append(
                StoredComparison(
                    *(setting, runs, comparison, _failures(bad), wrong),
                    by_run=spread.speed_ups,
                    runs_differ=spread.differ,
                )
            )
    return found


def _over_runs(judge: Judge, blocks: Sequence[Block]) -> tuple[Judged, RunSpread]:
    """What all blocks say, and what is left of it over the runs that they come from."""
    names, question = (judge.reference, judge.candidate), judge.question
    judged = judge.judged(blocks)
    sizes = Counter(
        block[names[0]][0].run_id for block in blocks if pair_of(block, *names) is not None
    )
    spreads, evidence = {}, {}
    for metric in judged.evidence:
        sequence = judge._followed(metric) if metric is not judge.choice.metric else judge.sequence
        spreads[metric] = spread_of_runs(sequence.ratios, list(sizes.values()), question.confidence)
        interval = sequence.interval()
        if metric is judge.choice.metric:
            interval = judge.spread.widened(interval)
        interval = spreads[metric].widened(interval)
        evidence[metric] = ratio_estimate(interval, question.confidence)
    spread = spreads[judge.choice.metric]
    return replace(judged, runs=spread, evidence=evidence), spread


def _failures(bad: Iterable[TrialRecord]) -> tuple[str, ...]:
    counts = Counter((record.target, record.trial.status) for record in bad)
    return tuple(
        f"{target}: {count} trial{'s' * (count != 1)} ended with {status.value!r}"
        for (target, status), count in counts.items()
    )


def parts_of(stored: Iterable[Stored], names: tuple[str, str] = ("a", "b")) -> list[StoredPart]:
    """The same trials by columns; one part for each stretch of trials of one run."""
    together: dict[tuple[Any, ...], list[Stored]] = {}
    for item in stored:
        record = item.record
        if record.target in names:
            key = (item.machine, record.run_id, record.task, record.case, record.mode)
            together.setdefault(key, []).append(item)
    return [_part(key, items, names) for key, items in together.items()]


def _part(key: tuple[Any, ...], items: list[Stored], names: tuple[str, str]) -> StoredPart:
    records = [item.record for item in items]
    given = {item.record.target: item.given for item in items}
    builds = tuple(dict.fromkeys(record.build_digest for record in records))
    cells: dict[str, Any] = {
        "side": [names.index(record.target) for record in records],
        "build": [builds.index(record.build_digest) for record in records],
        "status": [STATUSES.index(record.trial.status) for record in records],
    }
    for name in ("block", "warmup", "started_at_ns"):
        cells[name] = [getattr(record, name) for record in records]
    figures = ("wall_ns", "user_ns", "sys_ns", "max_rss_bytes", "max_rss_is_floor")
    switches = ("voluntary_switches", "involuntary_switches")
    for name in (*figures, *switches, "steal_ns", "pressure_ns", "threads", "layout"):
        cells[name] = [getattr(record.trial, name) or 0 for record in records]
    arrays = {name: np.array(column) for name, column in cells.items()}
    for name in ("warmup", "max_rss_is_floor"):
        arrays[name] = arrays[name].astype(bool)
    arrays["samples"] = np.empty(len(records), dtype=object)
    arrays["samples"][:] = [record.trial.samples for record in records]
    of_sides = (given.get(names[0], ""), given.get(names[1], ""))
    return StoredPart(*key, given=of_sides, builds=builds, cells=arrays)
