"""Runs of every adapter in a strict jail: builds, setup commands, cold and steady trials."""

from __future__ import annotations

import shutil
import subprocess
import venv
from dataclasses import replace
from pathlib import Path

import pytest

import harness
from harness.model import Jail
from harness.project.config import load_config
from harness.running.session import open_session
from harness.running.settings import of_plan
from harness.system.jail.means import find_means
from harness.system.launcher.launching import get_launcher
from harness.system.store.run_file import read_run

COUNT_C = """
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  long sum = 0;
  for (long i = 0; i < atol(argv[argc - 1]); i++) sum += i;
  printf("sum = %ld\\n", sum);
  return 0;
}
"""
COUNT_PY = """
import json, sys
from helper import total

def main():
    print("sum =", total(int(sys.argv[1])))

if __name__ == "__main__":
    main()
"""
COUNT_JL = 'using Printf\nfunction main()\n@printf("sum = %d\\n", 4950)\nend\nmain()\n'
CONFIG = """
[tasks.count]
[tasks.count.cases.only]
params = { n = 100 }
[tasks.count.outputs.sum]
from = "stdout"
key = "sum"
[defaults.c]
args = ["{n}"]
[targets.c]
task = "count"
adapter = "c"
sources = ["count.c"]
[targets.python]
task = "count"
adapter = "python"
sources = ["count.py"]
entry = "main"
args = ["{n}"]
[targets.julia]
task = "count"
adapter = "julia"
sources = ["count.jl"]
[targets.command]
task = "count"
adapter = "command"
program = "./count.sh"
args = ["{n}"]
"""


@pytest.fixture(scope="module", autouse=True)
def _strict(launcher_cache: Path) -> None:
    found = find_means(get_launcher(launcher_cache).command)
    if found.best is None:
        pytest.skip(f"no strict jail here: {found.why_not}")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in (".git", "optim"):
        (root / name).mkdir(parents=True)
        (root / name / "secret").write_text("4950")
    (root / "count.c").write_text(COUNT_C)
    (root / "count.py").write_text(COUNT_PY)
    (root / "helper.py").write_text("def total(n):\n    return sum(range(n))\n")
    (root / "count.jl").write_text(COUNT_JL)
    (root / "count.sh").write_text('#!/bin/sh\necho "sum = $(($1 * ($1 - 1) / 2))"\n')
    (root / "count.sh").chmod(0o755)
    (root / "harness.toml").write_text(CONFIG)
    return root


def ran(project: Path, *names: str, **asked: object) -> harness.RunResult:
    given = {"trials": 2, "warmup": 0, "jail": "strict", **asked}
    return harness.run(*names, config=project / "harness.toml", **given)


@pytest.mark.parametrize("name", ["c", "python", "command"])
def test_each_adapter_runs_in_a_strict_jail(project: Path, name: str):
    result = ran(project, name)
    assert result.ok, result.failures
    assert result.measurements[0].wall_ns.point > 0


@pytest.mark.skipif(shutil.which("julia") is None, reason="there is no Julia here")
def test_julia_runs_in_a_strict_jail(project: Path):
    assert ran(project, "julia").ok


def test_an_interpreter_of_an_environment_elsewhere_runs_with_its_packages(
    project: Path, tmp_path_factory: pytest.TempPathFactory
):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "venv"
    venv.create(elsewhere, symlinks=True)
    (packages,) = elsewhere.glob("lib/python3*/site-packages")
    (packages / "installed_there.py").write_text("ANSWER = 42\n")
    helper = project / "helper.py"
    helper.write_text(f"import installed_there\n{helper.read_text()}")
    with_line(project, 'adapter = "python"', f'python = "{elsewhere}/bin/python"')
    result = ran(project, "python")
    assert result.ok, result.failures


@pytest.mark.parametrize("name", ["c", "python"])
def test_steady_trials_run_in_a_strict_jail(project: Path, name: str):
    result = ran(project, name, mode="steady")
    assert result.ok, result.failures


def with_line(project: Path, after: str, line: str) -> None:
    config = project / "harness.toml"
    text = config.read_text()
    assert after in text
    config.write_text(text.replace(after, f"{after}\n{line}", 1))


def test_a_build_does_not_read_what_a_campaign_keeps(project: Path):
    stolen = project / "optim" / "secret"
    source = f'__asm__(".incbin \\"{stolen}\\"");\n' + COUNT_C
    (project / "count.c").write_text(source)
    result = ran(project, "c")
    assert not result.ok
    assert "secret" in str(result.failures)


def test_setup_writes_to_the_tree_and_sees_no_history(project: Path):
    command = (
        'setup = [["sh", "-c", "cat .git/secret optim/secret > seen; ls -a >> seen; touch ~/left"]]'
    )
    with_line(project, '[targets.command]\ntask = "count"', command)
    assert ran(project, "command").ok
    seen = (project / "seen").read_text().splitlines()
    assert "count.sh" in seen
    assert "4950" not in seen
    assert not (Path.home() / "left").exists()


def test_the_jail_is_stored_with_the_run(project: Path):
    stored = read_run(ran(project, "command").folder)
    assert of_plan(stored.plan).jail is Jail.STRICT


def test_a_module_of_the_interpreters_is_not_compiled_in_every_trial(project: Path):
    with open_session(load_config(project / "harness.toml")) as session:
        session.runner.jail = Jail.STRICT
        target = session.config.target("python")
        adapter, build = session.orchestrator.build(target)
        output = adapter.run(build, session.config.task("count").case(), session.runner)
        session.runner.discard(output)
        cache = build.workdir / "bytecode"
        assert list((build.workdir.parent / "stock").rglob("json/__init__.*.pyc"))
        assert list(cache.rglob("helper.*.pyc"))


def test_the_same_files_in_two_trees_have_their_bytecode_each(project: Path):
    other = project.parent / "other"
    shutil.copytree(project, other)
    with open_session(load_config(project / "harness.toml")) as session:
        session.runner.jail = Jail.STRICT
        target = session.config.target("python")
        sources = tuple(other / path.name for path in target.sources)
        copied = replace(target, root=other, sources=sources)
        _, build = session.orchestrator.build(target)
        session.orchestrator.build(copied)
        cache = build.workdir / "bytecode"
        places = [str(path) for path in cache.rglob("helper.*.pyc")]
        for root in (project, other):
            assert [f"{root}/helper" in place for place in places].count(True) == 1
        shutil.rmtree(other)
        session.orchestrator.build(target)
        assert len(list(cache.rglob("helper.*.pyc"))) == 1


def test_setup_at_a_revision_is_in_the_jail_too(project: Path, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.write_text("4950")
    command = f'setup = [["sh", "-c", "cat {outside.parent}/out*; touch {tmp_path}/left; true"]]'
    with_line(project, '[targets.command]\ntask = "count"', command)
    shutil.rmtree(project / ".git")
    for words in (["init", "-q"], ["add", "--all"], ["commit", "-qm", "Begin"]):
        person = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run(["git", *person, *words], cwd=project, check=True)
    given = {"trials": 1, "warmup": 0, "jail": "strict", "config": project / "harness.toml"}
    harness.compare("command@HEAD", "command", **given)
    assert not (tmp_path / "left").exists()
