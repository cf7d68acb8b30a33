"""What each block of a group is given, where its case draws parameters anew.

All targets of a block get the same draw, so that pairs stay pairs. What is right for a draw is
told by the group's reference, run once beside the timed trials. That takes time, and so a block
gets a draw of its own only while such runs have taken at most a fifth of what the blocks took;
otherwise it gets the one that was used least.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.errors import TrialFailed
from harness.model import Case, Output
from harness.model.draws import Seeds

FEWEST_DRAWS = 4
"""So many blocks get a draw of their own whatever it takes."""

CHECKING_SHARE = 0.2

Tell = Callable[[Case], Output]
"""Runs the reference on a case, untimed, for the output that is right there."""


@dataclass(slots=True)
class Draw:
    """A case as blocks are given it, and what is right there."""

    case: Case
    text: str
    """What was drawn, as stored with each trial."""
    expected: Output | None = None
    """None: the cells know themselves what is right."""
    used: int = 0


@dataclass(slots=True)
class Draws:
    """The draws of one group."""

    case: Case
    seeds: Seeds
    secret: int
    """What the draws follow from: not known before the code was frozen."""
    made: list[Draw] = field(default_factory=list)
    telling_ns: int = 0
    """What telling what is right has taken."""

    @property
    def nothing(self) -> Draw:
        """What trials that belong to no block are given."""
        return Draw(self.case, "")

    @property
    def wanted(self) -> bool:
        """Does this group's case draw anything?"""
        return bool(self.case.drawn_names(self.seeds))

    def of_block(self, number: int, spent_ns: int, tell: Tell) -> Draw:
        """What block `number` is given, when the blocks before it took `spent_ns` in all.

        Raises what `tell` raises.
        """
        if not self.wanted:
            return self.nothing
        timed_ns = spent_ns - self.telling_ns
        if len(self.made) < FEWEST_DRAWS or self.telling_ns <= CHECKING_SHARE * timed_ns:
            self.made.append(self._anew(number, tell))
        draw = min(self.made, key=lambda each: each.used)
        draw.used += 1
        return draw

    def _anew(self, number: int, tell: Tell) -> Draw:
        case = self.case.drawn(self.seeds, random.Random(f"{self.secret}:{number}:draw"))
        text = case.draw_text(self.seeds)
        known = next((each for each in self.made if each.text == text), None)
        if known is not None:
            return Draw(case, text, known.expected)
        begun = time.monotonic_ns()
        expected = tell(case)
        self.telling_ns += time.monotonic_ns() - begun
        return Draw(case, text, expected)


def cannot_take(name: str, case: Case, failure: TrialFailed) -> TrialFailed:
    """The error for a reference that does not run on what was drawn."""
    values = ", ".join(f"{name}={value}" for name, value in case.values().items())
    return TrialFailed(
        f"{name} does not run with what was drawn ({values}): {failure.message}",
        hint="`{ from = 0, to = 99 }` in place of the case's value says what may be drawn;"
        " `--seeds fixed` draws nothing.",
    )
