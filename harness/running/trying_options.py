"""How variants are tried: the settings of race and confirmation, and what the race goes by."""

from __future__ import annotations

from harness.analysis.question import AUTO
from harness.frozen import dataclass
from harness.running.settings import Settings


@dataclass(frozen=True, slots=True)
class Trying:
    """How variants are tried."""

    settings: Settings
    """The question's metric decides in the end; the budget is that of race and confirmation."""
    metric: str = AUTO
    """What the race goes by, such as a figure of the target."""
    because: str = ""
    """Why the race goes by that, in words; empty: the race says which time it chose, and why."""
    confirms: bool = True
    """Is the best one measured again? In a campaign its next look does that."""
    together: bool = True
    """Are those that gain put together, and raced as one more?"""
