"""The command line in this process: arguments in; exit code, standard output and error out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.cli import cli
from harness.cli.shared.base import guard


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def envelope(self) -> dict[str, Any]:
        """The one JSON object that `--json` prints."""
        loaded: dict[str, Any] = json.loads(self.out)
        return loaded

    @property
    def result(self) -> dict[str, Any]:
        loaded: dict[str, Any] = self.envelope["result"]
        return loaded


Harness = Callable[..., Said]


@pytest.fixture
def harness(capfd: pytest.CaptureFixture[str]) -> Harness:
    """`harness("run", "--trials", "3")` in the current folder."""

    def call(*arguments: str | Path) -> Said:
        capfd.readouterr()
        code = guard(cli, [str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Said(code, out, err)

    return call


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, with a space in its name."""
    here = tmp_path / "a project"
    here.mkdir()
    monkeypatch.chdir(here)
    return here
