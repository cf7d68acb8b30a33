"""One way to seem faster, or one honest way to be it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.frozen import dataclass
from harness.redteam.told import Stage, TechniqueKind, TinyProject
from harness.redteam.workshop import Workshop

Act = Callable[[Workshop], None]
"""What is done to the checkout and its surroundings."""


@dataclass(frozen=True, slots=True)
class Technique:
    """One way to seem faster, or one honest way to be it."""

    name: str
    kind: TechniqueKind
    project: TinyProject
    acts: Mapping[Stage, Act]
    finishes: bool = False
    """The campaign is finished and verified too, and what these say counts."""
    apart: bool = False
    """Every command is a process of its own: the technique meddles with how it starts."""
    may_not_build: bool = False
    """It reads while it is built: that it does not build is how it is refused."""
    needs: tuple[str, ...] = ()
    """Programs without which it is not applicable."""

    @property
    def language(self) -> str:
        """Of the project."""
        return self.project.language
