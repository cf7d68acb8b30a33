"""Phases side by side: compared by within-block ratios, as whole trials are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.analysis import Question, compare_cells
from harness.analysis.schedule import Block
from harness.model import Comparison, Measurement, Metric, PhaseRow, TrialRecord


def phase_rows(
    baseline: Measurement, current: Measurement, blocks: Sequence[Block], question: Question
) -> tuple[PhaseRow, ...]:
    """A row for every phase of either side, in the order of the baseline's.

    The error level holds for all of them together.
    """
    sides = [{phase.path: phase for phase in side.phases} for side in (baseline, current)]
    paths = {**sides[0], **sides[1]}
    question = question.shared_by(len(paths))
    return tuple(
        PhaseRow(
            path,
            sides[0].get(path),
            sides[1].get(path),
            _compared(path, (baseline.target, current.target), blocks, question),
        )
        for path in paths
    )


def _compared(
    path: str, names: tuple[str, str], blocks: Sequence[Block], question: Question
) -> Comparison | None:
    """The comparison of one phase."""
    reference, candidate = names
    of_phase = [
        {name: _phase_only(path, block.get(name, ())) for name in names} for block in blocks
    ]
    question = replace(question, metric=Metric.WALL)
    found = compare_cells(reference, [candidate], of_phase, question, "as the run it is part of")
    return found[0] if found else None


def _phase_only(path: str, records: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Trials as if they had taken the time of one phase; those without the phase are left out."""
    return [
        replace(record, trial=replace(record.trial, wall_ns=phase.total_ns, samples=()))
        for record in records
        for phase in record.trial.phases
        if phase.path == path
    ]
