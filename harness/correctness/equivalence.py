"""Do two programs draw from the same distribution, as far as a declared margin tells?

"No significant difference" is no evidence of sameness: few seeds and much noise always give it. So
the burden of proof is turned round: the means count as equal only where the data exclude a
difference as large as the margin, at the declared error level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.correctness.printed import Array
from harness.correctness.summaries import common_scale, numbers_of
from harness.correctness.tally import Tally, incomparable
from harness.frozen import dataclass
from harness.model import Agreement, Mismatch, OutputValue, Tolerance

_GROSS_SPREAD = 3.0
"""Standard deviations further apart than this factor may not be the same program's."""


@dataclass(frozen=True, slots=True)
class _Margins:
    """What the difference of the means must lie between: `factor` times expected, plus `shift`."""

    factor: float
    shift: float


def equivalent_over_seeds(
    expected: Sequence[OutputValue],
    actual: Sequence[OutputValue],
    tolerance: Tolerance,
    *,
    paired: bool = False,
) -> Agreement:
    """Check a stochastic output, run with several seeds on both sides (one value per seed).

    Two one-sided t tests (Schuirmann 1987), each at the level `1 - confidence`, without assuming
    equal variances (Welch-Satterthwaite). A margin relative to the expected mean is tested as the
    linear contrasts `actual - (1 +- margin) expected`, so that the mean's own uncertainty counts
    (Hauschke et al. 1999). `paired`: seed by seed, where both sides used the same seeds. All
    elements of an array must pass; that needs no correction (intersection-union, Berger 1982).
    The spread is checked too: standard deviations that differ by more than a factor of 3, and
    significantly so (Brown-Forsythe 1974), fail, as does one side that ignores the seed.
    """
    problem = _unusable(expected, actual, tolerance, paired)
    if problem is not None:
        return problem
    e, a = _table(expected), _table(actual)
    shape = np.asarray(numbers_of(expected[0])).shape
    tally = Tally(tolerance, what=f"means over {len(e)} and {len(a)} seeds")
    wanted = []
    for column in range(e.shape[1]):
        at = [int(i) for i in np.unravel_index(column, shape)]
        place = str(at) if shape else "value"
        tally.checked += 1
        wanted.append(_seeds_wanted(tally, place, e[:, column], a[:, column], paired))
    failed = [seeds for seeds in wanted if seeds is not None]
    if failed and all(seeds > 0 for seeds in failed):
        tally.note = f"not shown either way: about {max(failed)} seeds would tell"
    return tally.agreement()


def _unusable(
    expected: Sequence[OutputValue],
    actual: Sequence[OutputValue],
    tolerance: Tolerance,
    paired: bool,
) -> Agreement | None:
    """Too few runs, other shapes, no numbers, or numbers that are not finite."""
    fewest = min(len(expected), len(actual))
    if fewest < tolerance.seeds:
        return incomparable(tolerance, "seeds", f"{tolerance.seeds} runs a side", f"{fewest} runs")
    if paired and len(expected) != len(actual):
        return incomparable(tolerance, "seeds", f"{len(expected)} pairs", f"{len(actual)} runs")
    first = numbers_of(expected[0])
    for side, values in (("expected", expected), ("actual", actual)):
        for index, value in enumerate(values):
            numbers = numbers_of(value)
            place = f"{side}, run {index}"
            if numbers is None or first is None or numbers.dtype.kind == "c":
                return incomparable(tolerance, place, "real numbers", "something else")
            if numbers.shape != first.shape or not numbers.size:
                return incomparable(tolerance, f"{place}, shape", first.shape, numbers.shape)
            if not np.isfinite(numbers).all():
                return incomparable(tolerance, place, "finite numbers", "NaN or infinity")
    return None


def _table(values: Sequence[OutputValue]) -> Array:
    """The values as a table with one row per seed and one column per element."""
    rows = [np.asarray(numbers_of(value), dtype=np.float64).reshape(-1) for value in values]
    return np.stack(rows)


def _seeds_wanted(tally: Tally, place: str, e: Array, a: Array, paired: bool) -> int | None:
    """Check one element: None where it agrees, else how many seeds would tell (0: it differs)."""
    tolerance = tally.tolerance
    scale = common_scale(e, a)
    e, a, margin_abs = e * scale, a * scale, tolerance.margin_abs * scale
    relative = tolerance.margin * abs(float(e.mean()))
    margin = max(relative, margin_abs)
    margins = _Margins(tolerance.margin, 0.0) if relative > margin_abs else _Margins(0.0, margin)
    sign = -1.0 if e.mean() < 0 else 1.0
    # Mirrored where the mean is negative, so that "(1 + margin) expected" is the upper bound.
    upper, upper_error = _bound(sign * e, sign * a, margins, paired, tolerance.confidence)
    mirrored = _Margins(-margins.factor, -margins.shift)
    lower, lower_error = _bound(sign * e, sign * a, mirrored, paired, tolerance.confidence)
    difference = abs(float(a.mean()) - float(e.mean()))
    means, spreads = [
        [float(figure) / scale for figure in figures]
        for figures in ((e.mean(), a.mean()), (e.std(ddof=1), a.std(ddof=1)))
    ]
    if not _spread_fits(e, a, 1 - tolerance.confidence):
        spread = (f"standard deviation {spreads[0]:.3g}", f"{spreads[1]:.3g}")
        tally.add(math.inf, Mismatch(tolerance.output, f"{place}, spread", *spread))
        return 0
    if upper + upper_error <= 0 <= lower - lower_error:
        return None
    shown = (f"mean {means[0]:.6g}", f"mean {means[1]:.6g}")
    figures = (difference / scale, margin / scale)
    mismatch = Mismatch(tolerance.output, f"{place}, mean", *shown, *figures)
    tally.add(difference / margin if margin else math.inf, mismatch)
    room = min(-upper, lower)
    if room <= 0:
        return 0
    return math.ceil(len(e) * (max(upper_error, lower_error) / room) ** 2)


def _bound(
    e: Array, a: Array, margins: _Margins, paired: bool, confidence: float
) -> tuple[float, float]:
    """The contrast `a - (1 + factor) e - shift` and the half width of its one-sided interval."""
    from scipy import stats

    scale = 1 + margins.factor
    contrast = float(a.mean()) - scale * float(e.mean()) - margins.shift
    if paired:
        variance = float(np.var(a - scale * e, ddof=1)) / len(a)
        degrees = len(a) - 1.0
    else:
        parts = [(float(a.var(ddof=1)) / len(a), len(a))]
        parts.append((scale**2 * float(e.var(ddof=1)) / len(e), len(e)))
        variance = sum(part for part, _ in parts)
        if variance > 0:
            shares = sum((part / variance) ** 2 / (n - 1) for part, n in parts)
            degrees = 1 / shares
    if variance == 0:
        return contrast, 0.0
    return contrast, float(stats.t.ppf(confidence, degrees)) * math.sqrt(variance)


def _spread_fits(e: Array, a: Array, level: float) -> bool:
    """Could both sides' standard deviations be one program's?"""
    spreads = (float(e.std(ddof=1)), float(a.std(ddof=1)))
    noise = 1e-12 * max(float(np.abs(e).max()), float(np.abs(a).max()))
    if max(spreads) <= noise:
        return True
    if min(spreads) <= noise:
        return False
    if max(spreads) <= _GROSS_SPREAD * min(spreads):
        return True
    from scipy import stats

    return bool(stats.levene(e, a, center="median").pvalue >= level)
