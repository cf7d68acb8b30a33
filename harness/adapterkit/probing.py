"""Finds a compiler or an interpreter, and tells it apart from every other one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from harness.errors import ToolchainMissing
from harness.frozen import dataclass
from harness.hookspecs import Runner
from harness.model import Target, Toolchain, digest_of

_ENDS_BYTES = 1 << 22
"""How much of a program is read from either end; its checksum or build id lies there."""


@dataclass(frozen=True, slots=True)
class LanguageTool:
    """What an adapter knows of its compiler or interpreter."""

    adapter: str
    language: str
    names: Sequence[str]
    """Looked for on PATH, the first one first."""
    option: str
    """The option by which a target names another one."""
    install: str
    """How to get one: `Debian: apt-get install gfortran`."""
    version: Sequence[str] = ("--version",)
    """The arguments that make it say its version, on either stream."""

    def found(self, runner: Runner, target: Target | None, named: str | None) -> Toolchain:
        """The program that the target names, else the first of `names`; ToolchainMissing."""
        if target is not None and named is not None:
            program = runner.find(str(target.root / named) if "/" in named else named)
            if program is None:
                words = f"targets.{target.name}.{self.option}: {named!r} was not found"
                raise ToolchainMissing(words, hint=self._hint)
            return self._described(program, runner)
        for name in self.names:
            program = runner.find(name)
            if program is not None:
                return self._described(program, runner)
        raise ToolchainMissing(
            f"no toolchain for {self.language}: none of {', '.join(self.names)} is on PATH",
            hint=self._hint,
        )

    @property
    def _hint(self) -> str:
        return f'{self.install}; or name it: {self.option} = "/path/to/{self.names[0]}".'

    def _described(self, program: Path, runner: Runner) -> Toolchain:
        """Version and fingerprint: the path, all that the program says of itself, and its file."""
        said = runner.tool([str(program), *self.version], timeout_s=60)
        words = said.stdout.strip() or said.stderr.strip()
        if not said.ok or not words:
            raise ToolchainMissing(
                f"{program} {' '.join(self.version)} ended with {said.exit_code}: {words[-500:]}",
                hint=self._hint,
            )
        return Toolchain(
            adapter=self.adapter,
            language=self.language,
            program=program,
            version=words.splitlines()[0].strip(),
            fingerprint=digest_of([self.adapter, str(program), words, *identity_of(program)]),
        )


def identity_of(program: Path) -> tuple[str | bytes, ...]:
    """What tells a program from another build of the same version: its size, and how it begins and
    ends. Nothing of one that cannot be read."""
    try:
        with program.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _ENDS_BYTES))
            end = file.read()
            file.seek(0)
            return (str(size), file.read(_ENDS_BYTES), end)
    except OSError:
        return ()
