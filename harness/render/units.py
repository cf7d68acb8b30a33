"""Numbers for people: times, sizes and ratios with as many digits as they deserve; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.model import Estimate, Metric

_TIMES = ((1e9, "s"), (1e6, "ms"), (1e3, "us"), (1.0, "ns"))
_SIZES = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))


def significant(value: float, digits: int = 3) -> str:
    """A number with `digits` significant digits and no exponent: 0.0123, 1.23, 123, 12345."""
    if not math.isfinite(value):
        return "inf" if value > 0 else ("-inf" if value < 0 else "nan")
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{places}f}"


def count_of(number: int, thing: str) -> str:
    """How many there are of something: `1 commit`, `3 commits`."""
    return f"{number} {thing}{'s' * (number != 1)}"


def show_ns(ns: float, digits: int = 3) -> str:
    """A time in the unit that fits it: `1.23 ms`."""
    factor, unit = _time_unit(ns)
    return f"{significant(ns / factor, digits)} {unit}"


def show_span(ns: float) -> str:
    """A time to two digits, a long one in minutes or hours: `85 s`, `4.1 min`, `2.3 h`."""
    if ns < 100e9:
        return show_ns(ns, 2)
    minutes = ns / 60e9
    return f"{minutes:.2g} min" if minutes < 99.5 else f"{significant(minutes / 60, 2)} h"


def show_ns_estimate(estimate: Estimate | None) -> str:
    """A median and its interval in one unit: `1.23 ms [1.20, 1.27]`; alone where there is none."""
    if estimate is None:
        return "-"
    if not estimate.bounded:
        return show_ns(estimate.point)
    factor, unit = _time_unit(estimate.point)
    point, low, high = (
        significant(v / factor, 3) for v in (estimate.point, estimate.low, estimate.high)
    )
    return f"{point} {unit} [{low}, {high}]"


def show_bytes(size: int | None) -> str:
    """A size in the unit that fits it: `1.5 MiB`."""
    if size is None:
        return "-"
    factor, unit = next((f, u) for f, u in _SIZES if size >= f or f == 1)
    return f"{significant(size / factor, 3)} {unit}"


def show_ratio(ratio: float) -> str:
    """A bare ratio, as the guide and the records of campaigns write it: `2.09x`.

    What is shown and not recorded is written by `show_speed_up`. More digits near 1 and below 0.1.
    """
    if 0 < ratio < 0.1 or not math.isfinite(ratio):
        return f"{significant(ratio, 2)}x"
    # Near 1 a change of half a per cent matters, which two digits would round away.
    return f"{ratio:.{3 if 0.95 < ratio < 1.05 else 2}f}x"


_MOST_DIGITS = 12
"""What differs in later digits is the same for everybody."""


def show_beside(ratio: float, *bounds: float) -> str:
    """A bare ratio that is compared with bounds: on which side of each it lies can be read off.

    1.0097 beside 1.01 is `1.0097x`, where alone it is `1.010x`.
    """
    shown, digits = show_ratio(ratio), 3
    while digits < _MOST_DIGITS and not _on_the_same_sides(float(shown[:-1]), ratio, bounds):
        digits += 1
        shown = f"{significant(ratio, digits)}x"
    return shown


def _on_the_same_sides(one: float, other: float, bounds: Sequence[float]) -> bool:
    return all((one > b) == (other > b) and (one < b) == (other < b) for b in bounds)


def show_ratio_estimate(estimate: Estimate) -> str:
    """A ratio with its interval, which need not be a speed-up: `2.09x [2.05, 2.12]`.

    All three have as many digits, those of the one that needs the most.
    """
    three = (estimate.point, estimate.low, estimate.high)
    if all(0.1 <= each < 10 for each in three) and any(0.95 < each < 1.05 for each in three):
        point, low, high = (f"{each:.3f}" for each in three)
        return f"{point}x [{low}, {high}]"
    return f"{show_ratio(estimate.point)} {_ends(estimate)}"


def _ends(ratio: Estimate) -> str:
    low, high = map(_end, (ratio.low, ratio.high))
    return f"[{low}, {high}]"


def _end(ratio: float) -> str:
    """An end of an interval; 0 or inf where it stands for a direction without a size."""
    if _is_countable(ratio):
        return show_ratio(ratio).rstrip("x")
    return show_ratio(math.inf if ratio > 1 else 0.0).rstrip("x")


NO_INTERVAL = "too few blocks for an interval"
"""What is said wherever a ratio has no interval yet."""

_COUNTABLE = 1e21
"""A ratio beyond it is one to zero, or to a figure of another sign."""

MUCH_SLOWER = 0.1
"""Below this speed-up a reader wants to know how many times slower it is."""


def better_word(by: Metric) -> str:
    """What the better of two is by a metric: faster, smaller, or simply better."""
    return "faster" if by.is_time else "smaller" if by is Metric.MEMORY else "better"


def worse_word(by: Metric) -> str:
    """What the worse of two is by a metric: slower, larger, or simply worse."""
    return "slower" if by.is_time else "larger" if by is Metric.MEMORY else "worse"


def show_factor(speed_up: float, *bounds: float, by: Metric = Metric.WALL) -> str:
    """A speed-up without its interval: `2.09x`; far below 1 as `101 times slower`.

    Of memory it is larger, and of any other figure worse. `bounds`: what it is held against.
    """
    if not 0 < speed_up < MUCH_SLOWER:
        return show_beside(speed_up, *bounds)
    return f"{significant(1 / speed_up)} times {worse_word(by)}"


def speed_up_cells(ratio: Estimate, *, by: Metric = Metric.WALL) -> tuple[str, str]:
    """A speed-up and its interval, for two columns; without an interval words that say so."""
    factor = show_factor(ratio.point, by=by)
    if not ratio.bounded:
        return factor, NO_INTERVAL
    if not 0 < ratio.point < MUCH_SLOWER:
        return factor, _ends(ratio)
    low, high = (significant(1 / end) if end > 0 else "inf" for end in (ratio.high, ratio.low))
    return factor, f"[{low}, {high}]"


def show_speed_up(ratio: Estimate, *, by: Metric = Metric.WALL) -> str:
    """A speed-up with its interval, as it is written everywhere but in a campaign's records.

    `2.09x [2.05, 2.12]`; far below 1 as `101 times slower [100, 110]` (of memory: larger); without
    an interval in words that there is none. A ratio to zero is `better by no ratio`.
    """
    if not _is_countable(ratio.point):
        return f"{better_word(by) if ratio.point > 1 else worse_word(by)} by no ratio"
    factor, interval = speed_up_cells(ratio, by=by)
    return f"{factor} {interval}" if ratio.bounded else f"{factor}, {interval}"


def show_if_any(ratio: float) -> str:
    """A bare ratio, or the words for one that is none: of a zero, or of two signs."""
    if _is_countable(ratio):
        return show_ratio(ratio)
    return f"{'better' if ratio > 1 else 'worse'} by no ratio"


def _is_countable(ratio: float) -> bool:
    return 1 / _COUNTABLE < ratio < _COUNTABLE


def show_share(share: float) -> str:
    """A share as a percentage: `81 %`, `2.3 %`."""
    return f"{significant(100 * share, 2)} %" if share < 0.995 else f"{100 * share:.0f} %"


def show_confidence(confidence: float) -> str:
    """A confidence level as a percentage: `95 %`, `99.762 %`: three digits of what may go wrong."""
    error = 100 * (1 - confidence)
    places = max(0, 2 - math.floor(math.log10(error))) if error > 1e-12 else 0
    shown = f"{100 * confidence:.{places}f}"
    return f"{shown.rstrip('0').rstrip('.') if '.' in shown else shown} %"


def _time_unit(ns: float) -> tuple[float, str]:
    return next((f, u) for f, u in _TIMES if abs(ns) >= f or f == 1.0)
