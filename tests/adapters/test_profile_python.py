"""Profiles of Python programs: cProfile, pyinstrument and line_profiler on the target's Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ToolchainMissing, TrialFailed, UsageError
from harness.model import PROGRAMS, Case, Frame, Profile, ProfileBy, ProfilePlan
from harness.profiles import count_spots
from harness.testing import completed, make_trial
from harness_python import figures
from harness_python.hotspots import Session, start_up_share

PROGRAM = """\
import math
import sys


def tiny(x):
    return x * 0.5 + math.sqrt(x)


def work(n):
    total = 0.0
    for i in range(n):
        total += tiny(i)
    return total


def main():
    print(work(int(sys.argv[1])))
    return int(sys.argv[2]) if len(sys.argv) > 2 else 0


if __name__ == "__main__":
    sys.exit(main())
"""


def entry(file: str, name: str, own_s: float, **fields: Any) -> dict[str, Any]:
    known = {"place": [file, 1, name], "calls": 1, "own_s": own_s, "total_s": own_s, "callers": []}
    return {**known, **fields}


class TestFigures:
    def test_rows_of_threads_and_processes_are_added_up(self) -> None:
        spots, total_ns = figures.functions([entry("a.py", "f", 1.0), entry("a.py", "f", 3.0)], "p")
        assert [(s.function, s.self_share, s.calls) for s in spots] == [("f", 1.0, 2)]
        assert total_ns == 4e9

    def test_built_in_functions_are_native_and_readable(self) -> None:
        entries = [
            entry("~", "<built-in method math.exp>", 2.0),
            entry("~", "<method 'append' of 'list' objects>", 1.0),
            entry("~", "<built-in method builtins.sum>", 0.5),
        ]
        spots, _ = figures.functions(entries, "p")
        assert [s.function for s in spots] == ["math.exp", "list.append", "sum"]
        assert all(s.native and not s.file for s in spots)

    def test_what_the_profiler_does_for_itself_is_left_out(self) -> None:
        spots, _ = figures.functions([entry("p", "stop", 1.0), entry("a.py", "f", 1.0)], "p")
        assert [s.function for s in spots] == ["f"]

    def test_a_total_never_exceeds_the_whole(self) -> None:
        spots, _ = figures.functions([entry("a.py", "f", 1.0, total_s=9.0)], "p")
        assert spots[0].total_share == 1.0

    def test_a_function_is_as_hot_as_itself_and_the_built_ins_that_it_calls(self) -> None:
        calls = [["a.py", 5, "cold", 8.0]]
        entries = [
            entry("a.py", "warm", 3.0),
            entry("a.py", "cold", 1.0, place=["a.py", 5, "cold"]),
            entry("~", "<built-in method math.exp>", 8.0, callers=calls),
        ]
        assert [name for _, _, name in figures.hottest(entries, None, 5, 0.02)] == ["cold", "warm"]

    def test_libraries_and_top_levels_are_not_worth_lines(self) -> None:
        entries = [
            entry("/x/lib/python3.11/json/decoder.py", "decode", 5.0),
            entry("/v/site-packages/numpy/core.py", "dot", 5.0),
            entry("a.py", "<module>", 5.0),
            entry("a.py", "f", 1.0),
        ]
        assert [name for _, _, name in figures.hottest(entries, None, 5, 0.02)] == ["f"]

    def test_a_function_that_is_asked_for_may_be_anywhere(self) -> None:
        entries = [entry("/v/site-packages/numpy/core.py", "dot", 0.001), entry("a.py", "f", 1.0)]
        assert [name for _, _, name in figures.hottest(entries, "dot", 5, 0.02)] == ["dot"]

    def test_a_cost_a_call_that_distorts_is_said(self) -> None:
        f, g = Frame("f", "a.py"), Frame("g", "a.py")
        entries = [entry("a.py", "f", 8.0), entry("a.py", "g", 2.0)]
        assert (
            "f has 80% of the time here, 40%"
            in figures.misled(entries, {(f,): 4.0, (g,): 6.0}, 0.15)[0]
        )
        assert figures.misled(entries, {(f,): 7.9, (g,): 2.1}, 0.15) == []

    def test_a_library_s_samples_count_for_the_python_function_that_calls_it(self) -> None:
        f, native = Frame("f", "a.py"), Frame("sorted", native=True)
        assert figures.misled([entry("a.py", "f", 1.0)], {(f, native): 1.0}, 0.15) == []


@pytest.fixture
def profiled(workshop_of: Any, tmp_path: Path) -> Any:
    """`profiled("cProfile", "1000")`: PROGRAM's profile, its stacks counted."""
    workshop = workshop_of("python")

    def profile(
        tool: str | None, *args: str, source: str = PROGRAM, runner: Any = None, **plan: Any
    ) -> Profile:
        workshop.write("prog.py", source)
        build = workshop.build("prog.py", args=args, python=sys.executable)
        folder = tmp_path / "profile"
        folder.mkdir(exist_ok=True)
        asked = ProfilePlan(**{"tool": tool, "folder": folder, "plain_wall_ns": 10**8, **plan})
        case = Case("only")
        found = workshop.adapter.profile(build, case, asked, runner or workshop.runner)
        return count_spots(found, asked.function)

    return profile


def names(profile: Profile) -> dict[str, Any]:
    return {spot.function: spot for spot in profile.spots}


class TestFunctions:
    def test_calls_are_exact_and_built_ins_are_told_apart(self, profiled: Any) -> None:
        profile = profiled("cProfile", "1000")
        rows = names(profile)
        assert (rows["tiny"].calls, rows["math.sqrt"].calls) == (1000, 1000)
        assert rows["math.sqrt"].native
        assert not rows["tiny"].native
        assert rows["work"].line == 9

    def test_the_profiler_itself_is_no_row(self, profiled: Any) -> None:
        profile = profiled("cProfile", "1000")
        assert not [s for s in profile.spots if "profiler.py" in s.file or s.function == "exec"]

    def test_a_native_stats_file_is_left(self, profiled: Any) -> None:
        import pstats

        profile = profiled("cProfile", "10")
        (path,) = profile.exports.values()
        stats = pstats.Stats(path)
        assert any(name == "tiny" for _, _, name in stats.stats)  # type: ignore[attr-defined]

    def test_by_default_stacks_are_sampled_beside_the_exact_counts(self, profiled: Any) -> None:
        profile = profiled(None, "200000")
        assert (profile.tool, profile.stacks_by) == ("cProfile", "sample")
        assert names(profile)["tiny"].calls == 200000
        assert any(stack[-1].function == "tiny" for stack in profile.stacks)

    def test_samples_show_who_calls_whom(self, profiled: Any) -> None:
        profile = profiled("sample", "300000")
        rows = names(profile)
        assert rows["work"].total_share > rows["work"].self_share > 0
        assert rows["<module>"].total_share > 0.9 * (1 - rows["(start-up)"].self_share)
        assert not [s for s in profile.spots if "profiler.py" in s.file]

    def test_a_program_that_fails_keeps_its_profile(self, profiled: Any) -> None:
        profile = profiled("cProfile", "1000", "3")
        assert names(profile)["tiny"].calls == 1000
        assert "did not end well while it was profiled" in profile.warnings[0]

    def test_the_program_sees_its_own_arguments_and_main_module(self, profiled: Any) -> None:
        source = (
            "import sys, __main__\n"
            "assert sys.argv[1:] == ['a b'], sys.argv\n"
            "assert __main__.__file__ == __file__ == sys.argv[0]\n"
            "def here(): pass\n"
            "assert __main__.here is here and here.__module__ == '__main__'\n"
        )
        assert profiled("cProfile", "a b", source=source).warnings == ()

    def test_modules_beside_the_program_are_found(self, profiled: Any, tmp_path: Path) -> None:
        (tmp_path / "root" / "profile.py").write_text("def mine(): return 1\n")
        profile = profiled("cProfile", source="from profile import mine\nmine()\n")
        assert names(profile)["mine"].calls == 1

    def test_a_program_that_ends_the_process_itself_leaves_none_and_says_so(
        self, profiled: Any
    ) -> None:
        with pytest.raises(TrialFailed, match="left no profile"):
            profiled("cProfile", source="import ctypes\nctypes.CDLL(None)._exit(0)\n")

    def test_a_program_that_is_killed_leaves_none_and_says_so(self, profiled: Any) -> None:
        with pytest.raises(TrialFailed, match=r"left no profile: .*signal 9"):
            profiled("cProfile", source="import os\nos.kill(os.getpid(), 9)\n")


THREADS = """\
import multiprocessing
import threading


def burn(n):
    return sum(i * i for i in range(n))


if __name__ == "__main__":
    many = [threading.Thread(target=burn, args=(1000,)) for _ in range(2)]
    many += [multiprocessing.get_context("fork").Process(target=burn, args=(1000,))]
    for one in many:
        one.start()
    for one in many:
        one.join()
"""


def test_threads_and_forked_processes_are_added_up(profiled: Any) -> None:
    profile = profiled("cProfile", source=THREADS)
    said = " ".join(profile.warnings)
    assert "1 processes were started, 1 of them left a profile" in said
    assert "2 threads were started" in said
    if sys.version_info < (3, 12):  # later Pythons profile all threads as one
        assert names(profile)["burn"].calls == 3


class TestLines:
    def test_the_hottest_functions_are_chosen(self, profiled: Any) -> None:
        profile = profiled(None, "100000", by=ProfileBy.LINE)  # far more than what imports take
        hits = {(s.function, s.line): s.calls for s in profile.spots}
        assert hits["tiny", 6] == 100000
        assert hits["work", 11] == 100001
        assert profile.tool == "line_profiler"

    def test_one_function_may_be_asked_for(self, profiled: Any) -> None:
        profile = profiled(None, "1000", by=ProfileBy.LINE, function="tiny")
        assert {spot.function for spot in profile.spots} == {"tiny"}

    def test_decorated_and_imported_functions_are_found(
        self, profiled: Any, tmp_path: Path
    ) -> None:
        (tmp_path / "root" / "helper.py").write_text(
            "import functools\n\n\n@functools.lru_cache\n@functools.wraps(len)\n"
            "def hot(n):\n    return sum(range(n))\n"
        )
        source = "from helper import hot\nhot(100000)\n"
        profile = profiled(None, source=source, by=ProfileBy.LINE, function="hot")
        assert [(s.line, s.calls) for s in profile.spots] == [(7, 1)]

    def test_a_function_that_did_not_run_is_refused_with_those_that_did(
        self, profiled: Any
    ) -> None:
        with pytest.raises(UsageError, match="no function 'absent' ran") as caught:
            profiled(None, "1000", by=ProfileBy.LINE, function="absent")
        assert "tiny" in caught.value.hint


class TestProfilersThatAreMissing:
    @pytest.fixture
    def bare(self, tmp_path: Path) -> Path:
        """An interpreter of the same version without any package."""
        folder = tmp_path / "bare"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        return folder / "bin" / "python"

    def test_ours_is_lent_to_an_interpreter_of_the_same_version(
        self, workshop_of: Any, bare: Path, tmp_path: Path
    ) -> None:
        workshop = workshop_of("python")
        unseen = "import sys\nassert sum('site-packages' in p for p in sys.path) == 1, sys.path\n"
        workshop.write("prog.py", PROGRAM.replace("import sys\n", unseen))
        build = workshop.build("prog.py", args=("100000",), python=str(bare))
        plan = ProfilePlan(by=ProfileBy.LINE, folder=tmp_path)
        profile = workshop.adapter.profile(build, Case("only"), plan, workshop.runner)
        assert {spot.function for spot in profile.spots} >= {"tiny", "work"}

    def test_that_our_own_interpreter_has_it_is_known_without_a_start(
        self, workshop_of: Any, tmp_path: Path
    ) -> None:
        workshop = workshop_of("python")
        workshop.write("prog.py", PROGRAM)
        build = workshop.build("prog.py", python=sys.executable)
        no_start: Any = Unimportable()
        session = Session(build, Case("only"), ProfilePlan(), tmp_path, no_start)
        assert session.lend("line_profiler") is None

    def test_where_it_cannot_be_lent_the_error_says_how_to_get_it(
        self, profiled: Any, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr("harness_python.hotspots.find_spec", lambda package: None)
        with pytest.raises(ToolchainMissing, match="line_profiler cannot be imported") as caught:
            profiled(None, "10", by=ProfileBy.LINE, runner=Unimportable())
        assert "-m pip install line_profiler" in caught.value.hint


class Unimportable:
    """A runner whose interpreters can import no profiler."""

    def tool(self, argv: Any, **_: Any) -> Any:
        return completed(stderr="ModuleNotFoundError", exit_code=1)


class TestWhatIsRefused:
    def test_an_unknown_tool(self, profiled: Any) -> None:
        with pytest.raises(UsageError, match="cProfile, sample, line_profiler"):
            profiled("austin", "10")

    def test_lines_by_a_tool_that_knows_functions(self, profiled: Any) -> None:
        with pytest.raises(UsageError, match="sample does not profile by line"):
            profiled("sample", "10", by=ProfileBy.LINE)

    def test_memory(self, profiled: Any) -> None:
        with pytest.raises(UsageError, match="allocations are not profiled for Python"):
            profiled(None, "10", memory=True)


def test_the_helper_leaves_nothing_but_its_result(profiled: Any, tmp_path: Path) -> None:
    profiled("cProfile", "10")
    assert {path.suffix for path in (tmp_path / "profile").iterdir()} == {".pstats"}


# -- threads and processes that wait, and start-up -------------------------------------------------

DAEMONS = """\
import queue
import threading

waiting = queue.Queue()
for _ in range(4):
    threading.Thread(target=waiting.get, daemon=True).start()


def step(i):
    return i * i


def hot(n):
    return sum(step(i) for i in range(n))


print(hot(200_000))
"""
POOL = """\
import multiprocessing


def step(i):
    return i * i


def work(n):
    return sum(step(i) for i in range(n))


if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool:
        print(pool.map(work, [100_000] * 4))
"""
UNHEARD = """
import multiprocessing, signal, threading, time

def end():
    # A signal that another thread takes interrupts no wait of the main thread.
    time.sleep(0.2)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

def work():
    sum(i * i for i in range(2_000_000))
    threading.Thread(target=end).start()
    lock = multiprocessing.Lock()
    lock.acquire()
    lock.acquire()

worker = multiprocessing.get_context("fork").Process(target=work)
worker.start()
worker.join()
print(worker.exitcode)
"""

WAITS = "import threading\n\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"


def share_of(profile: Profile, *names: str) -> float:
    """The share of these functions in the program's own time, without start-up."""
    start_up = sum(s.self_share for s in profile.spots if s.function == "(start-up)")
    return sum(s.self_share for s in profile.spots if s.function in names) / (1 - start_up)


@pytest.mark.parametrize("tool", ["cProfile", "sample"])
def test_waiting_threads_do_not_hide_the_hot_loop(profiled: Any, tool: str) -> None:
    profile = profiled(tool, source=DAEMONS)
    assert share_of(profile, "step", "hot", "hot.<genexpr>", "sum") > 0.8
    assert any("CPU time" in warning for warning in profile.warnings)


@pytest.mark.parametrize("tool", ["cProfile", "sample"])
def test_the_workers_of_a_pool_are_in_the_profile(profiled: Any, tool: str) -> None:
    profile = profiled(tool, source=POOL)
    assert share_of(profile, "step", "work", "work.<genexpr>", "sum") > 0.5
    assert any(w.startswith("2 processes were started, 2 of them") for w in profile.warnings)


def test_a_worker_that_waits_already_when_its_signal_comes_is_in_the_profile(
    profiled: Any,
) -> None:
    profile = profiled("cProfile", source=UNHEARD)
    assert share_of(profile, "work", "work.<genexpr>", "sum") > 0.5
    assert any(w.startswith("1 processes were started, 1 of them") for w in profile.warnings)


def test_a_thread_that_still_waits_at_the_end_is_said_and_harms_nothing(profiled: Any) -> None:
    work = "print(sum(i * i for i in range(2_000_000)))\n"  # long enough for a sample
    profile = profiled("sample", source=WAITS + work)
    assert any(w.startswith("1 threads still ran at the end") for w in profile.warnings)


def test_a_program_without_a_sample_is_refused_in_words(profiled: Any, monkeypatch: Any) -> None:
    nothing = dict(
        {"entries": [], "threads": 0, "running": 0, "children": 0, "every_thread": True},
        main=True,
        children_cpu_s=0.0,
        cpu_s=0.0,
    )
    ran = make_trial(), [nothing]
    monkeypatch.setattr("harness_python.hotspots.Session.run", lambda *_, **__: ran)
    with pytest.raises(TrialFailed, match="took no sample") as caught:
        profiled("sample")
    assert "cProfile" in caught.value.hint


def test_start_up_and_imports_are_a_row_that_every_bound_counts(profiled: Any) -> None:
    work = "def work():\n    return sum(range(10**5))\n\nwork()\n"
    profile = profiled("cProfile", source=f"import decimal, email.message\n\n{work}")
    spots = names(profile)
    start = spots["(start-up)"]
    assert 0 < start.self_share < start.total_share < 1
    assert start.total_share + spots["work"].total_share <= 1.01
    assert sum(spot.self_share for spot in profile.spots) == pytest.approx(1.0)


class Starting:
    """A runner that only counts what it is asked to start, which takes 30 ms each time."""

    def __init__(self) -> None:
        self.starts = 0

    def trial(self, *_: Any) -> Any:
        self.starts += 1
        return make_trial(30 * 10**6)


@pytest.mark.parametrize(
    ("start_ms", "whole_ms", "starts", "share"),
    [(0, 300, 3, 0.1), (45, 300, 0, 0.15), (45, 100, 2, 0.3)],
)
def test_what_the_plan_knows_of_the_start_is_enough_where_that_is_a_small_part(
    workshop_of: Any, tmp_path: Path, start_ms: int, whole_ms: int, starts: int, share: float
) -> None:
    workshop = workshop_of("python")
    workshop.write("prog.py", PROGRAM)
    build = workshop.build("prog.py", python=sys.executable)
    runner: Any = Starting()
    plan = ProfilePlan(
        plain_wall_ns=whole_ms * 10**6,
        plain_cpu_ns=whole_ms * 10**6,
        start_up_cpu_ns=start_ms * 10**6,
    )
    found = start_up_share(Session(build, Case("only"), plan, tmp_path, runner))
    assert (runner.starts, found) == (starts, pytest.approx(share))


# -- programs that are no Python of ours -----------------------------------------------------------

STARTS = """\
import subprocess
import sys

busy = [sys.executable, "-S", "-c", "for i in range(6_000_000): pass"]


def by_run():
    subprocess.run(busy, input="", capture_output=True, text=True, check=True)


def by_wait():
    subprocess.Popen(busy).wait()


def by_pipe():
    with subprocess.Popen(busy, stdout=subprocess.PIPE) as child:
        child.stdout.read()


globals()[sys.argv[1]]()
"""
BESIDE_A_POOL = """\
import multiprocessing
import subprocess
import sys


def burn(n):
    return sum(i * i for i in range(n))


if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(1) as pool:
        pool.map(burn, [1000])
        pool.close()
        pool.join()
    subprocess.run([sys.executable, "-S", "-c", "for i in range(20_000_000): pass"], check=True)
"""


class TestProgramsThatItStarts:
    @pytest.mark.parametrize("tool", ["cProfile", "sample"])
    @pytest.mark.parametrize("way", ["by_run", "by_wait"])
    def test_their_time_has_a_row(self, profiled: Any, tool: str, way: str) -> None:
        profile = profiled(tool, way, source=STARTS, plain_cpu_ns=10**9, plain_wall_ns=10**9)
        row = names(profile)[PROGRAMS.function]
        assert row.native
        assert row.self_share > 0.5
        assert any("programs that it started took" in said for said in profile.warnings)
        assert sum(spot.self_share for spot in profile.spots) == pytest.approx(1.0)

    @pytest.mark.parametrize("tool", ["cProfile", "sample"])
    def test_of_a_read_from_a_pipe_the_row_has_their_cpu_time(
        self, profiled: Any, tool: str
    ) -> None:
        """Whoever reads may wait for another; on a busy machine that is most of it."""
        rows = names(profiled(tool, "by_pipe", source=STARTS, plain_cpu_ns=10**9))
        assert rows[PROGRAMS.function].weight > 10e6

    def test_whoever_called_them_has_it_in_all(self, profiled: Any) -> None:
        rows = names(profiled("sample", "by_run", source=STARTS, plain_cpu_ns=10**9))
        assert rows["by_run"].total_share >= rows[PROGRAMS.function].self_share

    def test_beside_processes_that_are_profiled_it_is_theirs_alone(self, profiled: Any) -> None:
        profile = profiled("cProfile", source=BESIDE_A_POOL, plain_cpu_ns=10**9)
        assert "shares are of CPU time" in " ".join(profile.warnings)
        assert names(profile)[PROGRAMS.function].self_share > 0.5

    def test_processes_that_are_profiled_are_no_programs(self, profiled: Any) -> None:
        source = BESIDE_A_POOL.partition("    subprocess.run")[0].replace("[1000]", "[2_000_000]")
        assert PROGRAMS.function not in names(profiled("cProfile", source=source))

    def test_a_program_that_starts_none_has_no_row(self, profiled: Any) -> None:
        assert PROGRAMS.function not in names(profiled("cProfile", "1000"))

    def test_of_a_read_that_may_wait_for_another_it_is_what_the_programs_worked(self) -> None:
        read = entry("~", "<method 'readline' of '_io.BufferedReader' objects>", 5.0)
        rows = figures.with_programs([read, entry("a.py", "f", 1.0)], 2.0, waits=True)
        spots, _ = figures.functions(rows, "p")
        found = {s.function: s.weight for s in spots}
        assert found == {"_io.BufferedReader.readline": 3e9, PROGRAMS.function: 2e9, "f": 1e9}


LEAVES = """
import multiprocessing
import os
import posix


def work(n):
    return sum(i % 7 for i in range(n))


def leave():
    work(1000)
    os._exit(0)


if os.fork() == 0:
    os._exit(0)
os.wait()
worker = multiprocessing.get_context("fork").Process(target=leave)
worker.start()
worker.join()
print(work(500_000), flush=True)
posix._exit(3 if work(10) < 0 else 0)
"""


@pytest.mark.parametrize("tool", ["cProfile", "sample", "line_profiler"])
def test_a_program_that_ends_by_exit_without_clean_up_is_in_the_profile(
    profiled: Any, tool: str
) -> None:
    by = ProfileBy.LINE if tool == "line_profiler" else ProfileBy.FUNCTION
    profile = profiled(tool, source=LEAVES, by=by)
    assert profile.tool == tool
    if tool == "cProfile":
        assert names(profile)["work"].calls == 3
        said = " ".join(profile.warnings)
        assert "1 processes were started, 1 of them left a profile" in said
