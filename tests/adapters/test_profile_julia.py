"""Profiles of Julia programs: what the driver writes, and what a real Julia makes of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import harness_julia
from harness.errors import TrialFailed, UsageError
from harness.model import (
    PROGRAMS,
    Build,
    Case,
    Frame,
    Profile,
    ProfileBy,
    ProfilePlan,
    TrialPlan,
    TrialStatus,
)
from harness.profiles import count_spots
from harness.testing import FakeRunner, make_build, make_target, make_toolchain, make_trial
from harness_julia.hotspots import profile as julia_profile
from harness_julia.hotspots import read_counts, read_report, with_links, with_programs

REPORT = (
    "first_ns\t900\nplain_ns\t100\nwork_ns\t120\nrepeats\t2\n"
    "stack\t7\tmain\x1f/src/a.jl\x1f9\x1f0\texp\x1f./special/exp.jl\x1f52\x1f0\n"
    "stack\t3\tmain\x1f/src/a.jl\x1f8\x1f0\t\x1f/lib/libjulia.so.1\x1f-1\x1f1\n"
    "full\t0\n"
)

COUNTS = """\
        - function grow(n)
       80     v = Vector{Vector{Float64}}()
        0     for i in 1:n
    16000         push!(v, zeros(10))
        -     end
        - end
        - square(x) = x * x
      160 @inline cube!(x) = [x]
"""

PROGRAM = """\
using HarnessPhases

function inner(a)
    s = 0.0
    for x in a
        s += exp(-x) * sin(x)
    end
    return s
end

function grow(n)
    v = Vector{Float64}[]
    for i in 1:n
        push!(v, zeros(100))
    end
    return sum(sum, v)
end

function main()
    a = collect(range(0.0, 1.0, length = 1000))
    s = 0.0
    @phase "inner" for _ in 1:parse(Int, ARGS[1])
        s += inner(a)
    end
    println(s + grow(50))
end

main()
"""


class TestReadingTheReport:
    def test_stacks_carry_own_and_library_frames(self) -> None:
        stacks = read_report(REPORT).stacks
        main = Frame("main", "/src/a.jl", 9)
        assert stacks[main, Frame("exp", "exp.jl", 52, native=True)] == 7
        main = Frame("main", "/src/a.jl", 8)
        assert stacks[main, Frame("[libjulia.so.1]", "libjulia.so.1", None, native=True)] == 3

    def test_figures_are_whole_numbers(self) -> None:
        figures = read_report(REPORT).figures
        assert (figures["first_ns"], figures["repeats"], figures["full"]) == (900, 2, 0)


class TestReadingAllocations:
    def test_lines_that_allocate_have_their_function(self) -> None:
        rows = list(read_counts(COUNTS, "/src/a.jl"))
        assert rows == [
            (Frame("grow", "/src/a.jl", 2), 80),
            (Frame("grow", "/src/a.jl", 4), 16000),
            (Frame("cube!", "/src/a.jl", 8), 160),
        ]


class TestLinkedSources:
    def test_files_and_what_lies_beside_them_are_found_below_the_tree(self, tmp_path: Path) -> None:
        source = tmp_path / "project"
        for name in ("main.jl", "lib/part.jl", "data.txt", "other/deep.txt"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(name)
        tree = tmp_path / "tree"
        with_links(tree, [source / "main.jl", source / "lib/part.jl"])
        mirrored = tree / str(source).lstrip("/")
        for name in ("main.jl", "lib/part.jl", "data.txt", "other/deep.txt"):
            assert (mirrored / name).read_text() == name
        assert not (mirrored / "lib").is_symlink()  # what is written there stays there


class TestFailures:
    @pytest.fixture
    def build(self, tmp_path: Path) -> Build:
        (tmp_path / "a.jl").write_text("main() = 1\n")
        target = make_target(tmp_path, adapter="julia", sources=(tmp_path / "a.jl",))
        return make_build(target, toolchain=make_toolchain(adapter="julia"))

    def profile(self, build: Build, runner: FakeRunner, folder: Path, **plan: Any) -> Profile:
        return julia_profile(build, Case("only"), ProfilePlan(folder=folder, **plan), runner)

    def test_a_crash_is_answered_with_cause_and_remedy(self, build: Build, tmp_path: Path) -> None:
        runner = FakeRunner(tmp_path)
        runner.trials = [make_trial(status=TrialStatus.CRASHED, exit_code=None, signal=11)]
        with pytest.raises(TrialFailed, match="another libunwind") as caught:
            self.profile(build, runner, tmp_path)
        assert "install_julia.sh" in caught.value.hint

    def test_a_hang_is_said(self, build: Build, tmp_path: Path) -> None:
        runner = FakeRunner(tmp_path)
        runner.trials = [make_trial(status=TrialStatus.TIMED_OUT, exit_code=None, message="10 s")]
        with pytest.raises(TrialFailed, match="did not end: 10 s"):
            self.profile(build, runner, tmp_path)

    def test_work_that_ends_the_process_leaves_no_profile(
        self, build: Build, tmp_path: Path
    ) -> None:
        with pytest.raises(TrialFailed, match="left no profile") as caught:
            self.profile(build, FakeRunner(tmp_path), tmp_path)
        assert "must return" in caught.value.hint

    def test_an_unknown_tool_is_refused(self, build: Build, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="profiles with julia-profile"):
            self.profile(build, FakeRunner(tmp_path), tmp_path, tool="perf")


@pytest.mark.julia
class TestRealPrograms:
    def profile(
        self, workshop: Any, folder: Path, n: str, *, source: str = PROGRAM, **plan: Any
    ) -> Profile:
        workshop.write("prog.jl", source)
        build = workshop.build("prog.jl", args=(n,))
        folder.mkdir()
        asked = ProfilePlan(**{"folder": folder, "plain_wall_ns": 10**9, **plan})
        found = workshop.adapter.profile(build, Case("only"), asked, workshop.runner)
        return count_spots(found)

    def test_the_work_s_functions_are_found_without_compilation(
        self, workshop_of: Any, tmp_path: Path
    ) -> None:
        profile = self.profile(workshop_of("julia"), tmp_path / "p", "3000", by=ProfileBy.LINE)
        hottest = profile.spots[0]
        assert (hottest.function, hottest.line) == ("inner", 6)
        assert Path(hottest.file).name == "prog.jl"
        assert any("of a cold run of it is compiling" in w for w in profile.warnings)
        assert not any("typeinf" in f.function for stack in profile.stacks for f in stack)

    def test_a_short_script_without_main_is_included_again_and_again(
        self, workshop_of: Any, tmp_path: Path
    ) -> None:
        source = "s = 0\nfor i in 1:parse(Int, ARGS[1])\n    global s += i\nend\nprintln(s)\n"
        profile = self.profile(workshop_of("julia"), tmp_path / "p", "1000", source=source)
        assert profile.total > 0
        assert any("the work is short: it was profiled" in w for w in profile.warnings)

    def test_allocations_are_counted_by_line_outside_of_the_source_tree(
        self, workshop_of: Any, tmp_path: Path
    ) -> None:
        workshop = workshop_of("julia")
        profile = self.profile(workshop, tmp_path / "p", "10", memory=True)
        largest = profile.spots[0]
        assert (largest.function, largest.line, profile.unit) == ("grow", 14, "bytes")
        assert largest.weight >= 50 * 100 * 8
        assert not [*workshop.root.rglob("*.mem")]
        assert not [*Path(harness_julia.__file__).parent.rglob("*.mem")]
        assert {path.name for path in (tmp_path / "p").iterdir()} == {"julia-memory.txt"}


class TestProgramsThatItStarts:
    work, run = Frame("work", "/a.jl", 3), Frame("run", "process.jl", 480, native=True)
    wait = Frame("epoll_pwait", "libc.so.6", native=True)

    def test_what_base_waits_for_a_process_is_the_program_s(self) -> None:
        stacks = {(self.work,): 4.0, (self.work, self.run, self.wait): 6.0}
        found = with_programs(stacks, 1.0)
        assert found == {(self.work,): 4.0, (self.work, self.run, PROGRAMS): 6.0}

    def test_of_another_wait_it_is_as_much_as_the_programs_worked(self) -> None:
        found = with_programs({(self.work, self.wait): 10.0}, 4.0)
        assert found == {(self.work, PROGRAMS): 4.0, (self.work, self.wait): 6.0}

    def test_without_programs_a_wait_stays_one(self) -> None:
        stacks = {(self.work, self.wait): 10.0}
        assert with_programs(stacks, 0.0) == stacks


@pytest.mark.slow
def test_the_time_of_a_program_that_julia_runs_is_neither_start_up_nor_its_own(
    workshop_of: Any, tmp_path: Path
) -> None:
    workshop = workshop_of("julia")
    script = "for i in range(4000000): pass"
    workshop.write("a.jl", f'main() = run(`{sys.executable} -S -c "{script}"`)\nmain()\n')
    build = workshop.build("a.jl")
    plain = workshop.adapter.time(build, Case("only"), TrialPlan(), workshop.runner)
    plan = ProfilePlan(folder=tmp_path, plain_wall_ns=plain.wall_ns, plain_cpu_ns=plain.cpu_ns)
    profile = workshop.adapter.profile(build, Case("only"), plan, workshop.runner)
    rows = {spot.function: spot for spot in count_spots(profile).spots}
    work = 1 - rows["(start-up)"].total_share
    assert rows[PROGRAMS.function].self_share > 0.5 * work
    assert any("programs that it started took" in said for said in profile.warnings)


LATER_PROFILE = """
module Profile # as of Julia 1.8 and later: thread, task, clock, state and two zeros end a sample
const META_OFFSET_SLEEPSTATE, META_OFFSET_THREADID, nmeta = 2, 5, 4
is_block_end(data, i) = i > 5 && data[i] == 0 && data[i-1] == 0 && data[i-2] in (1, 2)
end
include(ARGS[1])
data = UInt64[16, 32, 1, 77, 99, 1, 0, 0, 17, 1, 77, 99, 2, 0, 0, 18, 1, 78, 99, 1, 0, 0]
println([Int.(pointers) for pointers in samples(data)] == [[16, 32], [18]])
"""


@pytest.mark.julia
def test_words_beside_a_sample_of_later_julias_are_no_instruction_pointers(tmp_path: Path) -> None:
    script = tmp_path / "blocks.jl"
    script.write_text(LATER_PROFILE)
    reader = Path(harness_julia.__file__).with_name("samples.jl")
    words = ["julia", "--startup-file=no", script, reader]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == "true\n"
