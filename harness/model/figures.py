"""The figures of a trial by name: those that the launcher gives of every one, and its own."""

from __future__ import annotations

import math
from collections.abc import Mapping

from harness.model.guards import STARTUP
from harness.model.metrics import Better, MetricInfo
from harness.model.trials import Trial

_COUNTS = {
    **dict.fromkeys(("minor_faults", "major_faults", "page_faults"), "faults"),
    **dict.fromkeys(("voluntary_switches", "involuntary_switches"), "switches"),
    **dict.fromkeys(("user", "sys"), "ns"),
}

OF_EVERY_TRIAL: Mapping[str, MetricInfo] = {
    name: MetricInfo(name, unit, Better.LOWER, source="launcher") for name, unit in _COUNTS.items()
}
"""Figures that the launcher gives of every trial (getrusage), by name: nobody declares them."""


def figure_of(trial: Trial, name: str) -> float:
    """A trial's figure of that name; NaN where it has none."""
    own = trial.metrics.get(name)
    if own is not None:
        return own
    if name == STARTUP and trial.ready_ns is not None:
        return float(trial.ready_ns)
    if name in OF_EVERY_TRIAL:
        return float(sum(getattr(trial, column) for column in columns_of(name)))
    return math.nan


def columns_of(name: str) -> tuple[str, ...]:
    """The columns of the store that a figure of every trial is the sum of."""
    if name == "page_faults":
        return "minor_faults", "major_faults"
    return (f"{name}_ns" if name in ("user", "sys") else name,)
