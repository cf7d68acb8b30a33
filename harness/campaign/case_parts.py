"""What the result of a case is made of beside its ratios; pure, and stored in events."""

from __future__ import annotations

from harness.frozen import dataclass


@dataclass(frozen=True, slots=True)
class PhaseGain:
    """A phase before and now; self-reported by the target."""

    name: str
    baseline_ns: float
    current_ns: float


@dataclass(frozen=True, slots=True)
class SideBuild:
    """What one side of a bench ran."""

    label: str
    build: str
    """The build's digest, which every trial has too."""
    program: str
    """What tells its program from others: equal on two sides, they ran the same."""
