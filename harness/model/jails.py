"""What a trial may see and change of the machine: how much is asked for, what is let through."""

from __future__ import annotations

from enum import Enum

from harness.frozen import dataclass


class Jail(Enum):
    """How far a trial is kept from everything but its own build and inputs."""

    NONE = "none"
    """It runs as a program of the user's does."""
    PRIVATE = "private"
    """It is given a home and temporary folders of its own; nothing keeps it from the others."""
    STRICT = "strict"
    """It sees its build, its inputs, toolchain and system, and leaves nothing for the next one."""


@dataclass(frozen=True, slots=True)
class JailTerms:
    """What `[jail]` of harness.toml lets through; paths are absolute, or below a target's root."""

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    """Where a trial may write what the next one finds."""
    devices: tuple[str, ...] = ()
    network: bool = False
    env: tuple[str, ...] = ()
    """Variables of the caller's that a jailed trial is given."""
