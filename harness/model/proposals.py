"""What a proposer is told, and what it proposes: one iteration of an unattended campaign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.model.tasks import Target


@dataclass(frozen=True, slots=True)
class Brief:
    """What a proposer knows of the campaign before an iteration."""

    campaign: str
    iteration: int
    target: Target
    worktree: Path
    """A private copy of the last kept state; what is changed there is what will be tried."""
    root: Path
    """The folder of harness.toml within the worktree."""
    bottlenecks: tuple[tuple[str, float], ...]
    """Name and share, largest first, as far as they are worth an attack and not skipped."""
    tried: tuple[str, ...] = ()
    """Titles of all iterations so far."""
    flags_file: str | None = None
    """The target's file of flags, relative to the root."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What the user told this proposer."""
    text: str = ""
    """The whole brief in words."""
    problem: str = ""
    """Why the last proposal was refused; empty at the first attempt."""

    def bound(self) -> float:
        """Amdahl's bound of the largest bottleneck."""
        share = self.bottlenecks[0][1] if self.bottlenecks else 1.0
        return float("inf") if share >= 1 else 1.0 / (1.0 - share)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A thought and a plan, made before any code changes; the fields are those of the guide."""

    title: str
    optimization: str
    bottleneck: str
    hypothesis: str
    options: tuple[tuple[str, str, str], ...]
    """Name, pros and cons of each approach that was considered; two or three."""
    chosen: str
    low: float
    high: float
    reasoning: str
    risk: str
    pattern: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reflection:
    """What a proposer says after the result."""

    surprise: str
    notes: str = ""
    why: str = ""
    lesson: str = ""
