"""All techniques by kind, and the honest changes."""

from __future__ import annotations

from harness.redteam import (
    circumstances,
    combined,
    elsewhere,
    honest,
    honest_further,
    honest_python,
    known,
    left_behind,
    memories,
    other_side,
    outsiders,
    reading_answers,
    replay,
    strangers,
    the_clock,
    the_judge,
    the_tree,
)
from harness.redteam.techniques import Technique
from harness.redteam.told import TechniqueKind

_ALL = (
    *known.TECHNIQUES,
    *replay.TECHNIQUES,
    *reading_answers.TECHNIQUES,
    *the_clock.TECHNIQUES,
    *other_side.TECHNIQUES,
    *the_tree.TECHNIQUES,
    *the_judge.TECHNIQUES,
    *outsiders.TECHNIQUES,
    *memories.TECHNIQUES,
    *left_behind.TECHNIQUES,
    *circumstances.TECHNIQUES,
    *combined.TECHNIQUES,
    *strangers.TECHNIQUES,
    *elsewhere.TECHNIQUES,
    *honest.CHANGES_IN_C,
    *honest_python.CHANGES_IN_PYTHON,
    *honest_further.CHANGES,
)
TECHNIQUES: tuple[Technique, ...] = tuple(
    technique for kind in TechniqueKind for technique in _ALL if technique.kind is kind
)
"""In the order of the table."""
