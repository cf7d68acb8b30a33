"""Builds as adapters see them: started by the words of a target's `launch`, or plainly."""

from __future__ import annotations

from dataclasses import replace

from harness.errors import ConfigError
from harness.model import Build, Case, Mode, Target


def by_launch(build: Build, case: Case, mode: Mode = Mode.COLD) -> Build:
    """The build with the words of its `launch` filled in for a case.

    ConfigError for a placeholder that the case has no value for, and in steady mode, where one
    process repeats the work.
    """
    target = build.target
    if not target.launch:
        return build
    where = f"targets.{target.name}.launch"
    if mode is Mode.STEADY:
        raise ConfigError(
            f"{where}: what is launched in ranks has no steady mode",
            hint="Time whole processes: leave out --mode steady.",
        )
    try:
        words = case.filled_in(target.launch)
    except (KeyError, IndexError, ValueError) as problem:
        raise ConfigError(
            f"{where}: case {case.name!r} has no value for {problem}",
            hint="Such as params = { ranks = 2 } of the case, or --sweep ranks=1,2,4.",
        ) from None
    return replace(build, target=replace(target, launch=words))


def not_launched(target: Target) -> Target:
    """The target without its `launch`: compilers, profilers and empty programs are no ranks."""
    return replace(target, launch=()) if target.launch else target


def with_launch(build: Build, words: tuple[str, ...]) -> Build:
    """The build with other words of its target's `launch`."""
    if build.target.launch == words:
        return build
    return replace(build, target=replace(build.target, launch=words))
