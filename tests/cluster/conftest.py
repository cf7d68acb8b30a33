"""A real SLURM of three virtual nodes, and a cluster of one machine, which starts jobs by `sh`."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.plugins import Executor

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


EXAMPLE = Path(__file__).parents[2] / "examples/executor/ssh_executor.py"
CONFIG = """
[executors.ssh]
hosts = ["red", "green"]
shell = ["sh", "-c", "{line}"]
poll = "200ms"
settle = "1s"
shards_per_job = 1
[tasks.sum.cases.small]
params = { n = 1 }
[tasks.other.cases.small]
params = { n = 2 }
[targets.one]
task = "sum"
adapter = "command"
args = ["sh", "-c", "cat word; echo {n}"]
inputs = ["word"]
working_folder = "root"
[targets.two]
task = "sum"
adapter = "command"
args = ["sh", "-c", "cat word; echo {n}"]
inputs = ["word"]
working_folder = "root"
[targets.three]
task = "other"
adapter = "command"
args = ["sh", "-c", "echo {n}"]
"""


@pytest.fixture
def ssh(tmp_path, monkeypatch) -> Path:
    """A project, and the example executor under the name `ssh`; its folder."""
    spec = importlib.util.spec_from_file_location("ssh_executor", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = Executor("ssh", module)
    monkeypatch.setattr(Executor, "find", classmethod(lambda cls, name: found))
    project = tmp_path / "project"
    project.mkdir()
    (project / "harness.toml").write_text(CONFIG)
    (project / "word").write_text("word ")
    monkeypatch.chdir(project)
    return project
