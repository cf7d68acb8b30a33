"""When a lopsided count of signs is proof, however often one looks; exact, by dynamic programming.

The order within a block is drawn at random, so under the hypothesis that the true log-ratio is x
each difference from x is positive or negative like a fair coin, whatever the noise. The smaller of
the two counts after n blocks is then a random walk whose law is known exactly, and a limit for it
can be drawn so that the probability of ever falling to the limit, at any n, is at most the stated
error. How much of the error may be spent by block n is fixed in advance, which is the alpha
spending of Lan & DeMets (Biometrika 70, 1983); the walk is followed block by block with those
paths taken out that have ended already, as Armitage, McPherson & Rowe (JRSS A 132, 1969) did for
repeated tests. All x that are not refused make a confidence sequence for the median (Darling &
Robbins, PNAS 57, 1967; Howard & Ramdas, Bernoulli 28, 2022, who bound what is computed here).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

SPENDING_RATE = 0.6
"""How fast the error is spent: by block n all but (first / n) ** rate of it."""


class SignBoundary:
    """The limits of one error level; extended as far as it is asked for."""

    def __init__(self, confidence: float) -> None:
        if not 0 < confidence < 1:
            raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
        self.error = 1.0 - confidence
        # One block earlier not even unanimous signs would be rare enough.
        self._start = math.ceil(1 - math.log2(self.error)) - 1
        self._limits = [-1]
        self._spent = [0.0]
        self._paths = np.array([1.0])
        """Probability of each count of positive signs from `limit + 1` on, of paths not ended."""

    def limit(self, blocks: int) -> int:
        """The largest minority of signs that is proof after so many blocks; -1: nothing is."""
        self._extend(blocks)
        return self._limits[blocks]

    def spent(self, blocks: int) -> float:
        """The probability that a fair coin is called unfair at any look up to this one."""
        self._extend(blocks)
        return self._spent[blocks]

    def allowed(self, blocks: int) -> float:
        """How much of the error may be spent by then."""
        start = max(1, self._start)
        left = math.pow(start / blocks, SPENDING_RATE)
        return self.error * max(0.0, 1.0 - left)

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
        limit = self._limits[-1]
        paths = np.zeros(len(self._paths) + 1)
        paths[:-1] += self._paths / 2
        paths[1:] += self._paths / 2
        # A minority never shrinks, so paths end only where the limit rises to meet them. The first
        # and the last of `paths` are the most lopsided counts that are left, `limit + 1` to one.
        spent, allowed = self._spent[-1], self.allowed(blocks)
        while 2 * (limit + 1) < blocks and spent + 2 * paths[0] <= allowed:
            spent += 2 * float(paths[0])
            paths = paths[1:-1]
            limit += 1
        self._limits.append(limit)
        self._spent.append(spent)
        self._paths = paths


@lru_cache(maxsize=16)
def sign_boundary(confidence: float) -> SignBoundary:
    """The boundary of a confidence level, shared by all who ask for it."""
    return SignBoundary(confidence)
