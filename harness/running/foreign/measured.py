"""What a file of another tool says: targets with their trials, and where they ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from harness.frozen import dataclass
from harness.model import Commit, Mode, Trial

DEFAULT_CASE = "default"


@dataclass(frozen=True, slots=True)
class ForeignTarget:
    """What was measured under one name with one set of parameters."""

    name: str
    mode: Mode
    trials: tuple[Trial, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)
    language: str = ""
    cpu_is_known: bool = False
    """Does each trial have its own CPU time?"""
    places: tuple[tuple[int, int], ...] = ()
    """Of trials that were interleaved with those of another target: block and position of each."""

    @property
    def case(self) -> str:
        """The case that its parameters make: `n=1000,threads=2`."""
        named = (f"{key}={value}" for key, value in self.parameters.items())
        return ",".join(named) or DEFAULT_CASE


@dataclass(frozen=True, slots=True)
class ForeignHost:
    """The machine, as far as the file says."""

    hostname: str = ""
    cpu: str = ""
    cores: int = 0
    system: str = ""
    kernel: str = ""


@dataclass(frozen=True, slots=True)
class ForeignFile:
    """All that is taken from a file."""

    targets: tuple[ForeignTarget, ...]
    host: ForeignHost = field(default_factory=ForeignHost)
    made_at_ns: int = 0
    """When it was measured; 0 where the file does not say."""
    commit: Commit | None = None
    left_out: tuple[str, ...] = ()
    """What could not be taken, and why."""
    made_by: str = ""
    """What wrote it, where that is not the tool itself."""
    notes: tuple[str, ...] = ()
    """What it says of how it was measured."""
    seed: int = 0
    """Of the order within blocks."""

    @property
    def interleaved(self) -> bool:
        """Do the trials of its targets have blocks in common?"""
        return any(target.places for target in self.targets)
