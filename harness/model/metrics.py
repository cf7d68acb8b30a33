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
