"""The Python adapter: interpreters, modules, bytecode, and what makes a build another one."""

from __future__ import annotations

import json
import os
import sys
import venv
from pathlib import Path

import pytest

import harness_python
from harness.errors import BuildFailed, ConfigError, ToolchainMissing
from harness.plugins import Adapter
from harness.testing import FakeRunner, completed, make_case

ADAPTER = Adapter("python", harness_python)


@pytest.fixture
def python(workshop_of, monkeypatch):
    # Before any shim: asking a version manager which Python it means takes its time.
    folder = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return workshop_of("python")


# -- interpreters -------------------------------------------------------------------------------


def facts(version: tuple[int, int, int] = (3, 11, 2), **changes: object) -> str:
    told = {
        "executable": "/opt/python/bin/python3.11",
        "version": version,
        "build": "main, Jan 1",
        "implementation": "CPython",
        "machine": "x86_64",
        "packages": [],
    }
    return json.dumps({**told, **changes})


def machine_with(tmp_path: Path, answer: str, *programs: str) -> FakeRunner:
    runner = FakeRunner(tmp_path, programs=programs or ("python3",))
    runner.on("-c", completed(answer))
    return runner


def test_the_interpreter_behind_a_shim_is_executed_not_the_shim(python):
    python.write("shims/python3", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', mode=0o755)
    python.write("main.py", "import sys\nprint(sys.executable)\n")
    build = python.build("main.py", python="shims/python3")
    assert build.program == Path(sys.executable)
    assert python.says(build) == f"{sys.executable}\n"


def test_a_virtual_environment_is_entered_by_its_own_link(python):
    venv.create(python.root / "env", symlinks=True, with_pip=False)
    python.write("main.py", "import sys\nprint(sys.prefix)\n")
    build = python.build("main.py", python="env/bin/python")
    assert python.says(build) == f"{python.root / 'env'}\n"


def test_the_interpreter_that_runs_the_harness_serves_where_path_has_none(tmp_path):
    runner = machine_with(tmp_path, facts(), sys.executable)
    assert ADAPTER.probe(runner).version == "CPython 3.11.2"
    assert runner.tool_calls[0].argv[0] == sys.executable


def test_a_named_interpreter_that_is_missing_is_named_with_its_key(python):
    python.write("main.py", "")
    with pytest.raises(ToolchainMissing, match=r"targets\.sum-x\.python: 'python9' was not found"):
        python.build("main.py", python="python9")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (facts((3, 7, 1)), r"is Python 3\.7\.1, which is too old"),
        ("Segmentation fault", "is not a working Python"),
        ("{}", "is not a working Python"),
    ],
)
def test_an_interpreter_that_cannot_serve_says_why_and_what_to_do(tmp_path, answer, words):
    with pytest.raises(ToolchainMissing, match=words) as caught:
        ADAPTER.probe(machine_with(tmp_path, answer))
    assert 'python = "' in caught.value.hint


@pytest.mark.parametrize(
    "change", [{"packages": ["numpy-2.0.dist-info"]}, {"build": "main, Feb 2"}, {"machine": "arm"}]
)
def test_another_environment_has_another_fingerprint(tmp_path, change):
    one, other = (machine_with(tmp_path, facts(**c)) for c in ({}, change))
    assert ADAPTER.probe(one).fingerprint != ADAPTER.probe(other).fingerprint


@pytest.mark.parametrize("stamp", ["", "12", "12 of another build", "soon"])
def test_files_whose_check_is_not_theirs_are_checked_again(python, stamp):
    python.write("main.py", "print(1)\n")
    (kept,) = python.build("main.py").workdir.glob("checked-*")
    kept.write_text(stamp)
    assert not python.build("main.py").cached
    assert python.build("main.py").cached


# -- what is run --------------------------------------------------------------------------------


def test_a_file_sees_its_arguments_and_the_modules_beside_it(python):
    python.write("beside.py", "word = 'beside'\n")
    python.write("main.py", "import sys, beside\nprint(beside.word, *sys.argv[1:])\n")
    build = python.build("main.py", args=("{n}", "{seed}"))
    assert python.says(build, make_case(seed=3, n=5)) == "beside 5 3\n"


def test_a_module_is_run_from_the_root(python):
    python.write("pkg/__init__.py", "")
    python.write("pkg/work.py", "print(__name__, __package__)\n")
    assert python.says(python.build(module="pkg.work")) == "__main__ pkg\n"


def test_a_package_is_run_by_its_main_module(python):
    python.write("src/pkg/__init__.py", "")
    python.write("src/pkg/__main__.py", "from pkg import inner\nprint(inner.word)\n")
    python.write("src/pkg/inner.py", "word = 'inner'\n")
    assert python.says(python.build(module="pkg", path=["src"])) == "inner\n"


def test_flags_reach_the_interpreter(python):
    python.write("main.py", "import sys\nprint(sys.flags.optimize, sys._xoptions['told'])\n")
    assert python.says(python.build("main.py", flags="-O -X told=yes")) == "1 yes\n"


def test_hashing_is_repeatable_and_the_target_s_own_environment_wins(python):
    python.write("main.py", "import os\nprint(os.environ['PYTHONHASHSEED'])\n")
    assert python.says(python.build("main.py")) == "0\n"
    assert python.says(python.build("main.py", env={"PYTHONHASHSEED": "7"})) == "7\n"


def test_the_target_s_own_python_path_comes_before_the_markers(python):
    python.write("mine/harness_phases.py", "word = 'mine'\n")
    python.write("main.py", "import harness_phases\nprint(harness_phases.word)\n")
    env = {"PYTHONPATH": str(python.root / "mine")}
    assert python.says(python.build("main.py", env=env)) == "mine\n"


def test_phase_markers_are_there_with_nothing_to_install(python):
    python.write("main.py", "import harness_phases\nprint(harness_phases.__file__)\n")
    assert "harness_python/markers" in python.says(python.build("main.py"))


def test_numba_keeps_its_cache_with_the_build_not_beside_the_source(python):
    python.write("main.py", "import os\nprint(os.environ['NUMBA_CACHE_DIR'])\n")
    build = python.build("main.py")
    assert Path(python.says(build).strip()).is_relative_to(build.workdir)


# -- bytecode -----------------------------------------------------------------------------------


def test_bytecode_is_kept_outside_the_tree_and_used(python):
    python.write("beside.py", "")
    python.write("main.py", "import beside\nprint(beside.__cached__)\n")
    cached = Path(python.says(python.build("main.py")).strip())
    assert cached.is_file()
    assert cached.is_relative_to(python.builds)
    assert sorted(path.name for path in python.root.iterdir()) == ["beside.py", "main.py"]


def test_an_edit_that_keeps_size_and_time_is_seen(python):
    python.write("main.py", "import beside\nprint(beside.word)\n")
    for word in ("one", "two", "one"):
        os.utime(python.write("beside.py", f"word = '{word}'\n"), (1e9, 1e9))
        assert python.says(python.build("main.py")) == f"{word}\n"


# -- what makes another build -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("main", "other"),
    [
        ("import pkg.inner\n", "pkg/inner.py"),
        ("from pkg import inner\n", "pkg/inner.py"),
        ("from pkg.inner import word\n", "pkg/__init__.py"),
        ("def late():\n    import pkg.inner\n", "pkg/inner.py"),
        ("name = 'computed'\n__import__(name)\n", "computed.py"),
    ],
)
def test_a_changed_import_is_another_build(python, main, other):
    for name in ("pkg/__init__.py", "pkg/inner.py", "computed.py"):
        python.write(name, "word = 1\n")
    python.write("main.py", main)
    first = python.build("main.py")
    python.write(other, "word = 2\n")
    second = python.build("main.py")
    assert (second.cached, second.digest == first.digest) == (False, False)


def test_a_relative_import_is_a_part_of_the_build(python):
    python.write("pkg/__init__.py", "")
    python.write("pkg/work.py", "from .deep.inner import word\n")
    python.write("pkg/deep/__init__.py", "")
    python.write("pkg/deep/inner.py", "word = 1\n")
    first = python.build(module="pkg.work")
    python.write("pkg/deep/inner.py", "word = 2\n")
    assert python.build(module="pkg.work").digest != first.digest


@pytest.mark.parametrize(
    "change", [{"flags": ["-O"]}, {"path": ["lib"]}, {"steady": True}], ids=lambda c: next(iter(c))
)
def test_another_option_is_another_build(python, change):
    python.write("main.py", "print(1)\n")
    assert python.build("main.py", **change).digest != python.build("main.py").digest


def test_the_caller_s_python_settings_are_no_part_of_a_build(python, monkeypatch):
    python.write("main.py", "print('\\d')\n")
    first = python.build("main.py")
    (python.folder / "other.dist-info").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(python.folder))
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    python.write("main.py", "print('\\w')\n")
    second = python.build("main.py")
    assert second.toolchain.fingerprint == first.toolchain.fingerprint


# -- what is refused ----------------------------------------------------------------------------


def test_a_syntax_error_in_an_import_is_said_with_file_and_line(python):
    python.write("beside.py", "x = 1\nif x\n    pass\n")
    python.write("main.py", "import beside\n")
    with pytest.raises(BuildFailed, match=r"beside\.py:2: SyntaxError") as caught:
        python.build("main.py")
    assert "CPython" in caught.value.hint


def test_a_target_with_nothing_to_run_is_refused(python):
    with pytest.raises(ConfigError, match="needs a source or a module"):
        python.build()


def test_a_missing_source_is_named(python):
    with pytest.raises(ConfigError, match=r"no such file: .*gone\.py"):
        python.build("gone.py")
