"""What a bench is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from harness.analysis import Question
from harness.baseline import LABEL as BASELINE
from harness.frozen import dataclass
from harness.model import Jail, Metric
from harness.model.guards import Guard
from harness.model.noise import Noise


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
    guards: tuple[Guard, ...] = ()
    """Figures that must not get worse by more than is said."""
    max_blocks: int | None = None
    trials: int | None = None
    """Exactly this many blocks, whatever they say."""
    seed: int | None = None
    cpus: tuple[int, ...] = ()
    jail: Jail | None = None
    """What each trial may see and change; None: as the session has it."""
    startup: bool = False
    """Measure start-up too, in steady mode, where the targets have one."""
    references: Mapping[str, str] = field(default_factory=dict)
    """Further references: label to revision."""
    earlier: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """By case, the rows of an earlier bench of the same code that is gone on with."""
    unless_slower: str = ""
    """The label of a reference: where the current tree is slower than it on the fast case, the full
    one is not measured, since nothing would rest on it. Empty: measured in any case."""

    with_baseline: bool = True
    """Measure the baseline in every block; False: the further references alone decide."""
    noise: Mapping[str, Noise] = field(default_factory=dict)
    """By case, what identical builds were seen to differ by: verdicts are then weighed by it."""
    fewest: int = 0
    """A weighed verdict is not sure before as many blocks."""
    warmup: int = 1
    """Trials of each side before the first block, beside the run that its output is checked by."""

    elsewhere: bool = False
    """Try a gain on other values than those that it was measured on."""

    further_ns: int = 0
    """How long a gain is tried on further draws, untimed; without `elsewhere` whatever was found
    is. 0: not at all."""

    tested: str = ""
    """The case on which the current tree was tested just before: its output is checked once more
    by the run before its trials, and by no other one."""

    tails: bool = True
    """Hold a gain against the mean and the slow runs."""

    of_all: float | None = None
    """The confidence that several cases share; None: there is one."""
    confirm: bool = False
    """Once a gain is sure, measure on for its point."""

    @property
    def question(self) -> Question:
        """What is asked of phases and of cases without known noise."""
        asked = (self.metric, self.confidence, self.threshold)
        question = Question(*asked, tails=self.tails, guards=self.guards)
        return replace(question, of_all=self.of_all, late=False, early=False)

    def question_on(self, case: str) -> Question:
        """What is asked of a case."""
        return replace(
            self.question, noise=self.noise.get(case), fewest=self.fewest, confirm=self.confirm
        )

    @property
    def reference(self) -> str:
        """The label of the reference that decides."""
        return BASELINE if self.with_baseline else next(iter(self.references))
