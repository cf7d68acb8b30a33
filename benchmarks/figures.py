"""What a benchmark is to show, in one line each: `run_all.sh` gathers them into its summary."""

from __future__ import annotations

from collections.abc import Sequence

FEW = 20
"""With fewer answers than this no rate is said to hold, whatever it is."""


def figure(name: str, seen: str, wanted: str, holds: bool | None) -> bool:
    """Print whether a figure holds (None: that cannot be told); False where it does not."""
    words = {True: "holds", False: "DOES NOT HOLD", None: "too few to tell"}[holds]
    print(f"figure: {name}: {seen}; wanted: {wanted}; {words}")
    return holds is not False


def rate(name: str, hits: Sequence[bool], least: float = 0.0, most: float = 1.0) -> bool:
    """Print whether the share of hits lies within bounds.

    It does not hold where the whole 95 % interval of the rate lies outside; it holds where the
    share itself lies inside and rests on `FEW` answers or more; all else cannot be told.
    """
    if not hits:
        return True
    share, (low, high) = sum(hits) / len(hits), interval(hits)
    holds = None
    if high < least or low > most:
        holds = False
    elif least <= share <= most and len(hits) >= FEW:
        holds = True
    ends = [f"at least {least:.3g}"] * (least > 0) + [f"at most {most:.3g}"] * (most < 1)
    return figure(name, of(hits), " and ".join(ends), holds)


def interval(hits: Sequence[bool]) -> tuple[float, float]:
    """The exact 95 % interval of a rate (Clopper & Pearson, 1934)."""
    from scipy.stats import binomtest

    ends = binomtest(sum(hits), len(hits)).proportion_ci(0.95)
    return float(ends.low), float(ends.high)


def of(hits: Sequence[bool]) -> str:
    """A count and its share, with its exact 95 % interval."""
    if not hits:
        return "-"
    low, high = interval(hits)
    return f"{sum(hits)}/{len(hits)} = {sum(hits) / len(hits):.1%} [{low:.1%}, {high:.1%}]"
