"""A runner for each way in which this machine can make strict jails."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import Command, Jail, JailTerms, Target, Trial, TrialPlan
from harness.system.jail.grounds import Grounds
from harness.system.jail.means import Means
from harness.system.process.runner import LocalRunner


@pytest.fixture(params=list(Means), ids=lambda means: means.value)
def jailed(
    request: pytest.FixtureRequest, tmp_path: Path, launcher_cache: Path
) -> Iterator[LocalRunner]:
    """A runner whose trials are in a strict jail, made by one of the means."""
    runner = LocalRunner(tmp_path / "scratch", launcher_cache)
    found = runner.confining.found
    why = dict(found.problems).get(request.param)
    if why:
        runner.close()
        pytest.skip(f"no jail by {request.param.value} here: {why}")
    runner.confining._found = replace(found, best=request.param)
    runner.jail = Jail.STRICT
    project = tmp_path / "project"
    runner.grounds = Grounds((".git", "optim", ".harness"), project / ".harness" / "builds")
    yield runner
    runner.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A target's tree with what a campaign keeps in it."""
    root = tmp_path / "project"
    for name in (".git", "optim", ".harness/builds/c/other", ".harness/results"):
        (root / name).mkdir(parents=True)
        (root / name / "secret").write_text("the answer")
    (root / "main.py").write_text("print(42)\n")
    return root


Say = Callable[..., str]


@pytest.fixture
def say(jailed: LocalRunner, project: Path) -> Say:
    """Has a Python script run as a trial of the project's target; what it prints."""

    def run(script: str, *, terms: JailTerms | None = None) -> str:
        target = Target("t", "task", "python", project, (project / "main.py",))
        target = replace(target, jail=terms or JailTerms(), timeout_ns=20_000_000_000)
        trial = trial_of(jailed, target, script)
        assert trial.output is not None, trial.message
        printed = trial.output.stdout.read_text()
        jailed.discard(trial.output)
        return printed.strip()

    return run


def trial_of(runner: LocalRunner, target: Target, script: str) -> Trial:
    command = Command((sys.executable, "-S", "-c", script), {}, target)
    return runner.trial(command, TrialPlan(timeout_ns=target.timeout_ns))
