"""What a bench is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.analysis import Question
from harness.model import Metric


@dataclass(frozen=True, slots=True)
class BenchSettings:
    """How the current tree is compared, and with what beside the baseline."""

    budget_ns: int
    """The budget for each case."""
    full: bool = False
    """Measure the full case too."""
    confidence: float = 0.95
    threshold: float = 0.01
    metric: Metric | None = None
    max_blocks: int | None = None
    trials: int | None = None
    """Exactly this many blocks, whatever they say."""
    seed: int | None = None
    cpus: tuple[int, ...] = ()
    startup: bool = False
    """Measure start-up too, in steady mode, where the targets have one."""
    references: Mapping[str, str] = field(default_factory=dict)
    """Further references: label to revision."""
    earlier: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """By case, the rows of an earlier bench of the same code that is gone on with."""
    unless_slower: str = ""
    """The label of a reference: where the current tree is slower than it on the fast case, the full
    one is not measured, since nothing would rest on it. Empty: measured in any case."""

    @property
    def question(self) -> Question:
        return Question(self.metric, self.confidence, self.threshold)
