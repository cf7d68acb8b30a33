"""A part of a run that an executor may carry to another machine."""

from __future__ import annotations

from pathlib import Path

from harness.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Shard:
    """All targets of one task on one case: what is compared, and so never spans machines."""

    task: str
    case: str
    targets: tuple[str, ...]
    command: tuple[str, ...]
    """`harness run` for this shard alone, with the settings of the whole run. It stores its run
    below the results folder that it names, and prints the JSON envelope, whose `result` has
    `run_id`. Empty where the shard cannot be run by a command: a file without configuration."""
    root: Path
    """The folder to start the command in."""
