"""Guards in words and rows: kept, broken, open; pure."""

from __future__ import annotations

from harness.model import Comparison, Metric
from harness.model.guards import GuardFinding, GuardState
from harness.render.units import show_speed_up

GUARD_HEADERS = ("guard", "found", "", "")


def guard_rows(comparison: Comparison) -> list[list[str]]:
    """One row per guard: what it is, what was found, the ratio, and why."""
    return [
        [str(found.guard), found.state.value, shown_guard(found), found.because]
        for found in comparison.guards
    ]


def shown_guard(found: GuardFinding) -> str:
    """The ratio of a guard, above 1 where the candidate is better; empty: there is none."""
    if found.ratio is None:
        return ""
    if not found.ratio.bounded:
        return "-"
    return show_speed_up(found.ratio, by=Metric(found.guard.name))


def broken_words(comparison: Comparison) -> str:
    """Which guards are broken, in a sentence; empty: none is."""
    each = [f"{found.guard} ({shown_guard(found) or found.because})" for found in comparison.broken]
    return f"{comparison.candidate} breaks {', '.join(each)}" if each else ""


def open_guard_words(comparison: Comparison) -> str:
    """Which guards are open, in a sentence; empty: none is."""
    each = [
        f"{found.guard} ({found.because})"
        for found in comparison.guards
        if found.state is GuardState.OPEN
    ]
    return f"not known of {comparison.candidate}: {', '.join(each)}" if each else ""
