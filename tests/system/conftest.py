"""Runners for the tests of `harness.system`: with the compiled launcher, and with the fallback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.system.launcher.launching import Launcher, fallback_command
from harness.system.process.runner import LocalRunner


@pytest.fixture
def runner(tmp_path: Path, launcher_cache: Path) -> Iterator[LocalRunner]:
    """A runner with the compiled launcher."""
    made = LocalRunner(tmp_path / "scratch", launcher_cache)
    yield made
    made.close()


@pytest.fixture(params=["compiled", "fallback"])
def any_runner(request: pytest.FixtureRequest, runner: LocalRunner) -> LocalRunner:
    """A runner with either launcher: what it does must be the same."""
    if request.param == "fallback":
        runner._launcher = Launcher(fallback_command(), "asked for")
    return runner
