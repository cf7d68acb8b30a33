"""What all tests share: a Julia on PATH where the project has installed one, and a real runner."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.edge.process import LocalRunner

INSTALLED_JULIA = Path(__file__).parents[1] / ".tools" / "julia" / "bin"


def pytest_configure() -> None:
    """Find what `make julia` installed, also where pytest is called by hand."""
    if shutil.which("julia") is None and INSTALLED_JULIA.is_dir():
        os.environ["PATH"] += os.pathsep + str(INSTALLED_JULIA)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Julia its tests are skipped, but never in continuous integration: there they fail."""
    if shutil.which("julia") is not None or os.environ.get("CI"):
        return
    for item in items:
        if item.get_closest_marker("julia"):
            item.add_marker(pytest.mark.skip(reason="no Julia on PATH: make julia"))


@pytest.fixture(scope="session")
def local_runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRunner]:
    """A real runner with folders of its own; its launcher is compiled once."""
    folder = tmp_path_factory.mktemp("runner")
    runner = LocalRunner(folder / "scratch", folder / "cache")
    yield runner
    runner.close()
