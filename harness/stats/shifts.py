"""Where a series of times changes its level, and how sure that is; pure.

The places are found by binary segmentation (Scott and Knott 1974; Truong, Oudre and Vayatis, Signal
Processing 2020) on the ranks of the values, which one odd value cannot bend. How sure each is
follows from a permutation test: among random orders of the same values, how many have a split as
good? The number of orders bounds what few values can say: fewer than eight never suffice for 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from harness.frozen import dataclass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ORDERS = 1999
"""Random orders that are tried: the surest answer is one in two thousand."""
MOST_ORDERS = 9999
"""Those of a table of many series, each of which must be surer."""
FEWEST_SURE = 8
"""With fewer values no change of level can be sure at 5 %."""
LEAST = 2
"""Values on either side of a change."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A change of level."""

    at: int
    """The first value of the new level."""
    before: float
    after: float
    """The medians of the levels, from one change to the next."""
    confidence: float

    @property
    def ratio(self) -> float:
        """The old level over the new one: above 1 the times became shorter."""
        return self.before / self.after if self.after else math.inf


def shifts_of_table(
    table: Sequence[Sequence[float]], level: float = 0.05
) -> list[tuple[Shift, ...]]:
    """The changes of several series, so that `level` holds for all of them together.

    The surest series is held to the level over their number, the next one to that over the number
    of the others, and so on (Holm, 1979): nothing is found less often than by Bonferroni's
    correction, whatever series have to do with each other. Series that are too short to be sure of
    anything do not count (Tarone, 1990).
    """
    long = [at for at, values in enumerate(table) if len(values) >= FEWEST_SURE]
    orders = min(max(ORDERS, round(2 * len(long) / level) - 1), MOST_ORDERS)
    chances = {at: _first_chance(table[at], orders) for at in long}
    found: list[tuple[Shift, ...]] = [() for _ in table]
    for left, at in zip(
        range(len(long), 0, -1), sorted(long, key=chances.__getitem__), strict=True
    ):
        if chances[at] > level / left:
            break
        found[at] = shifts_of(table[at], level / left, orders)
    return found


def _first_chance(values: Sequence[float], orders: int) -> float:
    """The chance of the best split of a whole series."""
    from scipy.stats import rankdata

    return _chance(rankdata(values), orders)


def shifts_of(
    values: Sequence[float], level: float = 0.05, orders: int = ORDERS
) -> tuple[Shift, ...]:
    """The changes of level whose chance by accident is below `level`, in their order."""
    import numpy as np

    found = sorted(_within(np.asarray(values, float), 0, level, orders))
    edges = [0, *(at for at, _ in found), len(values)]
    shifts = []
    for (at, confidence), first, last in zip(found, edges, edges[2:], strict=False):
        sides = median(values[first:at]), median(values[at:last])
        shifts.append(Shift(at, *sides, confidence))
    return tuple(shifts)


def _within(
    values: NDArray[np.float64], offset: int, level: float, orders: int
) -> Iterator[tuple[int, float]]:
    """The places and confidences of the changes in a stretch of the series."""
    if len(values) < 2 * LEAST:
        return
    from scipy.stats import rankdata

    ranks = rankdata(values)
    at = _best_split(ranks)
    chance = _chance(ranks, orders)
    if chance > level:
        return
    yield offset + at, 1 - chance
    yield from _within(values[:at], offset, level, orders)
    yield from _within(values[at:], offset + at, level, orders)


def _best_split(ranks: NDArray[np.float64]) -> int:
    import ruptures

    search: Any = ruptures.Binseg(model="l2", min_size=LEAST, jump=1)
    return int(search.fit(ranks.reshape(-1, 1)).predict(n_bkps=1)[0])


def _chance(ranks: NDArray[np.float64], tried: int) -> float:
    """The share of random orders, this one among them, with a split as good as the best one."""
    import numpy as np

    shuffler = np.random.default_rng(0)
    orders = shuffler.permuted(np.tile(ranks, (tried, 1)), axis=1)
    own = _gains(ranks.reshape(1, -1))[0]
    return float((1 + np.sum(_gains(orders) >= own - 1e-9)) / (tried + 1))


def _gains(orders: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each row how much the best split lessens the squares about the means."""
    import numpy as np

    count = orders.shape[1]
    sums = np.cumsum(orders, axis=1)[:, LEAST - 1 : count - LEAST]
    left = np.arange(LEAST, count - LEAST + 1)
    total = orders.sum(axis=1, keepdims=True)
    gains = (sums - total * left / count) ** 2 * count / (left * (count - left))
    return np.asarray(gains.max(axis=1))
