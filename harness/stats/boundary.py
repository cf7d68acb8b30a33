"""When a lopsided count of signs is proof, however often one looks; exact, by dynamic programming.

The order within a block is drawn at random, so under the hypothesis of no difference each log-ratio
is positive or negative like a fair coin, whatever the noise. Under the hypothesis that x is the
median log-ratio of every block, so is each difference from x. The smaller of the two counts after n
blocks is then a random walk whose law is known exactly, and a limit for it can be drawn so that the
probability of ever falling to the limit, at any n, is at most the stated error. How much of the
error may be spent by block n is fixed in advance, which is the alpha spending of Lan & DeMets
(Biometrika 70, 1983); the walk is followed block by block with those paths taken out that have
ended already, as Armitage, McPherson & Rowe (JRSS A 132, 1969) did for repeated tests. All x that
are not refused make a confidence sequence for the median (Darling & Robbins, PNAS 58, 1967; Howard
& Ramdas, Bernoulli 28, 2022, who bound what is computed here).
"""

from __future__ import annotations

import math
from array import array
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SPENDING_RATE = 0.4
"""How fast the error is spent: by block n all but (5 / n) ** rate of it, for 95 %.

Chosen on recorded noise (benchmarks/noise_trace.py): a higher rate finds large effects a little
sooner and leaves less for small ones and for showing that there is none; 0.3 to 1 differ little.
"""

_LISTED_UP_TO = 48
"""Counts that are followed as a list; numpy gives the same to the last bit, and takes 70 ms to
import."""


class SignBoundary:
    """The limits of one error level; extended as far as it is asked for.

    With `joined_at`, this walk is not looked at before that block, and what the boundary from the
    beginning may have spent by then on another one is gone: the two together keep the level.

    `early`: unanimous signs are proof as soon as they can be, after six blocks at 95 %, for 2^-5 of
    the 5 %; what is left is spent as otherwise. No test of fair coins, two-sided at that level, can
    do with fewer. It pays where blocks are long, and leaves less for small effects.
    """

    def __init__(self, confidence: float, joined_at: int = 0, *, early: bool = False) -> None:
        if not 0 < confidence < 1:
            raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
        self.confidence = confidence
        self.joined_at = joined_at
        self.early = early
        self._error = 1.0 - confidence
        # Unanimous signs are rare enough one block after this one.
        self._start = max(1, math.ceil(1 - math.log2(self._error)) - 1)
        self._limits = array("q", [-1])
        spent = sign_boundary(confidence, early=early).spent(joined_at) if joined_at else 0.0
        self._spent = array("d", [spent])
        self._paths: list[float] | npt.NDArray[np.float64] = [1.0]
        """Probability of each count of positive signs from `limit + 1` on, of paths not ended."""

    def limit(self, blocks: int) -> int:
        """The largest minority of signs that is proof after `blocks` blocks; -1: nothing is."""
        self._extend(blocks)
        return self._limits[blocks]

    def limits(self, blocks: int) -> npt.NDArray[np.int64]:
        """The limits after 1, 2, ... `blocks` blocks."""
        import numpy as np

        self._extend(blocks)
        return np.array(self._limits[1 : blocks + 1], dtype=np.int64)

    def spent(self, blocks: int) -> float:
        """The probability that a fair coin is called unfair at any look up to this one."""
        self._extend(blocks)
        return self._spent[blocks]

    def allowed(self, blocks: int) -> float:
        """How much of the error may be spent by then."""
        if self.early:
            first = self._start + 1
            if blocks < max(first, self.joined_at + 1):
                return 0.0
            at_once = 2.0 ** (1 - first)
            return at_once + (self._error - at_once) * (
                1.0 - math.pow(first / blocks, SPENDING_RATE)
            )
        if blocks <= max(self._start, self.joined_at):
            return 0.0
        return self._error * (1.0 - math.pow(self._start / blocks, SPENDING_RATE))

    def first_proof(self) -> int:
        """The first block at which unanimous signs are proof."""
        blocks = 1
        while self.limit(blocks) < 0:
            blocks += 1
        return blocks

    def _extend(self, blocks: int) -> None:
        while len(self._limits) <= blocks:
            self._step(len(self._limits))

    def _step(self, blocks: int) -> None:
        paths = _next_paths(self._paths)
        limit, spent, allowed = self._limits[-1], self._spent[-1], self.allowed(blocks)
        # A minority never shrinks, so paths end only where the limit rises to meet them. The first
        # and the last of `paths` are the most lopsided counts that are left, `limit + 1` to one.
        while 2 * (limit + 1) < blocks and spent + 2 * paths[0] <= allowed:
            spent += 2 * float(paths[0])
            paths = paths[1:-1]
            limit += 1
        self._limits.append(limit)
        self._spent.append(spent)
        self._paths = paths


def _next_paths(
    paths: list[float] | npt.NDArray[np.float64],
) -> list[float] | npt.NDArray[np.float64]:
    """Where the walk is one block later. A short run has no need of numpy for that."""
    if isinstance(paths, list) and len(paths) <= _LISTED_UP_TO:
        halves = [each / 2 for each in paths]
        return [a + b for a, b in zip([*halves, 0.0], [0.0, *halves], strict=True)]
    import numpy as np

    before = np.asarray(paths)
    after = np.zeros(len(before) + 1)
    after[:-1] += before / 2
    after[1:] += before / 2
    return after


@lru_cache(maxsize=64)
def sign_boundary(confidence: float, joined_at: int = 0, *, early: bool = False) -> SignBoundary:
    """The boundary of a confidence level, shared by all who ask for it."""
    return SignBoundary(confidence, joined_at, early=early)
