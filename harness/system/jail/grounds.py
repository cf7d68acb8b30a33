"""Where the harness and its user keep what no trial may see."""

from __future__ import annotations

import tempfile
from dataclasses import field
from pathlib import Path

from harness.frozen import dataclass

GIT = ".git"


def _too_wide() -> tuple[Path, ...]:
    """Folders that hold everybody's things: neither they nor what is above them is shown whole."""
    try:
        homes = [Path.home()]
    except RuntimeError:
        homes = []
    shared = ("/tmp", "/var/tmp", "/dev/shm", "/home", "/root", "/run", "/var", "/etc", "/proc")
    return (*homes, *map(Path, shared), Path(tempfile.gettempdir()))


@dataclass(frozen=True, slots=True)
class Grounds:
    """One session's places."""

    hidden: tuple[str, ...] = (GIT,)
    """Names in a target's tree that are hidden: what git, the harness and its campaigns keep."""
    builds: Path | None = None
    """The folder of all builds, of which a trial sees its own."""
    wide: tuple[Path, ...] = field(default_factory=_too_wide)

    def is_narrow(self, path: Path) -> bool:
        """May a folder be shown whole? Not one that everybody's things lie in."""
        return not any(place == path or path in place.parents for place in self._too_wide)

    @property
    def _too_wide(self) -> tuple[Path, ...]:
        return (*self.wide, *([self.builds] if self.builds else []))

    def is_hidden(self, path: Path) -> bool:
        """Does a path lead into what is hidden, the builds excepted?"""
        if self.builds is not None and self.builds in path.parents:
            return False
        return any(name in self.hidden for name in path.parts)
