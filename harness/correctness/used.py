"""How much of its tolerance an output needs: what is left out may hide in the room for rounding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.correctness.agreement import agree
from harness.correctness.declared import tolerances_of
from harness.frozen import dataclass
from harness.model import OutputKind, OutputValue, Task, Tolerance

LEAST = -6.0
"""The power of ten of the smallest share that is told from none."""

_HALVINGS = 5
"""The share is known to a factor of 1.6 then."""


@dataclass(frozen=True, slots=True)
class RoomUsed:
    """What of the tolerances was needed."""

    share: float
    """The largest share that an output needs, 0 to 1."""
    error: float
    """The largest relative error, as far as the relative part of a tolerance allowed it."""


def room_used(
    task: Task, expected: Mapping[str, OutputValue], actual: Mapping[str, OutputValue]
) -> RoomUsed | None:
    """What the outputs need of their tolerances to agree; they agree with all of it.

    None where no output is compared by a tolerance for rounding: only deterministic ones are, since
    counts and statistics of honest programs differ by any part of theirs.
    """
    found = [
        (_share(expected[name], actual[name], tolerance), tolerance.rtol)
        for name, tolerance in tolerances_of(task).items()
        if tolerance.kind is OutputKind.DETERMINISTIC and name in expected and name in actual
    ]
    if not found:
        return None
    return RoomUsed(max(share for share, _ in found), max(share * rtol for share, rtol in found))


def _share(expected: OutputValue, actual: OutputValue, tolerance: Tolerance) -> float:
    """The smallest share with which they agree, from above; they agree with all of it."""
    if agree(expected, actual, _scaled(tolerance, 0.0)).ok:
        return 0.0
    low, high = LEAST, 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if agree(expected, actual, _scaled(tolerance, 10**middle)).ok:
            high = middle
        else:
            low = middle
    return float(10**high)


def _scaled(tolerance: Tolerance, share: float) -> Tolerance:
    """A share of the tolerance; of elements that may differ by any amount there are none then."""
    return replace(
        tolerance,
        rtol=tolerance.rtol * share,
        atol=tolerance.atol * share,
        ulp=None if tolerance.ulp is None else int(tolerance.ulp * share),
        max_differing=0,
    )
