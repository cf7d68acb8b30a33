"""Guards: figures that must not get worse by more than is said, whatever else is gained."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

from harness.errors import UsageError
from harness.frozen import dataclass
from harness.model.estimates import Estimate
from harness.model.metrics import ALIASES

TAILS = ("p90", "p95", "p99")
MEAN = "mean"
"""Guards that are statistics of what is compared, beside its median."""

STARTUP, BINARY = "startup", "binary_bytes"
"""Start-up, which steady mode alone tells from work; and the size of what was built."""

_UNITS = {
    "b": 1.0,
    "kb": 1e3,
    "mb": 1e6,
    "gb": 1e9,
    "kib": 2.0**10,
    "mib": 2.0**20,
    "gib": 2.0**30,
    "ns": 1.0,
    "us": 1e3,
    "ms": 1e6,
    "s": 1e9,
    "min": 6e10,
}
_LIMIT = re.compile(r"\s*(\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+)\s*(%|[A-Za-z][A-Za-z/]*)?\s*", re.I)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Guard:
    """A figure that may get worse by a share, or by an amount in its unit, and no further."""

    name: str
    """A metric's name, `p90`, `p95`, `p99` or `mean` of what is compared, `startup` or
    `binary_bytes`."""
    limit: str
    """As it was said: `5%`, `50 KiB`."""

    def __post_init__(self) -> None:
        match = _LIMIT.fullmatch(self.limit)
        if match is None or not _NAME.fullmatch(self.name):
            raise ValueError(
                f"want a figure and how much worse it may get, such as max_rss=5% or"
                f" binary_bytes=50KiB, got {self.name}={self.limit}"
            )
        if self.share is None and (self.name in TAILS or self.name == MEAN):
            raise ValueError(f"{self.name}: want a share such as 5%, got {self.limit!r}")

    @property
    def share(self) -> float | None:
        """How much worse it may get as a share; None: it is an amount. 0 is no worse at all."""
        match = _LIMIT.fullmatch(self.limit)
        assert match is not None
        number = float(match[1])
        return number / 100 if match[2] == "%" else None if number else 0.0

    @property
    def amount(self) -> float:
        """The amount, in bytes, nanoseconds or the figure's own unit."""
        match = _LIMIT.fullmatch(self.limit)
        assert match is not None
        return float(match[1]) * _UNITS.get((match[2] or "").lower(), 1.0)

    def __str__(self) -> str:
        return f"{self.name}={self.limit}"


class GuardState(Enum):
    """What was found of a guard."""

    KEPT = "kept"
    BROKEN = "broken"
    OPEN = "open"
    """Not known: neither that it is kept nor that it is broken."""


@dataclass(frozen=True, slots=True)
class GuardFinding:
    """What was found of a guard in a comparison."""

    guard: Guard
    state: GuardState
    ratio: Estimate | None = None
    """Reference over candidate, above 1 where the candidate is better; None: there is none."""
    because: str = ""
    """Why it is open, or the two figures where there is no ratio."""


def guard_of(name: str, limit: object) -> Guard:
    """A guard by its name and limit; ValueError for what makes no sense."""
    if isinstance(limit, bool) or not isinstance(limit, (str, int, float)):
        raise TypeError(f"{name}: want a limit such as 5%, 50 KiB or 10, got {limit!r}")
    known = ALIASES.get(name.strip())
    return Guard(known.value if known is not None else name.strip(), str(limit).strip())


def guards_in(value: Any, name: str) -> tuple[Guard, ...]:
    """Reads `max_rss=5%,p95=2%`, several such texts, guards, or a table of limits by name."""
    try:
        if isinstance(value, Mapping):
            found = [guard_of(each, limit) for each, limit in value.items()]
        else:
            items = value.split(",") if isinstance(value, str) else value
            found = [_one(item) for item in items]
    except (ValueError, TypeError, AttributeError) as problem:
        raise UsageError(f"{name}: {problem}") from None
    names = [guard.name for guard in found]
    if len(set(names)) < len(names):
        twice = next(each for each in names if names.count(each) > 1)
        raise UsageError(f"{name}: {twice} has two limits")
    return tuple(found)


def _one(item: Any) -> Guard:
    if isinstance(item, Guard):
        return item
    name, equals, limit = item.partition("=")
    if not equals:
        raise ValueError(f"want NAME=LIMIT such as max_rss=5%, got {item!r}")
    return guard_of(name, limit)
