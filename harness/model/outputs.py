"""Where a trial's output is found, how it is read, and how close is right; pure."""

from __future__ import annotations

import math
import re
from dataclasses import field
from enum import Enum

from harness.frozen import dataclass


class OutputKind(Enum):
    """How an output behaves from run to run, which says how it may be compared."""

    EXACT = "exact"
    """Equal, character for character or bit for bit."""
    DETERMINISTIC = "deterministic"
    """The same numbers up to rounding: within rtol, atol or ulp."""
    STOCHASTIC = "stochastic"
    """A random variable of the seed: its distribution must agree within a margin."""
    COUNT = "count"
    """A count of work done, such as samples drawn: agrees loosely, within rtol."""
    STATISTICS = "statistics"
    """An array of which only some statistics must agree (mean, std, min, max, quantiles)."""


class OutputSource(Enum):
    """Where an output is found after a trial."""

    STDOUT = "stdout"
    FILE = "file"


class FileFormat(Enum):
    """How the bytes of an output are read."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    """A JSON document a line."""
    CSV = "csv"
    NPY = "npy"
    NPZ = "npz"
    PARQUET = "parquet"
    RAW = "raw"


_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,9})?)%", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How close an output has to be to count as right.

    An element agrees when `|actual - expected| <= atol + rtol * |expected|`, or when it lies
    within `ulp` units in the last place, where that is given. The fields below `ulp` are read
    for stochastic outputs and for statistics alone.
    """

    output: str = "stdout"
    kind: OutputKind = OutputKind.EXACT
    rtol: float = 0.0
    atol: float = 0.0
    ulp: int | None = None
    max_differing: int | str = 0
    """How many elements may differ by any amount: a number, or a share such as `"0.1%"`. Elements
    are numbers, bytes, and lines of a text; words with `ignore_layout`."""
    nan_equal: bool = False
    """NaN agrees with NaN, and an infinity with the same infinity."""
    ignore_layout: bool = False
    """Differences of white space between the words of a text mean nothing."""
    margin: float = 0.05
    """Stochastic: the largest difference of means that counts as none, as a share of expected."""
    margin_abs: float = 0.0
    """Stochastic: the same as an absolute difference; the larger of the two margins counts."""
    confidence: float = 0.95
    """Stochastic: 1 - the error level of the equivalence test."""
    seeds: int = 8
    """Stochastic: how many seeds each side is run with; at least 4."""
    statistics: tuple[str, ...] = ("mean", "std", "min", "max")
    """Statistics: which ones must agree; also `median`, `sum` and `qNN` (a percentile)."""

    def __post_init__(self) -> None:
        for name in ("rtol", "atol", "margin", "margin_abs"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be finite and not negative, got {value!r}")
        if not 0 < self.confidence < 1:
            raise ValueError(f"confidence must lie between 0 and 1, got {self.confidence!r}")
        if self.ulp is not None and self.ulp < 0:
            raise ValueError(f"ulp must not be negative, got {self.ulp!r}")
        if self.seeds < 4:
            raise ValueError(f"seeds must be at least 4, got {self.seeds!r}")
        self._check_max_differing()

    def _check_max_differing(self) -> None:
        given = self.max_differing
        share = _SHARE.fullmatch(given) if isinstance(given, str) else None
        whole = isinstance(given, int) and not isinstance(given, bool) and given >= 0
        if not whole and not (share and float(share[1]) < 100):
            raise ValueError(
                'max_differing must be a number such as 5, or a share such as "0.1%",'
                f" got {given!r}"
            )
        if given and self.kind in (OutputKind.STOCHASTIC, OutputKind.STATISTICS):
            raise ValueError(
                f"max_differing means nothing to a {self.kind.value} output: it is not compared"
                " element by element"
            )

    def may_differ(self, count: int) -> int:
        """How many of `count` elements may differ; never all of them."""
        allowed = self.max_differing
        if isinstance(allowed, str):
            from fractions import Fraction  # exact, and brings decimals along

            allowed = math.floor(Fraction(allowed.rstrip("%")) * count / 100)
        return max(0, min(allowed, count - 1))


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One declared output of a task: where it is found, how it is read, how close is right."""

    name: str
    source: OutputSource = OutputSource.STDOUT
    path: str | None = None
    """The file's path below the trial's folder, for `source = file`."""
    format: FileFormat = FileFormat.TEXT
    pattern: str | None = None
    """Text: a regular expression; its first group (else the whole match) is the value, and
    several matches make an array."""
    key: str | None = None
    """Text: the word before `=` or `:` on the value's line. CSV, Parquet, npz: the column."""
    json_path: str | None = None
    """JSON: dots and indices, `result.energy[0]`; `[*]` takes all elements."""
    dtype: str | None = None
    """Raw: a NumPy dtype such as `<f8`."""
    shape: tuple[int, ...] | None = None
    """Raw: the array's shape; -1 for one axis that follows from the length."""
    tolerance: Tolerance = field(default_factory=Tolerance)
