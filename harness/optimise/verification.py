"""What came of re-deriving a campaign."""

from __future__ import annotations

from dataclasses import field

from harness.frozen import dataclass


@dataclass(slots=True)
class Verification:
    """What was checked, what could not be, and what does not fit."""

    checked: dict[str, int] = field(default_factory=dict)
    unchecked: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    """What fits, and is to be known all the same."""
    flags: list[str] = field(default_factory=list)
    """What a human should look at."""
    problems: list[str] = field(default_factory=list)
    """In the order in which they were found; the first one is the one to look at."""

    @property
    def ok(self) -> bool:
        return not self.problems

    def count(self, what: str) -> None:
        self.checked[what] = self.checked.get(what, 0) + 1
