"""Profiles of C programs: perf, callgrind and counters, read from their text and made for real."""

from __future__ import annotations

import platform
import shutil
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.adapterkit.native import callgrind, perf
from harness.adapterkit.native.hotspots import loaded_as_one, without_headers
from harness.adapterkit.native.perf import StackEntry
from harness.adapterkit.native.symbols import (
    Segment,
    above_main,
    address_of,
    read_addr2line,
    read_segments,
)
from harness.errors import ToolchainMissing, TrialFailed, UsageError
from harness.model import Build, Case, Frame, Profile, ProfileBy, ProfilePlan, TrialStatus
from harness.profiles import count_spots
from harness.profiles.spots import START_UP
from harness.testing import FakeRunner, completed, make_build, make_target, make_trial
from harness_c.hotspots import with_symbols

SCRIPT = """\
perf-exec     0/0         0.000000: PERF_RECORD_COMM: perf-exec:51/51
my prog  51/51    10.000000: PERF_RECORD_COMM exec: my prog:51/51
my prog  51/51    10.100000:\x20
\t            12c4 step(int, char) (/b/prog)
\t            111f main (/b/prog)
\t           27249 __libc_start_call_main (/lib/libc.so.6)

my prog  51/51    10.200000:\x20
\t            12c4 step(int, char) (/b/prog)
\t            111f main (/b/prog)
\t           27249 __libc_start_call_main (/lib/libc.so.6)

my prog  51/52    10.300000:\x20
\t        ffffffff clear_page ([kernel.kallsyms])
\t           39383 exp@@GLIBC_2.29 (/lib/libm.so.6)

my prog  51/51    10.400000: PERF_RECORD_LOST lost 7
my prog  51/51    12.500000: PERF_RECORD_EXIT(51:51):(50:50)
"""

ADDR2LINE = """\
0x00000000000012c4
square
/src/a.c:4
step
/src/a.c:9 (discriminator 3)
0x000000000000111f
main
/src/a.c:20
0x0000000000001000
??
??:0
"""

CALLGRIND = """\
# callgrind format
version: 1
positions: instr line
events: Ir
summary: 115

ob=(1) /b/prog
fl=(1) /src/a.c
fn=(1) main'(below main)
0x111f 20 10
cfn=(2) step'main'(below main)
calls=3 0x12c0 8
+5 21 105
fn=(2)
0x12c4 9 75
cob=(2) /lib/libm.so.6
cfn=(3) exp@@GLIBC_2.29'step'main'(below main)
calls=6 0x39380 1
+2 * 30
ob=(2)
fl=(2) ???
fn=(3)
0x39383 0 30
"""

PROGRAM = """\
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
static inline double square(double x) { return sqrt(x * x + 1.0); }
__attribute__((noinline)) double step(int n) {
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += square(i) * sin(i);
    return sum;
}
int main(int argc, char **argv) {
    double sum = 0;
    for (int i = 0; i < atoi(argv[1]); i++)
        sum += step(1000);
    printf("%g\\n", sum);
    if (argc > 3) raise(SIGKILL);
    return argc > 2 ? atoi(argv[2]) : 0;
}
"""

ONE_LINE = """\
#include <stdlib.h>
static volatile double sink;
__attribute__((noinline)) static void warm(int n) {
    for (int i = 0; i < n; i++) sink = sink * 0.5 + i;
}
__attribute__((noinline)) static void burn(int n) {
    warm(n / 100);
    for (int i = 0; i < n; i++) sink = sink * 0.5 + i;
    warm(n / 100);
}
int main(int argc, char **argv) { (void)argc; burn(atoi(argv[1])); return 0; }
"""
"""Nearly all of its time is in line 8, and none of it in a library: wherever a sample lands."""


class TestReadingPerf:
    def test_equal_stacks_are_counted_together(self) -> None:
        counts = perf.read_samples(SCRIPT).stacks
        assert sorted(counts.values()) == [1, 2]

    def test_entries_carry_offset_symbol_and_object(self) -> None:
        stack = next(s for s, n in perf.read_samples(SCRIPT).stacks.items() if n == 2)
        assert stack[0] == StackEntry(0x12C4, "step(int, char)", "/b/prog")

    def test_a_folder_may_have_parentheses_in_its_name(self) -> None:
        odd = SCRIPT.replace("/b/prog", "/b(1)/$(x) (/y)/a;b/prog")
        stack = next(s for s, n in perf.read_samples(odd).stacks.items() if n == 2)
        assert stack[0] == StackEntry(0x12C4, "step(int, char)", "/b(1)/$(x) (/y)/a;b/prog")

    def test_the_program_ran_from_its_exec_to_its_exit(self) -> None:
        assert perf.read_samples(SCRIPT).wall_ns == 2_500_000_000

    def test_threads_and_lost_samples_are_counted(self) -> None:
        samples = perf.read_samples(SCRIPT)
        assert samples.threads == {(51, 51), (51, 52)}
        assert samples.lost == 7

    def test_a_text_without_samples_has_none(self) -> None:
        assert perf.read_samples("").stacks == Counter()


class TestSampling:
    @pytest.mark.parametrize(
        ("seconds", "hertz", "repeats"),
        [(0.001, 4999, 10), (0.1, 4999, 1), (1.0, 3000, 1), (10.0, 300, 1), (1000.0, 49, 1)],
    )
    def test_short_programs_are_sampled_densely_and_again(
        self, seconds: float, hertz: int, repeats: int
    ) -> None:
        assert perf.sampling(round(seconds * 1e9)) == (hertz, repeats)


class TestReadingCounters:
    def test_what_is_not_supported_is_left_out(self) -> None:
        text = "# started\n\n25.68;msec;task-clock;25;100.0\n<not supported>;;cycles;0;100.0\n"
        assert perf.read_counters(text) == {"task-clock (msec)": 25.68}

    def test_the_user_space_suffix_is_no_part_of_the_name(self) -> None:
        assert perf.read_counters("12;;instructions:u;1;100\n") == {"instructions": 12.0}


class TestSymbols:
    def test_inlined_functions_come_outermost_first(self) -> None:
        frames = dict(read_addr2line(ADDR2LINE))
        assert frames[0x12C4] == (Frame("step", "/src/a.c", 9), Frame("square", "/src/a.c", 4))

    def test_an_address_without_debugging_information_is_left_out(self) -> None:
        assert 0x1000 not in dict(read_addr2line(ADDR2LINE))

    def test_a_place_in_the_file_is_where_its_segment_is_linked_to(self) -> None:
        segments = (Segment(0, 0, 0x1000), Segment(0x1000, 0x2000, 0x800))
        assert address_of(0x1234, segments) == 0x2234
        assert address_of(0x9999, segments) == 0x9999

    def test_the_segments_of_an_elf_file_are_read(self, tmp_path: Path) -> None:
        head = b"\x7fELF\x02\x01".ljust(32, b"\0") + struct.pack("<Q", 64) + bytes(14)
        head += struct.pack("<HH", 56, 2) + bytes(6)
        load = struct.pack("<IIQQQQQQ", 1, 5, 0x1000, 0x2000, 0x2000, 0x800, 0x800, 0x1000)
        note = struct.pack("<IIQQQQQQ", 4, 4, 0, 0, 0, 0, 0, 0)
        (tmp_path / "x").write_bytes(head + note + load)
        assert read_segments(tmp_path / "x") == (Segment(0x1000, 0x2000, 0x800),)

    def test_a_file_of_another_kind_has_no_segments(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_text("#!/bin/sh\n")
        assert read_segments(tmp_path / "x") == ()
        assert read_segments(tmp_path / "missing") == ()

    def test_what_happens_before_main_is_left_out(self) -> None:
        stack = (Frame("_start"), Frame("main"), Frame("step"))
        assert [frame.function for frame in above_main(stack)] == ["main", "step"]


class TestReadingCallgrind:
    def counts(self) -> callgrind.Counts:
        counts = callgrind.Counts()
        callgrind.read_counts(CALLGRIND.splitlines(), counts)
        return counts

    def test_every_instruction_is_counted_once(self) -> None:
        assert self.counts().costs.total() == 115

    def test_calls_are_exact(self) -> None:
        assert self.counts().calls == {"step": 3, "exp": 6}

    def test_stacks_follow_the_call_sites_with_their_lines(self, tmp_path: Path) -> None:
        runner = FakeRunner(tmp_path)  # without addr2line: callgrind's own lines serve
        stacks = callgrind.name_counts(self.counts(), Path("/b/prog"), tmp_path, runner)
        main, step = Frame("main", "/src/a.c", 21), Frame("step", "/src/a.c", 9)
        assert stacks == {
            (Frame("main", "/src/a.c", 20),): 10,
            (main, step): 75,
            (main, step, Frame("exp", "libm.so.6", native=True)): 30,
        }

    def test_inlined_functions_are_told_apart(self, tmp_path: Path) -> None:
        runner = FakeRunner(tmp_path, ["addr2line"])
        runner.on("/usr/bin/addr2line", completed(ADDR2LINE))
        stacks = callgrind.name_counts(self.counts(), Path("/b/prog"), tmp_path, runner)
        assert [f.function for f in max(stacks, key=lambda s: stacks[s])] == [
            *("main", "step", "square")
        ]

    def test_a_function_that_calls_itself_ends(self, tmp_path: Path) -> None:
        text = CALLGRIND.replace("cfn=(2) step", "cfn=(2) main").replace("fn=(2)\n0x12c4", "0x12c4")
        counts = callgrind.Counts()
        callgrind.read_counts(text.splitlines(), counts)
        assert callgrind.name_counts(counts, Path("/b/prog"), tmp_path, FakeRunner(tmp_path))


@pytest.fixture
def profiled(workshop_of: Any, tmp_path: Path) -> Any:
    """`profiled("perf", "50")`: the profile of PROGRAM, or of another source, with its rows."""
    workshop = workshop_of("c")

    def profile(tool: str | None, *args: str, source: str = PROGRAM, **plan: Any) -> Profile:
        workshop.write("prog.c", source)
        build = workshop.build("prog.c", args=args, flags=["-O2", "-s"])
        folder = tmp_path / "profile"
        folder.mkdir(exist_ok=True)
        asked = ProfilePlan(**{"tool": tool, "folder": folder, "plain_wall_ns": 10**8, **plan})
        found = workshop.adapter.profile(build, Case("only"), asked, workshop.runner)
        assert found is not None
        return count_spots(found)

    return profile


def names(profile: Profile) -> dict[str, Any]:
    return {spot.function: spot for spot in profile.spots}


class TestRealPrograms:
    def test_perf_attributes_an_inlined_function_of_a_stripped_program(self, profiled: Any) -> None:
        profile = profiled("perf", "10000")
        rows = names(profile)
        assert rows["square"].line == 5
        assert rows["main"].total_share > 0.5
        assert rows["step"].total_share > rows["square"].total_share > 0
        assert profile.stacks
        assert profile.wall_ns > 0
        assert profile.exports["perf.data"].endswith("perf.data")

    def test_perf_by_line_names_the_hot_line(self, profiled: Any) -> None:
        profile = profiled("perf", "100000000", source=ONE_LINE, by=ProfileBy.LINE)
        hottest = profile.spots[0]
        assert (Path(hottest.file).name, hottest.line) == ("prog.c", 8)
        assert hottest.self_share > 0.5

    def test_a_program_too_short_to_sample_is_run_again_and_says_so(self, profiled: Any) -> None:
        profile = profiled("perf", "2000", plain_wall_ns=25 * 10**6)
        assert any("it was run 2 times" in warning for warning in profile.warnings)

    def test_callgrind_counts_the_same_instructions_twice_and_tells_inlined_ones_apart(
        self, profiled: Any
    ) -> None:
        profile, again = (profiled("callgrind", "3") for _ in range(2))
        first, second = names(profile), names(again)
        assert first["step"].weight == second["step"].weight > 0
        assert first["step"].calls == 3
        assert first["step"].total_share > first["square"].total_share > 0
        assert profile.unit == "instructions"

    def test_counters_are_shown_or_their_absence_is(self, profiled: Any) -> None:
        profile = profiled("counters", "100")
        assert profile.counters["task-clock (msec)"] > 0
        missing = any("no hardware counters" in warning for warning in profile.warnings)
        assert missing != bool(perf.HARDWARE & profile.counters.keys())

    @pytest.mark.parametrize("ending", [("3",), ("3", "killed")])
    def test_a_program_that_fails_or_is_killed_while_profiled_keeps_its_profile(
        self, profiled: Any, ending: tuple[str, ...]
    ) -> None:
        profile = profiled("perf", "2000", *ending)
        assert profile.spots
        assert "did not end well while it was profiled" in profile.warnings[0]

    def test_the_profiled_build_is_one_of_its_own_with_the_same_flags(
        self, workshop_of: Any
    ) -> None:
        workshop = workshop_of("c")
        workshop.write("prog.c", PROGRAM)
        build = workshop.build("prog.c", flags=["-O3", "-s"])
        symbols = with_symbols(build, workshop.runner)
        assert symbols.target.options["flags"] == ("-O3", "-g")
        assert symbols.digest != build.digest

    def test_a_program_in_several_layouts_is_profiled_in_its_first(self, workshop_of: Any) -> None:
        workshop = workshop_of("c")
        workshop.write("prog.c", PROGRAM)
        build = workshop.build("prog.c", layouts=3)
        symbols = with_symbols(build, workshop.runner)
        assert list(symbols.workdir.glob("layout-*")) == []
        found = [workshop.runner.tool(["nm", "-n", b.program]).stdout for b in (build, symbols)]
        code = [[line for line in text.splitlines() if " T " in line] for text in found]
        assert code[0] == code[1] != []


THREADS = """\
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
volatile double sink;
static void *burn(void *x) { for (int i = 0; i < 30000000; i++) sink = sink * 0.5 + i; return x; }
int main(void) {
    pthread_t one;
    pthread_create(&one, NULL, burn, NULL);
    if (fork() == 0) { burn(NULL); _exit(0); }
    burn(NULL);
    pthread_join(one, NULL);
    wait(NULL);
    return 0;
}
"""


def test_threads_and_processes_are_added_up_and_mentioned(workshop_of: Any, tmp_path: Path) -> None:
    workshop = workshop_of("c")
    workshop.write("prog.c", THREADS)
    build = workshop.build("prog.c", libraries=["pthread"])
    plan = ProfilePlan(tool="perf", folder=tmp_path, plain_wall_ns=10**8)
    profile = count_spots(workshop.adapter.profile(build, Case("only"), plan, workshop.runner))
    assert names(profile)["burn"].total_share > 0.9
    assert "2 processes with 3 threads in all: their samples are added up" in profile.warnings


class TestMachinesThatRefuse:
    """Against a fake machine: the profiled build exists, the profilers fail in their own ways."""

    @pytest.fixture
    def build(self, tmp_path: Path) -> Build:
        return make_build(make_target(tmp_path, adapter="c"))

    def sample(
        self, build: Build, runner: FakeRunner, folder: Path, told: str = "--no-bpf-event"
    ) -> Profile:
        """A profile by a perf whose help says as much."""
        runner.on("-h", completed(stderr=f"    {told}\n", exit_code=129))
        return perf.sample(build, (), ProfilePlan(), folder, runner)

    def test_no_perf_says_how_to_get_it(self, build: Build, tmp_path: Path) -> None:
        with pytest.raises(ToolchainMissing, match="perf is not installed") as caught:
            self.sample(build, FakeRunner(tmp_path), tmp_path)
        assert "apt-get install linux-perf" in caught.value.hint

    def test_no_valgrind_says_how_to_get_it(self, build: Build, tmp_path: Path) -> None:
        with pytest.raises(ToolchainMissing, match="valgrind is not installed") as caught:
            callgrind.count_instructions(build, (), ProfilePlan(), tmp_path, FakeRunner(tmp_path))
        assert "apt-get install valgrind" in caught.value.hint

    def test_a_kernel_that_forbids_sampling_is_named_with_its_setting(
        self, build: Build, tmp_path: Path
    ) -> None:
        runner = FakeRunner(tmp_path, ["perf"])
        words = "Access to performance monitoring is limited; perf_event_paranoid setting is 4"
        runner.trials = [make_trial(status=TrialStatus.FAILED, exit_code=255, message=words)]
        with pytest.raises(perf.Forbidden, match="perf_event_paranoid") as caught:
            self.sample(build, runner, tmp_path)
        assert "sysctl kernel.perf_event_paranoid=1" in caught.value.hint

    @pytest.mark.parametrize("known", ["--no-bpf-event", "--no-buildid"], ids=["5.1", "older"])
    def test_an_older_perf_is_asked_for_nothing_that_it_does_not_know(
        self, build: Build, tmp_path: Path, known: str
    ) -> None:
        runner = FakeRunner(tmp_path, ["perf"])
        with pytest.raises(TrialFailed, match="took no sample"):
            self.sample(build, runner, tmp_path, known)
        words = runner.commands[0].argv
        assert ("--no-bpf-event" in words) is (known == "--no-bpf-event")
        assert words[:4] == ("/usr/bin/perf", "record", "-q", "--no-buildid")

    def test_an_empty_recording_is_an_error_that_names_the_way_out(
        self, build: Build, tmp_path: Path
    ) -> None:
        runner = FakeRunner(tmp_path, ["perf"])
        with pytest.raises(TrialFailed, match="took no sample") as caught:
            self.sample(build, runner, tmp_path)
        assert "--with callgrind" in caught.value.hint

    def test_an_instruction_that_valgrind_does_not_know_is_explained(
        self, build: Build, tmp_path: Path
    ) -> None:
        runner = FakeRunner(tmp_path, ["valgrind"])
        runner.trials = [make_trial(status=TrialStatus.CRASHED, exit_code=None, signal=4)]
        with pytest.raises(TrialFailed, match="does not know an instruction") as caught:
            callgrind.count_instructions(build, (), ProfilePlan(), tmp_path, runner)
        assert "avx512" in caught.value.hint

    def test_a_program_killed_under_callgrind_left_no_counts(
        self, build: Build, tmp_path: Path
    ) -> None:
        runner = FakeRunner(tmp_path, ["valgrind"])
        killed = make_trial(
            status=TrialStatus.CRASHED, exit_code=None, signal=9, message="killed by signal 9"
        )
        runner.trials = [killed]
        with pytest.raises(TrialFailed, match="left no counts: killed by signal 9"):
            callgrind.count_instructions(build, (), ProfilePlan(), tmp_path, runner)

    def test_code_without_symbols_is_mentioned(self) -> None:
        bare = {(Frame("0x12", "prog"),): 9.0, (Frame("main", "a.c", 3),): 1.0}
        assert [
            "90% of the target's own samples have no source line" in w for w in perf.unnamed(bare)
        ]


class FindsLess:
    """A real runner on a machine that lacks some programs."""

    def __init__(self, runner: Any, *missing: str) -> None:
        self._runner = runner
        self._missing = missing

    def find(self, program: str) -> Path | None:
        return None if program in self._missing else self._runner.find(program)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)


class TestChoosing:
    def profile(self, workshop: Any, tmp_path: Path, *missing: str, **plan: Any) -> Profile:
        workshop.write("prog.c", PROGRAM)
        build = workshop.build("prog.c", args=["3"])
        asked = ProfilePlan(folder=tmp_path, plain_wall_ns=10**8, **plan)
        runner = FindsLess(workshop.runner, *missing)
        return workshop.adapter.profile(build, Case("only"), asked, runner)

    def test_without_perf_callgrind_serves_and_says_why(
        self, workshop_of: Any, tmp_path: Path
    ) -> None:
        profile = self.profile(workshop_of("c"), tmp_path, "perf")
        assert profile.tool == "callgrind"
        assert "perf is not installed, so callgrind counted" in profile.warnings[0]

    def test_without_any_profiler_the_error_says_how_to_get_both(
        self, workshop_of: Any, tmp_path: Path
    ) -> None:
        with pytest.raises(ToolchainMissing, match="no profiler works here") as caught:
            self.profile(workshop_of("c"), tmp_path, "perf", "valgrind")
        assert caught.value.hint.count("linux-perf") == 1
        assert "linux-perf valgrind" in caught.value.hint

    def test_an_unknown_tool_is_refused_with_those_that_there_are(
        self, workshop_of: Any, tmp_path: Path
    ) -> None:
        with pytest.raises(UsageError, match="perf, callgrind, counters"):
            self.profile(workshop_of("c"), tmp_path, tool="gprof")


GCC = "/usr/lib/gcc/x86_64-linux-gnu/12/include/avx2intrin.h"


def test_inlined_intrinsics_are_the_user_s_own_line() -> None:
    main, mask = Frame("main", "/src/a.c", 30), Frame("mask", "/src/a.c", 12)
    inlined = Frame("_mm256_and_si256", GCC, 181)
    clang = Frame("_mm_add", "/usr/lib/llvm-14/lib/clang/14.0.0/include/emmintrin.h", 2)
    stacks = {(main, mask, inlined): 3.0, (main, mask): 1.0, (main, clang): 2.0, (inlined,): 1.0}
    assert without_headers(stacks) == {(main, mask): 4.0, (main,): 2.0, (inlined,): 1.0}


def test_what_the_loader_does_before_the_program_is_one_row_of_start_up() -> None:
    loader = "ld-linux-x86-64.so.2"
    start, asks = Frame("_dl_start", loader, native=True), Frame("handle_amd", loader, native=True)
    mine, main = Frame("_dl_start", "/src/a.c", 3), Frame("main", "/src/a.c", 30)
    stacks = {(start, asks): 3.0, (start,): 1.0, (main, mine): 2.0}
    assert loaded_as_one(stacks) == {(START_UP,): 4.0, (main, mine): 2.0}


INTRINSICS = """\
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
__attribute__((noinline)) static int mask(int n) {
    __m128i sum = _mm_set1_epi32(1);
    for (int i = 0; i < n; i++) sum = _mm_xor_si128(_mm_add_epi32(sum, sum), _mm_set1_epi32(i));
    return _mm_cvtsi128_si32(sum);
}
int main(int argc, char **argv) { (void)argc; return printf("%d\\n", mask(atoi(argv[1]))) < 0; }
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="SSE2 is of x86-64")
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="no valgrind here")
def test_a_profile_of_intrinsics_names_the_function_that_uses_them(
    workshop_of: Any, tmp_path: Path
) -> None:
    workshop = workshop_of("c")
    workshop.write("prog.c", INTRINSICS)
    build = workshop.build("prog.c", args=("100000",), flags=("-O1",))
    plan = ProfilePlan(tool="callgrind", folder=tmp_path)
    rows = count_spots(workshop.adapter.profile(build, Case("only"), plan, workshop.runner)).spots
    assert rows[0].function == "mask"
    assert rows[0].file.endswith("prog.c")
    assert not [row for row in rows if row.function.startswith("_mm")]
