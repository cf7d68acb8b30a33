"""Counts what differs and keeps the worst few places."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.model import Agreement, Mismatch, OutputKind, Tolerance

WORST = 5
"""How many places a failure shows."""

_EXCERPT = 80


def shorten(text: str) -> str:
    """A value as a message shows it: one line of at most 80 characters."""
    text = text.encode("unicode_escape").decode("ascii") if not text.isprintable() else text
    return text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 3]}..."


def show(value: Any) -> str:
    """An element in words that tell it from its neighbours: the shortest exact form."""
    item = value.item() if isinstance(value, np.generic) else value
    return shorten(repr(item) if not isinstance(item, np.generic) else str(item))


@dataclass(slots=True)
class Tally:
    """What a comparison has found so far; `what` names the things compared, in the plural."""

    tolerance: Tolerance
    what: str = "numbers"
    checked: int = 0
    differing: int = 0
    by_print: int = 0
    """Places that agree only because the print says no more."""
    note: str = ""
    """What to do about it, where that is plain."""
    _worst: list[tuple[float, int, Mismatch]] = field(default_factory=list)
    _kept: int = 0

    def add(self, score: float, mismatch: Mismatch) -> None:
        """One more place that differs; among equal scores the earlier ones are kept."""
        self.differing += 1
        self._keep(score, mismatch)

    def add_many(self, scores: NDArray[Any], mismatch: Callable[[int], Mismatch]) -> None:
        """Many places at once; `mismatch` makes the one with a position in `scores`."""
        self.differing += len(scores)
        for position in _worst_positions(scores):
            self._keep(float(scores[position]), mismatch(position))

    def _keep(self, score: float, mismatch: Mismatch) -> None:
        self._kept += 1
        entry = (score, -self._kept, mismatch)
        if len(self._worst) < WORST:
            heapq.heappush(self._worst, entry)
        elif score > self._worst[0][0]:
            heapq.heapreplace(self._worst, entry)

    def agreement(self) -> Agreement:
        """The result, with a line that says what was compared or what is wrong."""
        name = self.tolerance.output
        if not self.differing:
            allowed = allowance(self.tolerance)
            summary = f"{name}: {self.checked} {self.what} agree ({allowed})"
            if self.by_print:
                summary += f", {self.by_print} of them only as far as they are printed"
            return Agreement(ok=True, checked=self.checked, summary=summary)
        ordered = sorted(self._worst, key=lambda entry: (-entry[0], -entry[1]))
        mismatches = tuple(entry[2] for entry in ordered)
        summary = f"{name}: {self.differing} of {self.checked} {self.what} differ"
        summary += f" ({allowance(self.tolerance)}); worst {describe(mismatches[0])}"
        if self.note:
            summary += f"; {self.note}"
        return Agreement(
            ok=False,
            mismatches=mismatches,
            differing=self.differing,
            checked=self.checked,
            summary=summary,
        )


def _worst_positions(scores: NDArray[Any]) -> list[int]:
    """Where the few largest scores are, in order of place; the first ones among equals."""
    if len(scores) <= WORST:
        return list(range(len(scores)))
    bar = np.partition(scores, -WORST)[-WORST]
    above = np.flatnonzero(scores > bar)
    level = np.flatnonzero(scores == bar)[: WORST - len(above)]
    return sorted(int(position) for position in (*above, *level))


def describe(mismatch: Mismatch) -> str:
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
    return ", ".join(parts)


def refusal(tolerance: Tolerance, place: str, expected: object, actual: object) -> Agreement:
    """The agreement of outputs that cannot even be compared: another type, shape or length."""
    mismatch = Mismatch(tolerance.output, place, shorten(str(expected)), shorten(str(actual)))
    return Agreement(
        ok=False,
        mismatches=(mismatch,),
        differing=1,
        summary=f"{tolerance.output}: {describe(mismatch)}",
    )
