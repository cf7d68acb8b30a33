"""Order statistics of values that come one by one, at the same cost for each."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, insort
from collections.abc import Iterable

_MOST = 1024
"""A longer part is split: to put a value into one moves what is above it."""


class RisingRank:
    """The value at a rank, counted from the smallest, of the values so far.

    The values are in order, in parts of plain numbers: eight bytes for each, where a heap of
    Python's takes forty. The rank that is asked for never falls, and rises by little, so that its
    part is that of the call before or a neighbour.
    """

    def __init__(self) -> None:
        self._parts = [array("d")]
        self._tops: list[float] = []
        """The largest value of each part but the last one."""
        self._at = self._before = 0
        """The part that was asked for last, and how many values the parts before it have."""
        self._asked = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, value: float) -> None:
        """Take in one more value."""
        at = bisect_left(self._tops, value)
        part = self._parts[at]
        insort(part, value)
        self._count += 1
        self._before += at < self._at
        if len(part) > _MOST:
            half = len(part) // 2
            self._parts[at : at + 1] = [part[:half], part[half:]]
            self._tops.insert(at, part[half - 1])
            self._at += at < self._at

    def at(self, rank: int) -> float:
        """The value with `rank` values below it; `rank` is at least that of every earlier call.

        Raises IndexError where there are fewer values, ValueError for a smaller rank.
        """
        if rank < self._asked:
            raise ValueError(f"rank {rank} is below the one asked for before")
        if rank >= self._count:
            raise IndexError(f"rank {rank} of {self._count} values")
        self._asked = rank
        while rank < self._before:
            self._at -= 1
            self._before -= len(self._parts[self._at])
        while rank >= self._before + len(self._parts[self._at]):
            self._before += len(self._parts[self._at])
            self._at += 1
        return self._parts[self._at][rank - self._before]


def median(values: Iterable[float]) -> float:
    """The middle of values, or the mean of the two in the middle; ValueError where there is none.

    `statistics` has it too, and imports fractions and decimals.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no median of nothing")
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else halfway(ordered[half - 1], ordered[half])


def halfway(one: float, other: float) -> float:
    """The mean of two values; of finite ones it is finite, though their sum may not be."""
    mean = (one + other) / 2
    return mean if math.isfinite(mean) else one / 2 + other / 2
