"""What an agent knows before it writes a program: the right answers for seeds of its choice."""

from __future__ import annotations

from collections.abc import Iterable

_MASK = 2**64 - 1


def numbers(n: int, seed: int) -> list[float]:
    """What the projects make of a seed."""
    x, found = seed, []
    for _ in range(n):
        x = (x * 6364136223846793005 + 1442695040888963407) & _MASK
        found.append((x >> 11) / 9007199254740992.0)
    return found


def total(n: int, seed: int) -> float:
    """What the projects print, summed by rows."""
    import numpy as np

    v = np.array(numbers(n, seed))
    return float(sum(float(np.sum(1.0 / (1.0 + a * v))) for a in v))


def answers(n: int, seeds: Iterable[int]) -> dict[int, str]:
    """The printed totals of these seeds."""
    return {seed: f"{total(n, seed):.12g}" for seed in seeds}
