"""All techniques by kind, and the honest changes."""

from __future__ import annotations

from harness.redteam import honest, honest_python, known, replay
from harness.redteam.techniques import Technique

TECHNIQUES: tuple[Technique, ...] = (
    *known.TECHNIQUES,
    *replay.TECHNIQUES,
    *honest.CHANGES_IN_C,
    *honest_python.CHANGES_IN_PYTHON,
)
"""In the order of the table."""
