"""What a named figure of a trial is: its unit, its direction, and who says it."""

from __future__ import annotations

import math
import re
from enum import Enum

from harness.frozen import dataclass

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]*", re.ASCII)


class Better(Enum):
    """Which direction of a metric is the better one."""

    LOWER = "lower"
    HIGHER = "higher"
    NEITHER = "neither"
    """It describes the circumstances, such as a temperature, and is no aim by itself."""


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """A metric as its source declares it; its value per trial is in `Trial.metrics`, by name."""

    name: str
    """Letters, digits and `_.:/-`; by convention it ends with the unit: `package_temperature_c`."""
    unit: str = ""
    """Such as `C`, `J` or `events/s`; empty: a plain number."""
    better: Better = Better.NEITHER
    resolution: float | None = None
    """The smallest step that the source can tell, in the unit; None: not known."""
    source: str = "target"
    """Who measured it: `launcher`, `target` (it reports its own figure), or a plugin's name."""
    deterministic: bool = False
    """The same program on the same input gives the same figure: two equal blocks are an answer."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                "a metric's name begins with a letter and has letters, digits and _.:/- in it,"
                f" got {self.name!r}"
            )
        if not self.source:
            raise ValueError(f"metric {self.name}: want a source, got an empty text")
        step = self.resolution
        if step is not None and not (math.isfinite(step) and step > 0):
            raise ValueError(f"metric {self.name}: want a resolution above 0, got {step!r}")


class Metric(Enum):
    """What a comparison is about: a time, memory, or any other figure of trials by its name.

    Three are known by themselves, and are what one iterates over. `Metric("instructions")` is the
    figure of that name: always the same value, so that `is` tells metrics apart.
    """

    WALL = "wall"
    CPU = "cpu"
    """User and system time of the process and its descendants."""
    MEMORY = "memory"
    """Peak resident memory."""

    @classmethod
    def _missing_(cls, value: object) -> Metric | None:
        """The member of a name that is none of the known ones, made once."""
        if not (isinstance(value, str) and _NAME.fullmatch(value)):
            return None
        if value in ALIASES:
            return ALIASES[value]
        made = object.__new__(cls)
        made._name_, made._value_ = value, value
        # One value for each name, also where two threads ask for it at once.
        known: dict[object, Metric] = cls._value2member_map_  # type: ignore[assignment]
        return known.setdefault(value, made)

    @property
    def is_time(self) -> bool:
        """Is it wall or CPU time?"""
        return self is Metric.WALL or self is Metric.CPU

    @property
    def is_known(self) -> bool:
        """Is it one of the three that every trial has, in a column of its own?"""
        return self.is_time or self is Metric.MEMORY


ALIASES = {"max_rss": Metric.MEMORY}
"""Other names of the known ones."""
