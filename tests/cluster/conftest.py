"""A real SLURM of three virtual nodes, for the tests that need one."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "virtual_slurm.py"


def virtual_slurm() -> ModuleType:
    """The script that starts the cluster, as a module."""
    spec = importlib.util.spec_from_file_location("virtual_slurm", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["virtual_slurm"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A cluster that is up until the end of the session; skipped where none can be."""
    module = virtual_slurm()
    if why := module.lacking():
        pytest.skip(f"no virtual SLURM here: {why} (make tools)")
    # Not below pytest's own folder: a socket's path has at most 107 characters.
    with module.VirtualSlurm(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster
