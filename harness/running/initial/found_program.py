"""A program that was found in a project, and how the configuration says it."""

from __future__ import annotations

from collections.abc import Mapping

from harness.frozen import dataclass
from harness.project.config_words import as_toml


@dataclass(frozen=True, slots=True)
class FoundProgram:
    """One target that a project seems to offer."""

    stem: str
    """What the program is called, without folder and suffix; those of one stem may be one task."""
    adapter: str
    options: Mapping[str, object]
    """The target's further keys, as TOML values."""
    reason: str
    """Why it was taken for a program, in one line."""
    place: str = ""
    """The folder that it was found in, from the root; tells two programs of one stem apart."""
    untried: str = ""
    """Why it is not run before somebody says so; empty: it is tried."""
    lacks: str = ""
    """What must be said or made before it can be run at all; empty: nothing that is known."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The keys of its table."""
        said = {"adapter": self.adapter, **self.options}
        return tuple(f"{key} = {as_toml(value)}" for key, value in said.items())
