"""Where a run's shards are run: here, or by the commands that a third party starts."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from harness.errors import PluginFailed, UsageError
from harness.executors import local
from harness.hookspecs import hookimpl
from harness.plugins import Executor
from harness.project.config import load_config
from harness.running import Cell
from harness.running.executing import execute, merged, shards_of
from harness.running.experiment import Experiment
from harness.running.session import open_session
from harness.running.settings import Settings

CONFIG = """
[tasks.sum.cases.small]
params = { n = 1 }
[tasks.sum.cases.big]
params = { n = 2 }
[targets.one]
task = "sum"
adapter = "command"
args = ["sh", "-c", "echo {n}"]
[targets.two]
task = "sum"
adapter = "command"
args = ["sh", "-c", "echo {n}; sleep 0.01"]
"""
SETTINGS = Settings(trials=3, seed=5, warmup=0)
DOCS = Path(__file__).parents[2] / "docs/plugins.md"


@pytest.fixture
def opened(tmp_path):
    """A session on a project of two targets and two cases, and the experiment on all of them."""
    (tmp_path / "harness.toml").write_text(CONFIG)
    config = load_config(tmp_path / "harness.toml")
    task = config.task("sum")
    cells = tuple(Cell(task, case, t) for case in task.cases for t in config.targets.values())
    with open_session(config) as session:
        yield session, Experiment(cells, SETTINGS, origin={"kind": "configured"})


def skeleton() -> ModuleType:
    """The executor of docs/plugins.md, as it stands there."""
    section = DOCS.read_text(encoding="utf-8").partition("\n## Executors\n")[2]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found is not None
    module = ModuleType("skeleton")
    exec(compile(found[1], str(DOCS), "exec"), module.__dict__)
    return module


def found_in(report):
    return [(m.case, m.target, m.trials) for m in report.run.measurements]


EVERYTHING = [("small", "one", 3), ("small", "two", 3), ("big", "one", 3), ("big", "two", 3)]


def test_the_local_executor_runs_all_shards_as_one_run(opened):
    session, experiment = opened
    report = execute(session, experiment, Executor("local", local))
    assert found_in(report) == EVERYTHING
    assert [folder.name for folder in session.results.glob("2*")] == [report.run.id]


def test_a_shard_is_all_targets_of_a_task_on_a_case_with_its_command(opened):
    session, experiment = opened
    small, big = shards_of(session, experiment)
    assert (small.task, small.case, small.targets) == ("sum", "small", ("one", "two"))
    assert big.case == "big"
    words = " ".join(small.command)
    assert "harness run one two --task sum --case small --config" in words
    assert "--trials 3 --warmup 0 --seed 5 --json" in words


def test_a_file_without_configuration_has_no_command(opened):
    session, experiment = opened
    (shard, _) = shards_of(session, Experiment(experiment.cells, SETTINGS))
    assert shard.command == ()


@pytest.mark.parametrize("empty", [(), None, [7]])
def test_an_executor_that_gives_no_runs_is_named(opened, empty):
    session, experiment = opened
    plugin = SimpleNamespace(harness_execute=hookimpl(lambda: empty))
    with pytest.raises(PluginFailed, match="executor 'lazy': harness_execute"):
        execute(session, experiment, Executor("lazy", plugin))


def test_the_executor_of_the_docs_runs_each_shard_by_its_command(opened):
    session, experiment = opened
    report = execute(session, experiment, Executor("commands", skeleton()))
    assert found_in(report) == EVERYTHING
    assert len([*session.results.glob("2*")]) == 2
    assert {(c.case, c.candidate) for c in report.run.comparisons} == {
        ("small", "two"),
        ("big", "two"),
    }
    assert [(c.case, c.blocks) for c in report.counts] == [("small", 3), ("big", 3)]


def test_one_run_alone_is_given_as_it_is(opened):
    session, experiment = opened
    report = execute(session, experiment)
    assert merged([report]) is report


def test_executors_are_found_by_name_and_an_unknown_one_is_refused():
    assert "local" in [found.name for found in Executor.installed()]
    with pytest.raises(UsageError, match="no executor named 'locl'"):
        Executor.find("locl")
    other = [EntryPoint("mine", "harness.executors.local", Executor.GROUP)]
    assert Executor.find("mine", other).name == "mine"
