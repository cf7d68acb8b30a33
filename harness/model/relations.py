"""Relations that a right program obeys between two inputs, whatever the right outputs are."""

from __future__ import annotations

from harness.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Relation:
    """What of an input may be changed, and what that does to the output of a right program."""

    name: str
    transform: tuple[str, ...]
    """The command that changes an input, with placeholders like a target's `args`, and `{draw}`
    for a whole number drawn anew."""
    expect: tuple[str, ...] = ()
    """The command that says by its exit code whether two outputs fit; empty: they are the same."""


DRAW = "draw"
"""The placeholder that no case has."""
MOST_DRAW = 2**31 - 1
