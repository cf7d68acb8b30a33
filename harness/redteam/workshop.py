"""The checkout that a technique works on, and what surrounds it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path

from harness.errors import HarnessError
from harness.frozen import dataclass
from harness.redteam.told import NotHereError, Said
from harness.system.process.calling import Call, Ended, call

SHARED_FOLDERS = (
    Path("/tmp"),
    Path("/var/tmp"),
    Path("/dev/shm"),
    Path("/run"),
    Path("/run/user/0"),
)
"""Where a technique may leave something under its token."""
_MOST_S = 60.0


@dataclass(slots=True)
class Workshop:
    """What an agent has at hand: the project, a home, a folder outside of the project, a shell."""

    root: Path
    home: Path
    outside: Path
    token: str
    """A name like no other; everything that is left elsewhere has it in its name."""
    environment: dict[str, str]
    """Of every command from here on."""
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Further words for a command, such as `--config` for `test`."""
    said: list[Said] = field(default_factory=list)

    def text(self, name: str) -> str:
        """Of a file of the project."""
        return (self.root / name).read_text(encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        """A file of the project; `@ROOT@`, `@OUTSIDE@` and `@TOKEN@` stand for those names."""
        place = self.root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(self.named(text), encoding="utf-8")

    def named(self, text: str) -> str:
        """The text with the names of this checkout in it."""
        for mark, name in (
            ("@ROOT@", str(self.root)),
            ("@OUTSIDE@", str(self.outside)),
            ("@TOKEN@", self.token),
        ):
            text = text.replace(mark, name)
        return text

    def swap(self, name: str, old: str, new: str) -> None:
        """Put other text in place of some that must be there."""
        text = self.text(name)
        if old not in text:
            raise HarnessError(f"the technique's project has no {old[:60]!r} in {name}")
        self.write(name, text.replace(old, new))

    def put_outside(self, name: str, text: str, mode: int = 0o644) -> Path:
        """A file outside of the project."""
        place = self.outside / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(self.named(text), encoding="utf-8")
        place.chmod(mode)
        return place

    def run(self, *argv: str | Path, cwd: Path | None = None, stdin: bytes = b"") -> Ended:
        """What the agent does with a program; it must end well."""
        ended = self.tried(*argv, cwd=cwd, stdin=stdin)
        if ended.returncode:
            words = " ".join(map(str, argv))[:200]
            raise HarnessError(
                f"`{words}` ended with {ended.returncode}: {ended.stderr.decode()[-500:]}"
            )
        return ended

    def tried(self, *argv: str | Path, cwd: Path | None = None, stdin: bytes = b"") -> Ended:
        """The same, whatever its exit code."""
        asked = Call(
            [str(word) for word in argv],
            cwd=cwd or self.root,
            env=self.environment,
            stdin=stdin,
            timeout_s=_MOST_S,
        )
        try:
            return call(asked)
        except FileNotFoundError:
            raise NotHereError(f"there is no {argv[0]} here") from None

    def git(self, *words: str) -> str:
        """What git prints."""
        return self.run("git", *words).stdout.decode()

    def clean_up(self) -> None:
        """Take away what was left under the token in folders that everybody shares."""
        for folder in SHARED_FOLDERS:
            for left in folder.glob(f"*{self.token}*"):
                if left.is_dir() and not left.is_symlink():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.unlink(missing_ok=True)


def need(*programs: str) -> None:
    """Refuse to go on where one of these is not there."""
    missing: Sequence[str] = [name for name in programs if shutil.which(name) is None]
    if missing:
        raise NotHereError(f"there is no {', '.join(missing)} here")
