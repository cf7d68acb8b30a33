"""What is handed to the scheduler of a cluster, and what it says of jobs."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TypeAlias

from harness.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """Jobs that are submitted together: `command`, with the number of the job after its words."""

    name: str
    """What all jobs of one submission of a run are called; the user's jobs are found by it."""
    command: tuple[str, ...]
    first: int
    """The number of the first job; those of the others follow."""
    count: int
    logs: Path
    """The folder of the jobs' own words, on the shared file system."""
    time_s: int | None = None
    """How long each job may take; None: as long as the cluster lets jobs run."""
    node: str = ""
    """The node that all of them are to run on; empty: any."""


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """A node of a cluster, busy or idle."""

    name: str
    kind: str = ""
    """What nodes that are made alike have in common, in the scheduler's words."""
    lacking: str = ""
    """Why it takes no jobs now, in the scheduler's words; empty: it does."""


class JobPhase(Enum):
    """Where a job that is not over yet stands."""

    PENDING = "pending"
    RUNNING = "running"
    HELD = "held"
    """It will not run unless somebody lets it."""
    NEVER = "never"
    """It asks for what the cluster gives to nobody, or not to this user."""


@dataclass(frozen=True, slots=True)
class JobState:
    """A job that is not over yet."""

    number: int
    phase: JobPhase
    reason: str = ""
    """Why it does not run yet."""
    node: str = ""
    left: str = ""
    """The time that it may still take, in the scheduler's words."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many jobs the scheduler takes."""

    at_once: int
    """In one submission."""
    waiting: int
    """Of one user, pending and running ones together."""


Nodes: TypeAlias = Sequence[ClusterNode]
"""What `harness_nodes` gives."""
Jobs: TypeAlias = Sequence[JobState]
"""What `harness_jobs` gives."""
