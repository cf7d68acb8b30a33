"""The thought, plan and reflection of an iteration, and how a proposer is asked for them.

Events of a campaign carry them: their fields are what is stored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from harness.frozen import dataclass
from harness.model.tasks import Target

PROPOSER_FOLDER = ".harness-agent"
"""Where a proposer may keep files of its own in the worktree; they are never part of a change."""


@dataclass(frozen=True, slots=True)
class Option:
    """An approach that was considered."""

    name: str
    pros: str
    cons: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """An interval of the whole program's speed-up in this iteration, for a named bottleneck."""

    bottleneck: str
    low: float
    high: float

    def __post_init__(self) -> None:
        if not (0 < self.low <= self.high and math.isfinite(self.high)):
            raise ValueError(f"want 0 < low <= high, got {self.low} to {self.high}")

    @property
    def middle(self) -> float:
        """The geometric middle, what is scored against the result."""
        return math.sqrt(self.low * self.high)

    def holds(self, ratio: float) -> bool:
        """Does the measured point lie within the interval, ends included?"""
        return self.low <= ratio <= self.high


@dataclass(frozen=True, slots=True)
class Thought:
    """The pre-registration of an iteration: the guide's fields, before any code changes.

    Bottleneck, hypothesis and prediction are what a result is held against; any other field may be
    empty.
    """

    hypothesis: str
    options: tuple[Option, ...]
    """Two or three; empty: none were written down."""
    chosen: str
    prediction: Prediction
    reasoning: str
    risk: str
    pattern: str = ""
    """The number of a pattern of the guide's section 8, such as `8.3`; or empty."""
    reason: str = ""
    """Why a prediction beyond the bound, or an attack on something small, is made all the same."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be tried, and why."""

    title: str
    optimization: str


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
    """A thought and a plan in one, as a proposer or a form gives them; nothing is checked yet."""

    title: str
    optimization: str
    bottleneck: str
    hypothesis: str
    options: tuple[tuple[str, str, str], ...]
    """Name, pros and cons of each approach that was considered; two or three, or none."""
    chosen: str
    low: float
    high: float
    reasoning: str
    risk: str
    pattern: str = ""
    reason: str = ""

    def thought(self) -> Thought:
        """The thought in it; ValueError where low and high are no interval of speed-ups."""
        return Thought(
            hypothesis=self.hypothesis,
            options=tuple(Option(*option) for option in self.options),
            chosen=self.chosen,
            prediction=Prediction(self.bottleneck, self.low, self.high),
            reasoning=self.reasoning,
            risk=self.risk,
            pattern=self.pattern,
            reason=self.reason,
        )

    def plan(self) -> Plan:
        """The plan in it."""
        return Plan(self.title, self.optimization)


@dataclass(frozen=True, slots=True)
class Reflection:
    """What is written after the result: the surprise, and what follows from it."""

    surprise: str
    notes: str = ""
    why: str = ""
    """Where the result left the predicted interval: the explanation."""
    lesson: str = ""
    """What this teaches about the code."""
