"""One process of the launcher serves many trials, and none of them shows in the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import Command, Mode, SteadyPlan, Target, Trial, TrialPlan, TrialStatus
from harness.system.launcher.launching import Launcher, fallback_command
from harness.system.launcher.wire import Job, WrittenJob
from harness.system.process.runner import LocalRunner
from tests.waiting import until

PLAN = TrialPlan()
SECOND = 1_000_000_000
MIB = 1 << 20


def shell(script: str, target: Target | None = None) -> Command:
    return Command(("sh", "-c", script), {}, target)


def printed(trial: Trial) -> str:
    assert trial.output is not None, trial.message
    return trial.output.stdout.read_text()


def children() -> set[int]:
    """Our children that live."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == os.getpid() and words[0] not in "ZX":
            found.add(int(stat.parent.name))
    return found


@pytest.fixture(autouse=True)
def before() -> Iterator[set[int]]:
    """The children that were there before the test; after it there are no others."""
    there = children()
    yield there
    assert children() <= there


@pytest.fixture(params=["compiled", "fallback"])
def served(
    request: pytest.FixtureRequest, tmp_path: Path, launcher_cache: Path, before: set[int]
) -> Iterator[LocalRunner]:
    """A runner with either launcher, which has served a trial."""
    runner = LocalRunner(tmp_path / "scratch", launcher_cache)
    if request.param == "fallback":
        runner._launcher = Launcher(fallback_command(), "asked for")
    assert printed(runner.trial(shell("echo first"), PLAN)) == "first\n"
    yield runner
    runner.close()


def launcher_of(before: set[int]) -> int:
    (pid,) = no_watches(children() - before)
    return pid


def no_watches(pids: set[int]) -> set[int]:
    return {p for p in pids if b"--watch" not in words_of(p)}


def words_of(pid: int) -> bytes:
    """What a process was called with; one that has just been started has no words for a moment."""
    return until(Path(f"/proc/{pid}/cmdline").read_bytes)


def test_one_process_serves_all_trials(served: LocalRunner, before: set[int]) -> None:
    first = launcher_of(before)
    for number in range(5):
        assert printed(served.trial(shell(f"echo {number}"), PLAN)) == f"{number}\n"
    for script, status in (("exit 3", TrialStatus.FAILED), ("kill $$", TrialStatus.CRASHED)):
        assert served.trial(shell(script), PLAN).status is status
    assert launcher_of(before) == first


def test_a_program_that_cannot_be_started_leaves_the_launcher_at_work(
    served: LocalRunner, before: set[int], tmp_path: Path
) -> None:
    first = launcher_of(before)
    bad = tmp_path / "bad"
    bad.write_text("\x7fNOT A PROGRAM")
    bad.chmod(0o755)
    assert served.trial(Command((str(bad),)), PLAN).status is TrialStatus.NOT_STARTED
    assert printed(served.trial(shell("echo x"), PLAN)) == "x\n"
    assert launcher_of(before) == first


def test_a_timeout_is_that_of_its_own_trial_alone(served: LocalRunner, before: set[int]) -> None:
    first = launcher_of(before)
    short = served.trial(shell("sleep 100"), replace(PLAN, timeout_ns=SECOND // 5))
    assert short.status is TrialStatus.TIMED_OUT
    assert served.trial(shell("sleep 0.4"), PLAN).ok
    assert launcher_of(before) == first


STOPS = """
until [ -s innocent ]; do sleep 0.01; done
kill -STOP $PPID
touch stopped
while [ -e /proc/$(cat innocent)/exe ]; do sleep 0.01; done
"""
INNOCENT = """
echo $$ > new; mv new innocent
until [ -e stopped ]; do sleep 0.01; done
"""
"""They run at the same time, and the innocent one ends first."""


def test_a_program_that_stops_the_harness_and_the_launcher_has_failed(
    launcher_cache: Path, tmp_path: Path
) -> None:
    # In a session of its own, since a stop on a terminal is the shell's.
    script = f"""
from pathlib import Path
from harness.model import Command, TrialPlan
from harness.system.process.runner import LocalRunner
runner = LocalRunner(Path({str(tmp_path / "scratch")!r}), Path({str(launcher_cache)!r}))
for stop in ("kill -STOP $up", "kill -STOP $up $PPID", "echo fine"):
    words = f"up=$(cut -d' ' -f4 /proc/$PPID/stat); {{stop}}; sleep 0.1"
    trial = runner.trial(Command(("sh", "-c", words)), TrialPlan(timeout_ns=10**11))
    print(trial.status.name, "was stopped" in trial.message, flush=True)
done = runner.command(("sh", "-c", "kill -STOP $PPID"), cwd=Path("/"), env={{}}, timeout_s=99)
print(done.stopped_us, done.ok)
from concurrent.futures import ThreadPoolExecutor
def ran(words):
    cwd = Path({str(tmp_path)!r})
    return runner.command(("sh", "-c", words), cwd=cwd, env={{}}, timeout_s=99).stopped_us
print(ran("true"))
with ThreadPoolExecutor(2) as pool:
    # The one that ends first may be the innocent one: each of them is told.
    print(*pool.map(ran, ({STOPS!r}, {INNOCENT!r})))
print(ran("true"))
runner.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=100,
        start_new_session=True,
        check=False,
    )
    stopped, fine = ["CRASHED True"], ["OK False", "True False"]
    at_once = ["False", "True True", "False"]
    assert done.stdout.splitlines() == [*stopped, *stopped, *fine, *at_once], done.stderr


def test_limits_can_be_raised_again(served: LocalRunner, tmp_path: Path) -> None:
    script = "head -c 200000 /dev/zero > big && wc -c < big"
    small = Target("mine", "task", "command", tmp_path, max_output_bytes=1000)
    assert served.trial(shell(script, small), PLAN).status is TrialStatus.FAILED
    large = replace(small, max_output_bytes=1_000_000)
    assert printed(served.trial(shell(script, large), PLAN)).strip() == "200000"


def cpus_seen(runner: LocalRunner, plan: TrialPlan) -> set[int]:
    said = printed(runner.trial(Command((sys.executable, "-c", CPUS)), plan))
    return set(map(int, said.split()))


CPUS = "import os; print(*os.sched_getaffinity(0))"


def test_a_trial_that_is_not_pinned_runs_where_the_harness_may(served: LocalRunner) -> None:
    home = os.sched_getaffinity(0)
    one = {max(home)}
    assert cpus_seen(served, replace(PLAN, cpus=tuple(one))) == one
    assert cpus_seen(served, PLAN) == home
    os.sched_setaffinity(0, one)
    try:
        if served.launcher.compiled:
            assert cpus_seen(served, PLAN) == one
    finally:
        os.sched_setaffinity(0, home)
    assert cpus_seen(served, PLAN) == home


DRIVER = """
import os
go, done = map(int, os.environ["HARNESS_STEADY"].split(","))
os.write(done, b"r")
while (word := os.read(go, 1)[0]) != 0xFF:
    os.write(done, b"d")
"""


def test_a_steady_trial_leaves_nothing_to_a_cold_one(served: LocalRunner) -> None:
    home = os.sched_getaffinity(0)
    steady = TrialPlan(Mode.STEADY, steady=SteadyPlan(samples=3, min_sample_ns=0))
    driver = Command((sys.executable, "-I", "-S", "-c", DRIVER))
    assert len([s for s in served.trial(driver, steady).samples if not s.calibration]) == 3
    assert cpus_seen(served, PLAN) == home
    cold = served.trial(shell("echo ${HARNESS_STEADY-none}; ls /proc/self/fd | wc -w"), PLAN)
    assert printed(cold) == "none\n4\n"  # the fourth is that of `ls` itself
    assert (cold.samples, cold.ready_ns, cold.handshake_ns) == ((), None, None)
    assert len([s for s in served.trial(driver, steady).samples if not s.calibration]) == 3


def test_between_trials_the_launcher_holds_no_file_of_theirs(
    served: LocalRunner, before: set[int], tmp_path: Path
) -> None:
    pid = launcher_of(before)
    try:
        links = [os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd")]  # noqa: PTH115, PTH208
        where = os.readlink(f"/proc/{pid}/cwd")  # noqa: PTH115
    except PermissionError:
        pytest.skip("the launcher's memory and files are closed to all but root")
    assert not [link for link in links if str(tmp_path) in link]
    assert str(tmp_path) not in where


def test_a_launcher_that_was_killed_between_trials_is_replaced_and_nothing_is_lost(
    served: LocalRunner, before: set[int]
) -> None:
    for number in (signal.SIGKILL, signal.SIGTERM):
        first = launcher_of(before)
        os.kill(first, number)
        os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
        assert printed(served.trial(shell("echo again"), PLAN)) == "again\n"
        assert launcher_of(before) != first


def test_a_launcher_that_was_stopped_between_trials_costs_no_more_than_one(
    served: LocalRunner, before: set[int]
) -> None:
    os.kill(launcher_of(before), signal.SIGSTOP)
    trial = served.trial(shell("echo x"), PLAN)
    assert trial.status in (TrialStatus.OK, TrialStatus.CRASHED)
    assert printed(served.trial(shell("echo again"), PLAN)) == "again\n"


def test_one_that_is_killed_by_its_target_is_replaced_and_what_it_left_ends(
    served: LocalRunner, before: set[int]
) -> None:
    killed = served.trial(shell("setsid sleep 77 & kill -9 $PPID; sleep 77"), PLAN)
    assert killed.status is TrialStatus.CRASHED
    assert "launcher itself was killed by signal SIGKILL" in killed.message
    assert no_watches(children()) <= before
    assert printed(served.trial(shell("echo again"), PLAN)) == "again\n"


def test_peak_memory_after_a_job_with_long_arguments_is_small_again(
    tmp_path: Path, launcher_cache: Path
) -> None:
    runner = LocalRunner(tmp_path / "scratch", launcher_cache)
    words = ("x" * 100_000,) * 12
    assert runner.trial(Command(("/bin/true", *words)), PLAN).ok
    assert runner.trial(Command(("/bin/true",)), PLAN).max_rss_bytes <= 2 * MIB
    runner.close()


def test_arguments_that_are_too_long_are_refused_in_words(served: LocalRunner) -> None:
    for words in (("x" * 200_000,), ("x" * 100_000,) * 200):
        trial = served.trial(Command(("/bin/true", *words)), PLAN)
        assert trial.status is TrialStatus.NOT_STARTED
        assert "pass such data in a file" in trial.message
    assert printed(served.trial(shell("echo x"), PLAN)) == "x\n"


def test_a_fork_of_the_harness_has_a_launcher_of_its_own(
    served: LocalRunner, before: set[int], tmp_path: Path
) -> None:
    first = launcher_of(before)
    said = tmp_path / "said"
    nothing = tmp_path / "nothing"
    nothing.touch()
    argv = ("/bin/sh", "-c", "echo $PPID")
    job = Job(argv, {}, tmp_path, nothing, said, tmp_path / "err", timeout_ns=10 * SECOND)
    pid = os.fork()
    if pid == 0:
        try:
            report = served.launcher.launch(WrittenJob.of(job))
            served.launcher.close()
            os._exit(report.get("exit_code", 9))
        finally:
            os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert int(said.read_text()) != first
    assert printed(served.trial(shell("echo x"), PLAN)) == "x\n"
    assert launcher_of(before) == first


ENDS = """
import os, signal, sys
from pathlib import Path
from harness.model import Command, TrialPlan
from harness.system.process.runner import LocalRunner
runner = LocalRunner(Path(sys.argv[1]), Path(sys.argv[2]))
runner.trial(Command(("sh", "-c", "echo $PPID > " + sys.argv[3])), TrialPlan())
if sys.argv[4] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("how", ["killed", "never closed"])
def test_the_launcher_ends_with_the_harness(tmp_path: Path, launcher_cache: Path, how: str) -> None:
    said = tmp_path / "pid"
    argv = [sys.executable, "-c", ENDS, tmp_path / "scratch", launcher_cache, said, how]
    subprocess.run(argv, check=False)
    stat = Path(f"/proc/{int(said.read_text())}/stat")
    for _ in range(6000):
        try:
            if stat.read_text().rpartition(")")[2].split()[0] in "ZX":
                return
        except OSError:
            return
        time.sleep(0.01)
    raise AssertionError("the launcher lives on")
