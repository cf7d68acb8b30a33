"""What decides a campaign, in words, and what was found of its guards; pure."""

from __future__ import annotations

from harness.frozen import dataclass
from harness.model import Estimate, Metric, SideFigures
from harness.model.guards import GuardFinding, GuardState
from harness.render.guard_rows import shown_guard


def objective_words(metric: str) -> str:
    """A metric in a sentence: `wall time`, `cpu time`, else its name alone."""
    return f"{metric} time" if Metric(metric).is_time else metric


def clock_words(metric: str) -> str:
    """Which clock the times of a result are by: CPU time where that decides, else wall time."""
    return objective_words(metric if metric == Metric.CPU.value else Metric.WALL.value)


@dataclass(frozen=True, slots=True)
class GuardResult:
    """A guard of the terms in one look: the candidate against the last kept state."""

    guard: str
    """As the terms say it."""
    state: GuardState
    said: str
    """The ratio with its interval, the two figures, or why it is open."""

    @classmethod
    def of(cls, found: GuardFinding) -> GuardResult:
        """A finding as the campaign stores it."""
        said = ", ".join(filter(None, (shown_guard(found), found.because)))
        return cls(str(found.guard), found.state, said)

    def __str__(self) -> str:
        return f"{self.guard}: {self.state.value} ({self.said})"


@dataclass(frozen=True, slots=True)
class Guards:
    """What a gain in time may have cost elsewhere: baseline against the candidate.

    Where the result is chained, `baseline` is the last kept state here.
    """

    baseline_rss_bytes: int | None = None
    current_rss_bytes: int | None = None
    baseline_cpu_ns: float | None = None
    current_cpu_ns: float | None = None
    baseline_wall_ns: float | None = None
    current_wall_ns: float | None = None
    baseline_build_ns: int | None = None
    current_build_ns: int | None = None
    baseline_ready_ns: float | None = None
    """Start-up, where it is known: steady mode alone tells it from the work."""
    current_ready_ns: float | None = None

    @classmethod
    def of(cls, before: SideFigures, after: SideFigures) -> Guards:
        """The guards of two sides of a bench; start-up is not known there."""
        return cls(
            baseline_rss_bytes=before.max_rss_bytes,
            current_rss_bytes=after.max_rss_bytes,
            baseline_cpu_ns=point_of(before.cpu_ns),
            current_cpu_ns=point_of(after.cpu_ns),
            baseline_wall_ns=point_of(before.wall_ns),
            current_wall_ns=point_of(after.wall_ns),
            baseline_build_ns=before.build_ns or None,
            current_build_ns=after.build_ns or None,
        )


def point_of(estimate: Estimate | None) -> float | None:
    """The figure itself, without its interval; None where there is none."""
    return estimate.point if estimate else None
