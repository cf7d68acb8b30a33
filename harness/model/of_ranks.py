"""What the ranks of a target amount to over the trials of a measurement."""

from __future__ import annotations

from harness.frozen import dataclass


@dataclass(frozen=True, slots=True)
class RankFigure:
    """A figure of each rank: over the ranks of a trial, then the median over the trials."""

    name: str
    """`wall`, `cpu`, `user`, `system`, `peak memory`, or the path of a phase."""
    unit: str
    """`ns` or `bytes`."""
    maximum: float
    """Of the rank that has most of it."""
    mean: float
    """Over all ranks."""
    imbalance: float | None
    """The maximum over the mean: 1 where all ranks have as much; None where the mean is 0. It is
    the inverse of the load balance of the POP methodology (https://pop-coe.eu/node/69)."""
    trials: int
    """In how many trials the figure is known of every rank."""
    phase: bool = False
    """Is it the time in a phase, as the ranks report it themselves?"""


@dataclass(frozen=True, slots=True)
class RankBinding:
    """Where a rank of the last trial was."""

    rank: int | None
    host: str | None
    cpus: str | None
    """The CPUs that it was allowed to run on when it began."""


@dataclass(frozen=True, slots=True)
class RanksFound:
    """The ranks of a target that is launched in several processes."""

    ranks: int
    """How many the last trial that ended well had."""
    figures: tuple[RankFigure, ...]
    bindings: tuple[RankBinding, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that ranks ran on, each once."""
        return tuple(dict.fromkeys(b.host for b in self.bindings if b.host is not None))
