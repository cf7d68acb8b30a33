"""All techniques by kind, and the honest changes."""

from __future__ import annotations

from harness.redteam import (
    honest,
    honest_python,
    known,
    other_side,
    reading_answers,
    replay,
    the_clock,
    the_judge,
    the_tree,
)
from harness.redteam.techniques import Technique

TECHNIQUES: tuple[Technique, ...] = (
    *known.TECHNIQUES,
    *replay.TECHNIQUES,
    *reading_answers.TECHNIQUES,
    *the_clock.TECHNIQUES,
    *other_side.TECHNIQUES,
    *the_tree.TECHNIQUES,
    *the_judge.TECHNIQUES,
    *honest.CHANGES_IN_C,
    *honest_python.CHANGES_IN_PYTHON,
)
"""In the order of the table."""
