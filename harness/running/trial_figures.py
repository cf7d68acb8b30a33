"""Figures that the harness adds to a trial: those picked from its output, and its throughput."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from harness.analysis.blocks import figures_of_trial
from harness.errors import TrialFailed
from harness.model import Case, Mode, OutputSpec, OutputValue, Task, Trial
from harness.model.work import THROUGHPUT
from harness.system.outputs.taking import take_outputs


def with_figures(trial: Trial, task: Task, case: Case, mode: Mode) -> Trial:
    """The trial with the figures that its task declares beside `METRIC` lines.

    TrialFailed where one that was found is no finite number; one that is not there is left out.
    """
    if not trial.ok or not (task.picked or task.work):
        return trial
    return replace(trial, metrics={**trial.metrics, **dict(_figures(trial, task, case, mode))})


def _figures(trial: Trial, task: Task, case: Case, mode: Mode) -> Iterator[tuple[str, float]]:
    for spec in task.picked:
        value = _picked(trial, spec)
        if value is not None:
            yield spec.name, value
    wall_ns = figures_of_trial(trial, mode)
    if task.work is not None and wall_ns is not None and wall_ns > 0:
        yield THROUGHPUT, task.work.amount(case.values()) / (wall_ns / 1e9)


def _picked(trial: Trial, spec: OutputSpec) -> float | None:
    """The figure where it is to be found; None where it is not there."""
    if trial.output is None:
        return None
    try:
        value = take_outputs(trial.output, [spec])[spec.name]
    except TrialFailed:
        return None
    number = _number(value)
    if not math.isfinite(number):
        raise TrialFailed(f"metric {spec.name}: want a finite number, got {str(value)[:100]!r}")
    return number


def _number(value: OutputValue) -> float:
    """A value as a number, the last one of several; NaN for what is none."""
    last = value.reshape(-1)[-1:].tolist() if hasattr(value, "reshape") else [value]
    try:
        return float(last[0])
    except (TypeError, ValueError, IndexError):
        return math.nan
