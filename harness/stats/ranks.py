"""Order statistics of values that come one by one, in logarithmic time for each."""

from __future__ import annotations

import heapq
from collections.abc import Iterable


class RisingRank:
    """The value at a rank, counted from the smallest, of the values so far.

    The rank that is asked for never falls: so two heaps serve, that of the values up to it and
    that of those above, and the millionth value costs what the first one did.
    """

    def __init__(self) -> None:
        self._up_to: list[float] = []
        """Negated, so that the largest comes first."""
        self._above: list[float] = []

    def __len__(self) -> int:
        return len(self._up_to) + len(self._above)

    def add(self, value: float) -> None:
        """Take in one more value."""
        if self._up_to and value < -self._up_to[0]:
            value = -heapq.heappushpop(self._up_to, -value)
        heapq.heappush(self._above, value)

    def at(self, rank: int) -> float:
        """The value with `rank` values below it; `rank` is at least that of every earlier call.

        Raises IndexError where there are fewer values, ValueError for a smaller rank.
        """
        if rank + 1 < len(self._up_to):
            raise ValueError(f"rank {rank} is below the one asked for before")
        while len(self._up_to) <= rank:
            heapq.heappush(self._up_to, -heapq.heappop(self._above))
        return -self._up_to[0]


def median(values: Iterable[float]) -> float:
    """The middle of values, or the mean of the two in the middle; ValueError where there is none.

    `statistics` has it too, and imports fractions and decimals.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no median of nothing")
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
