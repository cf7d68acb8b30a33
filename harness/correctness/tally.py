"""Counts what differs and keeps the worst few places."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.frozen import dataclass
from harness.model import Agreement, Mismatch, OutputKind, Tolerance

WORST = 5
"""How many places a failure shows."""

MOST_LOOKED_AT = 2_000
"""This many differing lines are searched for the worst one; the others are counted."""

_EXCERPT = 80


def excerpt(text: str) -> str:
    """A value as a message shows it: one line of at most 80 characters."""
    text = text.encode("unicode_escape").decode("ascii") if not text.isprintable() else text
    return text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 3]}..."


def show(value: Any) -> str:
    """An element in words that tell it from its neighbours: the shortest exact form."""
    item = value.item() if isinstance(value, np.generic) else value
    return excerpt(repr(item) if not isinstance(item, np.generic) else str(item))


@dataclass(slots=True)
class Tally:
    """What a comparison has found so far; `what` names the things compared, in the plural."""

    tolerance: Tolerance
    what: str = "numbers"
    in_order: bool = False
    """Show the first place that differs before the worst ones."""
    checked: int = 0
    differing: int = 0
    hard: bool = False
    """Something differs that `max_differing` does not excuse."""
    by_print: int = 0
    """Places that agree only because the print says no more."""
    note: str = ""
    """What to do about it, where that is plain."""
    _worst: list[tuple[float, int, Mismatch]] = field(default_factory=list)
    _kept: int = 0
    _first: Mismatch | None = None

    @property
    def is_full(self) -> bool:
        """Enough places differ: further ones are counted, not looked at."""
        return self.differing >= MOST_LOOKED_AT

    def add(self, score: float, mismatch: Mismatch, hard: bool = False) -> None:
        """One more place that differs; among equal scores the earlier ones are kept.

        `hard`: not a matter of a few places, whatever is declared; a missing line, say.
        """
        self.differing += 1
        self.hard |= hard
        self._first = self._first or mismatch
        self._keep(score, mismatch)

    def add_many(self, scores: NDArray[Any], mismatch: Callable[[int], Mismatch]) -> None:
        """Many places at once; `mismatch` makes the one with a position in `scores`."""
        self.differing += len(scores)
        for position in _worst_positions(scores):
            self._keep(float(scores[position]), mismatch(position))

    def _keep(self, score: float, mismatch: Mismatch) -> None:
        self._kept += 1
        # NaN has no order, and would break the heap's; it is as far off as anything can be.
        score = math.inf if math.isnan(score) else score
        # The heap's first entry is the one to give up next: the count is negative so that among
        # equal scores it is the latest, and no two entries ever compare their mismatches.
        entry = (score, -self._kept, mismatch)
        if len(self._worst) < WORST:
            heapq.heappush(self._worst, entry)
        elif score > self._worst[0][0]:
            heapq.heapreplace(self._worst, entry)

    def agreement(self) -> Agreement:
        """The result, with a line that says what was compared or what is wrong."""
        name = self.tolerance.output
        allowed = self.tolerance.may_differ(self.checked)
        if not self.hard and self.differing <= allowed:
            return Agreement(
                ok=True,
                differing=self.differing,
                checked=self.checked,
                summary=f"{name}: {self._what_agrees()}",
            )
        mismatches = self._ordered()
        summary = f"{name}: {self.differing} of {self.checked} {self.what} differ"
        summary += f" ({allowance(self.tolerance)})"
        if self.in_order:
            summary += f"; first {_describe_mismatch(mismatches[0])}"
        worst = max(self._worst, key=lambda entry: entry[:2])[2]
        if not self.in_order or worst is not mismatches[0]:
            summary += f"; worst {_describe_mismatch(worst)}"
        return Agreement(
            ok=False,
            mismatches=mismatches,
            differing=self.differing,
            checked=self.checked,
            summary=f"{summary}; {self.note}" if self.note else summary,
        )

    def _what_agrees(self) -> str:
        allowed = allowance(self.tolerance)
        if not self.differing:
            words = f"{self.checked} {self.what} agree ({allowed})"
        else:
            words = f"{self.differing} of {self.checked} {self.what} differ, which is allowed"
            words += f" ({allowed})"
        if self.by_print:
            words += f", {self.by_print} numbers only as far as they are printed"
        return words

    def _ordered(self) -> tuple[Mismatch, ...]:
        """The worst first; before them the first one where the order matters."""
        ordered = sorted(self._worst, key=lambda entry: (-entry[0], -entry[1]))
        worst = [entry[2] for entry in ordered]
        if self.in_order and self._first is not None:
            worst = [self._first, *(m for m in worst if m is not self._first)]
        return tuple(worst[:WORST])


def _worst_positions(scores: NDArray[Any]) -> list[int]:
    """Where the few largest scores are, in order of place; the first ones among equals."""
    if len(scores) <= WORST:
        return list(range(len(scores)))
    bar = np.partition(scores, -WORST)[-WORST]
    above = np.flatnonzero(scores > bar)
    level = np.flatnonzero(scores == bar)[: WORST - len(above)]
    return sorted(int(position) for position in (*above, *level))


def _describe_mismatch(mismatch: Mismatch) -> str:
    """One place in words: where, expected, got, error and what was allowed."""
    words = f"at {mismatch.place}: expected {mismatch.expected}, got {mismatch.actual}"
    if mismatch.error is not None:
        words += f", error {mismatch.error:.3g}"
    if mismatch.allowed is not None:
        words += f", allowed {mismatch.allowed:.3g}"
    return words


def allowance(tolerance: Tolerance) -> str:
    """A tolerance in words, such as `deterministic, rtol 1e-09`."""
    parts = [tolerance.kind.value]
    if tolerance.kind is OutputKind.STOCHASTIC:
        parts.append(f"margin {tolerance.margin:g}")
        parts += [f"margin_abs {tolerance.margin_abs:g}"] if tolerance.margin_abs else []
        parts.append(f"error level {1 - tolerance.confidence:g}")
    elif tolerance.kind is not OutputKind.EXACT:
        parts.append(f"rtol {tolerance.rtol:g}")
        parts += [f"atol {tolerance.atol:g}"] if tolerance.atol else []
        parts += [f"ulp {tolerance.ulp}"] if tolerance.ulp is not None else []
    parts += [f"max_differing {tolerance.max_differing}"] if tolerance.max_differing else []
    return ", ".join(parts)


def incomparable(tolerance: Tolerance, place: str, expected: object, actual: object) -> Agreement:
    """The agreement of outputs that cannot even be compared: another type, shape or length."""
    mismatch = Mismatch(tolerance.output, place, excerpt(str(expected)), excerpt(str(actual)))
    return Agreement(
        ok=False,
        mismatches=(mismatch,),
        differing=1,
        summary=f"{tolerance.output}: {_describe_mismatch(mismatch)}",
    )
