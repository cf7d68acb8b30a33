"""How good predictions were: coverage of their intervals, bias and size of the error; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from harness.campaign.iteration import Iteration
from harness.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Score:
    """Predictions against results, for the iterations that have a valid measurement."""

    predictions: int
    unmeasured: int
    """Iterations that ended without a valid measurement: wrong output, no build, given up."""
    coverage: float | None
    """Share of results inside their predicted interval."""
    bias: float | None
    """exp(mean log(measured / predicted middle)): below 1, promised too much."""
    error: float | None
    """Mean |log(measured / predicted middle)|: 0.7 is a factor of two."""


def score(iterations: Iterable[Iteration]) -> Score:
    """The score of closed iterations, of one campaign or of many."""
    closed = [i for i in iterations if i.closed]
    pairs = [(i, i.result.step.point) for i in closed if i.result is not None]
    logs = [math.log(point / i.thought.prediction.middle) for i, point in pairs]
    inside = [i.thought.prediction.holds(point) for i, point in pairs]
    return Score(
        predictions=len(pairs),
        unmeasured=len(closed) - len(pairs),
        coverage=_mean(inside),
        bias=math.exp(mean) if (mean := _mean(logs)) is not None else None,
        error=_mean([abs(x) for x in logs]),
    )


def describe_scores(found: Score) -> str:
    """The score in one sentence."""
    if found.coverage is None or found.bias is None or found.error is None:
        return "no prediction was measured yet"
    direction = "promised too much" if found.bias < 1 else "promised too little"
    return (
        f"{found.coverage:.0%} of {found.predictions} results lay in the predicted interval;"
        f" results were {found.bias:.2f} times the predicted middle ({direction});"
        f" mean |log error| {found.error:.2f}; {found.unmeasured} without a valid measurement"
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
