"""The Julia adapter: finding a Julia that works, and what real programs see of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import BuildFailed, ConfigError, ToolchainMissing
from harness.model import Build, Case, Trial, TrialPlan
from harness.plugins import Adapter, Adapters
from harness.system.process.runner import LocalRunner
from harness.testing import FakeRunner, completed, make_target, make_toolchain
from harness_julia import build as julia_build
from harness_julia.toolchain import describe_julia, find_julia, named_julia

CASE = Case("only", {"n": 3})
LAUNCHER = "/usr/bin/julia"  # where a FakeRunner finds "julia"
REAL = "/opt/julia-1.11/bin/julia-real"


def says(program: str = LAUNCHER, version: str = "1.11.2") -> str:
    facts = {"version": version, "machine": "x86_64", "cpu": "znver4", "commit": "abc"}
    return json.dumps({**facts, "program": program, "depots": "/home/me/.julia"})


class TestFindingJulia:
    def test_where_there_is_none_the_error_says_how_to_get_it(self, tmp_path: Path) -> None:
        with pytest.raises(ToolchainMissing, match="no Julia found") as caught:
            find_julia(FakeRunner(tmp_path))
        assert "install_julia.sh" in caught.value.hint

    def test_the_installed_one_below_the_root_serves_where_path_has_none(
        self, tmp_path: Path
    ) -> None:
        program = f"{tmp_path}/.tools/julia/bin/julia"
        runner = FakeRunner(tmp_path, [program])
        runner.on(program, completed(says(program)))
        assert find_julia(runner, tmp_path).program == Path(program)

    def test_a_launcher_is_replaced_by_the_program_that_it_starts(self, tmp_path: Path) -> None:
        runner = FakeRunner(tmp_path, ["julia", REAL])
        runner.on("--startup-file=no", completed(says(REAL)))
        assert find_julia(runner).program == Path(REAL)

    def test_a_launcher_stays_where_the_program_does_not_work_without_it(
        self, tmp_path: Path
    ) -> None:
        runner = FakeRunner(tmp_path, ["julia", REAL])
        runner.on(LAUNCHER, completed(says(REAL)))
        runner.on(REAL, completed(stderr="libffi.so.7: cannot open", exit_code=127))
        assert find_julia(runner).program == Path(LAUNCHER)

    def test_it_is_probed_without_the_libraries_that_trials_do_not_get(
        self, tmp_path: Path
    ) -> None:
        runner = FakeRunner(tmp_path, ["julia"])
        runner.on(LAUNCHER, completed(says()))
        find_julia(runner)
        assert [call.env["LD_LIBRARY_PATH"] for call in runner.tool_calls] == [""]

    @pytest.mark.parametrize("exit_code", [-11, 139])
    def test_one_that_dies_of_an_exception_is_named_with_the_reason(
        self, tmp_path: Path, exit_code: int
    ) -> None:
        runner = FakeRunner(tmp_path, ["julia"])
        runner.on(LAUNCHER, completed(exit_code=exit_code))
        with pytest.raises(ToolchainMissing, match=f"{LAUNCHER} crashes.*libunwind"):
            find_julia(runner)

    def test_one_that_is_too_old_is_refused(self, tmp_path: Path) -> None:
        runner = FakeRunner(tmp_path, ["julia"])
        runner.on(LAUNCHER, completed(says(version="1.4.1")))
        with pytest.raises(ToolchainMissing, match=r"Julia 1\.4\.1, which is too old"):
            find_julia(runner)

    @pytest.mark.parametrize("version", ["1.5.3", "1.10.0-rc2", "1.13.0-DEV.42", "2.0.0"])
    def test_versions_from_the_oldest_to_those_to_come_are_taken(
        self, tmp_path: Path, version: str
    ) -> None:
        runner = FakeRunner(tmp_path, ["julia"])
        runner.on(LAUNCHER, completed(says(version=version)))
        assert find_julia(runner).version == f"Julia {version}"

    def test_what_is_no_julia_is_refused_with_its_words(self, tmp_path: Path) -> None:
        runner = FakeRunner(tmp_path, ["julia"])
        runner.on(LAUNCHER, completed("usage: julia", stderr="unknown option", exit_code=2))
        with pytest.raises(ToolchainMissing, match=r"not a working Julia \(exit 2\): unknown"):
            describe_julia(Path(LAUNCHER), runner)

    def test_a_named_one_that_is_not_there_is_named_in_the_error(self, tmp_path: Path) -> None:
        target = make_target(tmp_path, name="fit", adapter="julia")
        with pytest.raises(ToolchainMissing, match=r"targets\.fit\.program: 'julia-9'"):
            named_julia("julia-9", target, FakeRunner(tmp_path))

    def test_another_processor_is_another_fingerprint(self, tmp_path: Path) -> None:
        prints = set()
        for cpu in ("znver4", "haswell"):
            runner = FakeRunner(tmp_path, ["julia"])
            runner.on(LAUNCHER, completed(says().replace("znver4", cpu)))
            prints.add(find_julia(runner).fingerprint)
        assert len(prints) == 2


@dataclass(frozen=True)
class Sheet:
    """Builds a program with a Julia that is not there."""

    folder: Path
    runner: FakeRunner

    def build(self, source: str = "println(1)\n", **changes: Any) -> Build:
        path = self.folder / "work.jl"
        path.write_text(source)
        target = make_target(self.folder, adapter="julia", sources=(path,))
        julia = make_toolchain(adapter="julia", program=Path(LAUNCHER), version="Julia 1.11.2")
        workdir = self.folder / "builds"
        return julia_build.build(replace(target, **changes), julia, workdir, self.runner)


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    runner = FakeRunner(tmp_path, ["julia"])
    runner.on(LAUNCHER, completed())
    return Sheet(tmp_path, runner)


class TestBuilding:
    def test_the_same_content_is_parsed_once(self, sheet: Sheet) -> None:
        first, again = sheet.build(), sheet.build()
        assert (first.cached, again.cached) == (False, True)
        assert len(sheet.runner.tool_calls) == 1

    @pytest.mark.parametrize(
        "include",
        ['include("parts/part.jl")', 'include(joinpath(@__DIR__, "parts/part.jl"))'],
    )
    def test_a_changed_include_is_another_build(self, sheet: Sheet, include: str) -> None:
        part = sheet.folder / "parts" / "part.jl"
        part.parent.mkdir()
        part.write_text("x = 1\n")
        before = sheet.build(include)
        part.write_text("x = 2\n")
        assert sheet.build(include).digest != before.digest

    @pytest.mark.parametrize(
        "changed",
        ["env/Project.toml", "env/Manifest-v1.11.toml", "env/src/Own.jl", "near/src/sub/Near.jl"],
    )
    def test_a_changed_project_is_another_build(self, sheet: Sheet, changed: str) -> None:
        manifest = '[[deps.Near]]\npath = "../near"\n'
        for name, text in {
            "env/Project.toml": 'name = "Own"\n',
            "env/Manifest-v1.11.toml": manifest,
            "env/src/Own.jl": "module Own end\n",
            "near/src/sub/Near.jl": "module Near end\n",
        }.items():
            path = sheet.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        before = sheet.build(options={"project": "env"})
        with (sheet.folder / changed).open("a") as file:
            file.write("# changed\n")
        assert sheet.build(options={"project": "env"}).digest != before.digest

    def test_the_manifest_of_a_workspace_is_its_members_too(self, sheet: Sheet) -> None:
        (sheet.folder / "env").mkdir()
        (sheet.folder / "env/Project.toml").write_text('name = "Own"\n')
        (sheet.folder / "Project.toml").write_text('[workspace]\nprojects = ["env"]\n')
        (sheet.folder / "Manifest.toml").write_text("")
        before = sheet.build(options={"project": "env"})
        (sheet.folder / "Manifest.toml").write_text("# changed\n")
        assert sheet.build(options={"project": "env"}).digest != before.digest

    def test_a_build_that_failed_is_tried_again(self, sheet: Sheet) -> None:
        sheet.runner.on(LAUNCHER, completed(stderr="work.jl:1: premature end", exit_code=1))
        with pytest.raises(BuildFailed, match=r"work\.jl:1: premature end"):
            sheet.build("f(")
        sheet.runner.on(LAUNCHER, completed())
        assert not sheet.build("f(").cached

    def test_options_stand_before_the_program_and_arguments_behind(self, sheet: Sheet) -> None:
        options = {"project": "env", "threads": 2, "optimize": 3, "flags": ["--check-bounds=no"]}
        (sheet.folder / "env").mkdir()
        build = sheet.build(options=options, args=("{n}",))
        argv = julia_build.command(build, CASE).argv
        before, after = argv[: argv.index(f"{sheet.folder}/work.jl")], argv[-1]
        assert before[0] == LAUNCHER
        wanted = (f"--project={sheet.folder}/env", "--threads=2", "-O3", "--check-bounds=no")
        assert before[-4:] == wanted
        assert after == "3"

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"threads": 0}, "threads: want at least 1, got 0"),
            ({"optimize": 4}, "optimize: want 0 to 3, got 4"),
            ({"thread": 2}, "no option 'thread'"),
            ({"project": "nowhere"}, "project: not there"),
        ],
    )
    def test_a_bad_option_is_refused(
        self, sheet: Sheet, options: dict[str, Any], words: str
    ) -> None:
        with pytest.raises(ConfigError, match=words):
            sheet.build(options=options)

    def test_the_users_load_path_comes_before_the_markers(self, sheet: Sheet) -> None:
        build = sheet.build(env={"JULIA_LOAD_PATH": "/mine"})
        paths = julia_build.command(build, CASE).env["JULIA_LOAD_PATH"].split(":")
        assert paths == ["/mine", str(julia_build.MARKERS)]


@dataclass(frozen=True)
class Desk:
    """Builds and runs programs with the Julia of this machine."""

    folder: Path
    builds: Path
    runner: LocalRunner
    adapter: Adapter

    def build(self, source: str, **changes: Any) -> Build:
        path = self.folder / "a program.jl"
        path.write_text(source)
        target = replace(
            make_target(self.folder, adapter="julia", sources=(path,), args=()), **changes
        )
        toolchain = self.adapter.probe(self.runner, target)
        return self.adapter.build(target, toolchain, self.builds, self.runner)

    def trial(self, source: str, **changes: Any) -> Trial:
        return self.adapter.time(self.build(source, **changes), CASE, TrialPlan(), self.runner)

    def text(self, source: str, **changes: Any) -> str:
        trial = self.trial(source, **changes)
        assert trial.output is not None, trial.message
        return trial.output.stdout.read_text()


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests: the markers are compiled once."""
    return tmp_path_factory.mktemp("the builds")


@pytest.fixture
def desk(tmp_path: Path, builds: Path, local_runner: LocalRunner) -> Desk:
    folder = tmp_path / "with spaces"
    folder.mkdir()
    return Desk(folder, builds, local_runner, Adapters().get("julia"))


@pytest.mark.julia
class TestWithRealJulia:
    def test_exceptions_from_compiled_code_are_survived(self, desk: Desk) -> None:
        source = 'f(x) = x == 1 ? error("x") : 1\ntry f(1) catch; println("ok") end\n'
        assert desk.text(source) == "ok\n"

    def test_threads_are_as_many_as_asked_for(self, desk: Desk) -> None:
        source = "println(Threads.nthreads())\n"
        assert desk.text(source, options={"threads": 2}) == "2\n"

    def test_a_package_of_the_project_can_be_loaded(self, desk: Desk) -> None:
        package = desk.folder / "env" / "Tide"
        (package / "src").mkdir(parents=True)
        uuid = "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"
        (package / "src" / "Tide.jl").write_text("module Tide\nlevel() = 7\nend\n")
        (package / "Project.toml").write_text(f'name = "Tide"\nuuid = "{uuid}"\n')
        (package.parent / "Project.toml").write_text(f'[deps]\nTide = "{uuid}"\n')
        (package.parent / "Manifest.toml").write_text(
            f'[[Tide]]\npath = "Tide"\nuuid = "{uuid}"\nversion = "0.1.0"\n'
        )
        text = desk.text("using Tide\nprintln(Tide.level())\n", options={"project": "env"})
        assert text == "7\n"

    def test_phases_are_reported_nested_and_counted(self, desk: Desk) -> None:
        source = (
            "using HarnessPhases\n"
            'for i in 1:3\n  @phase "outer" begin\n    @phase "inner" sqrt(i)\n  end\nend\n'
        )
        phases = {phase.path: phase.calls for phase in desk.trial(source).phases}
        assert phases == {"outer": 3, "outer/inner": 3}

    @pytest.mark.parametrize(
        ("source", "line"),
        [
            ("x = 1\nfunction f(\n", 2),
            ("x = 1\n# é\n\ny = )\n", 4),
            ("if true\n  1\n", 1),
            ("f(x) = 1 #= é\n =#\nlet\n", 3),
        ],
        ids=["cut off", "stray bracket", "no end", "behind a comment"],
    )
    def test_a_broken_source_is_refused_with_its_line(
        self, desk: Desk, source: str, line: int
    ) -> None:
        with pytest.raises(BuildFailed, match=rf"a program\.jl:{line}: "):
            desk.build(source)

    @pytest.mark.parametrize("source", ["", "\n# nothing\n", 'x = "$(1 + 1) é"\n#= end =#'])
    def test_whatever_parses_is_built(self, desk: Desk, source: str) -> None:
        assert desk.text(source) == ""

    def test_a_broken_include_is_named(self, desk: Desk) -> None:
        (desk.folder / "part.jl").write_text("function g(\n")
        with pytest.raises(BuildFailed, match=r"part\.jl:1: "):
            desk.build('include("part.jl")\n')

    def test_nothing_is_written_beside_the_sources_or_into_the_users_depot(
        self, desk: Desk
    ) -> None:
        text = desk.text("using HarnessPhases\nprintln(DEPOT_PATH[1])\n")
        assert Path(text.strip()) == desk.builds / "depot"
        assert [path.name for path in desk.folder.iterdir()] == ["a program.jl"]

    @pytest.mark.parametrize(
        ("source", "beside", "compiled"),
        [
            ("println(1)\n", "two() = 2\n", False),
            ("using HarnessPhases\n", "two() = 2\n", True),
            ('part = "part.jl"\ninclude(part)\n', "using HarnessPhases\n", True),
        ],
        ids=["none", "marked", "by a computed include"],
    )
    def test_the_markers_are_compiled_with_the_build_where_a_file_mentions_them(
        self, desk: Desk, tmp_path: Path, source: str, beside: str, *, compiled: bool
    ) -> None:
        (desk.folder / "part.jl").write_text(beside)
        replace(desk, builds=tmp_path / "own").build(source)
        found = [*(tmp_path / "own" / "depot").rglob("HarnessPhases*")]
        assert bool(found) is compiled

    def test_a_target_may_name_its_julia_by_a_path(self, desk: Desk) -> None:
        program = desk.folder / "my-julia"
        program.write_text('#!/bin/sh\nexec julia "$@"\n')
        program.chmod(0o755)
        assert desk.text("println(2 + 2)\n", options={"program": "./my-julia"}) == "4\n"
