"""What the classes for authors say where a target does not fit."""

from pathlib import Path
from typing import Any

import pytest

import harness_cpp
import harness_fortran
from harness.adapterkit import InterpretedLanguage, LanguageTool
from harness.errors import BuildFailed, ConfigError, ToolchainMissing
from harness.model import Build, Target
from harness.plugins import Adapter
from harness.system.process.opening import open_runner
from harness.testing import FakeRunner, completed
from harness.testing.fakes import EmptyMachine
from harness.testing.makers import make_target


class Shell(InterpretedLanguage):
    tool = LanguageTool("shell", "Shell", ("sh",), "interpreter", "Debian: dash", ("-c", "echo 1"))
    check = ("-n",)
    suffix = ".sh"


@pytest.fixture
def build(tmp_path: Path):
    runner = open_runner(tmp_path / "scratch", tmp_path / "cache")

    def built(plugin: object, name: str, **changes: Any) -> Build:
        target: Target = make_target(tmp_path, **{"adapter": name, **changes})
        adapter = Adapter(name, plugin)
        return adapter.build(target, adapter.probe(runner, target), tmp_path / "builds", runner)

    yield built
    runner.close()


def source(folder: Path, name: str, text: str) -> tuple[Path, ...]:
    path = folder / name
    path.write_text(text)
    return (path,)


def test_a_target_without_sources_says_what_to_add(build: Any):
    with pytest.raises(ConfigError, match="needs at least one source") as caught:
        build(harness_cpp.adapter, "cpp", sources=())
    assert "sources = [...]" in caught.value.hint


def test_headers_alone_are_refused(build: Any, tmp_path: Path):
    with pytest.raises(ConfigError, match="only headers"):
        build(harness_cpp.adapter, "cpp", sources=source(tmp_path, "a.hpp", ""))


def test_a_compiler_that_is_not_there_is_named_with_its_option(tmp_path: Path):
    target = make_target(tmp_path, adapter="cpp", options={"compiler": "no-such-c++"})
    with pytest.raises(
        ToolchainMissing, match=r"compiler: 'no-such-c\+\+' was not found"
    ) as caught:
        Adapter("cpp", harness_cpp.adapter).probe(EmptyMachine(), target)
    assert "apt-get install g++" in caught.value.hint
    assert 'compiler = "' in caught.value.hint


def test_a_compiler_that_makes_another_file_is_told(build: Any, tmp_path: Path):
    sources = source(tmp_path, "a.cc", "int main() {}\n")
    with pytest.raises(BuildFailed, match="made no program 'a'"):
        build(harness_cpp.adapter, "cpp", sources=sources, options={"link_flags": ["--help"]})


def test_a_program_of_ones_own_build_is_executed_as_it_is(build: Any, tmp_path: Path):
    (program,) = source(tmp_path, "mine", "#!/bin/sh\n")
    program.chmod(0o755)
    first = build(harness_cpp.adapter, "cpp", options={"program": "mine"})
    program.write_text("#!/bin/sh\nexit 1\n")
    second = build(harness_cpp.adapter, "cpp", options={"program": "mine"})
    assert first.program == second.program == program
    assert first.digest != second.digest


def test_a_program_of_ones_own_build_has_no_driver(build: Any, tmp_path: Path):
    source(tmp_path, "mine", "#!/bin/sh\n")
    with pytest.raises(ConfigError, match="no steady mode"):
        build(harness_cpp.adapter, "cpp", options={"program": "mine"}, steady=True)


@pytest.mark.needs("gfortran")
def test_modules_are_compiled_in_the_order_of_the_sources(build: Any, tmp_path: Path):
    module = source(tmp_path, "m.f90", "module m\n integer :: seven = 7\nend module\n")
    main = source(tmp_path, "p.f90", "program p\n use m\n print *, seven\nend program\n")
    assert build(harness_fortran.adapter, "fortran", sources=(*module, *main)).program.is_file()
    with pytest.raises(BuildFailed, match=r"m\.mod"):
        build(harness_fortran.adapter, "fortran", sources=(*main, *module))


@pytest.mark.needs("gfortran")
def test_fortran_has_no_entry(build: Any, tmp_path: Path):
    main = source(tmp_path, "p.f90", "program p\nend program\n")
    with pytest.raises(ConfigError, match="entry"):
        build(harness_fortran.adapter, "fortran", sources=main, steady=True, entry="work")


def test_an_interpreter_checks_the_syntax(build: Any, tmp_path: Path):
    assert build(Shell(), "shell", sources=source(tmp_path, "a.sh", "echo 1\n")).program.is_file()
    with pytest.raises(BuildFailed, match="Shell refused target"):
        build(Shell(), "shell", sources=source(tmp_path, "b.sh", "if then\n"))


def test_a_language_without_a_driver_has_no_steady_mode(build: Any, tmp_path: Path):
    with pytest.raises(ConfigError, match="no steady mode"):
        build(Shell(), "shell", sources=source(tmp_path, "a.sh", "echo 1\n"), steady=True)


@pytest.mark.parametrize(
    ("stdout", "stderr", "words"),
    [
        ("", "wrong\n", "wrong"),
        ("x.pas(1,7) Error: Identifier not found\n", "a warning\n", "a warning\nx.pas(1,7) Error"),
        ('{"reason": "build-finished"}\n', "error[E0425]\n", "error[E0425]"),
    ],
)
def test_the_words_of_a_compiler_may_be_on_either_stream(
    tmp_path: Path, stdout: str, stderr: str, words: str
):
    fake = FakeRunner(tmp_path / "fake", programs=["sh"])
    fake.on("-c", completed("1"))
    fake.on("-n", completed(stdout, stderr=stderr, exit_code=2))
    adapter = Adapter("shell", Shell())
    target = make_target(tmp_path, sources=source(tmp_path, "a.sh", "x"), options={})
    with pytest.raises(BuildFailed) as caught:
        adapter.build(target, adapter.probe(fake, target), tmp_path / "builds", fake)
    assert words in caught.value.message
    assert "build-finished" not in caught.value.message
