"""Durations as people write them: `20s`, `500ms`, `2m`, `1h`."""

from __future__ import annotations

import math
import re

from harness.errors import ConfigError

_UNITS_NS = {"ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000}
_MOST_NS = 100 * 365 * 86_400 * 1_000_000_000

_DURATION = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(ms|s|m|h)?\s*")


def parse_duration_ns(value: str | float, where: str) -> int:
    """`"20s"`, `"500ms"`, `"2m"`, or a number of seconds, as nanoseconds above 0."""
    match = _DURATION.fullmatch(str(value))
    nanoseconds = 0
    if match:
        product = float(match[1]) * _UNITS_NS[match[2] or "s"]
        nanoseconds = round(product) if product < _MOST_NS else 0
    if nanoseconds <= 0:
        raise ConfigError(
            f"{where}: want a duration above 0, such as 20s, 500ms, 2m or 1h, and below 100 years,"
            f" got {str(value)[:100]!r}"
        )
    return nanoseconds


def write_duration(ns: float, digits: int = 0) -> str:
    """A duration as `parse_duration_ns` reads it, in whole seconds, rounded up.

    `digits`: rounded up to this many digits; 0 keeps them all.
    """
    seconds = math.ceil(ns / _UNITS_NS["s"])
    step = 10 ** max(0, len(str(seconds)) - digits) if digits else 1
    return f"{math.ceil(seconds / step) * step}s"
