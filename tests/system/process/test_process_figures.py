"""What is measured of a target, in cold and in steady mode."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import Command, Mode, SteadyPlan, Trial, TrialPlan, TrialStatus
from harness.system.process.runner import LocalRunner

PLAN = TrialPlan()
SECOND = 1_000_000_000


def shell(script: str, **env: str) -> Command:
    return Command(("sh", "-c", script), env)


def python(script: str) -> Command:
    return Command((sys.executable, "-I", "-S", "-c", script), {})


def printed(trial: Trial) -> str:
    assert trial.ok, trial.message
    assert trial.output is not None
    return trial.output.stdout.read_text()


def test_cpu_time_and_memory_of_every_descendant_are_counted(runner: LocalRunner) -> None:
    busy = "b = bytearray(64 << 20)\nfor _ in range(3_000_000): pass"
    alone = runner.trial(python("pass"), PLAN)
    worker = runner.trial(python(busy), PLAN)
    inside = runner.trial(shell(f'{sys.executable} -I -S -c "$BUSY"; true', BUSY=busy), PLAN)
    assert inside.max_rss_bytes > alone.max_rss_bytes + (60 << 20)
    assert inside.user_ns > worker.user_ns / 2 > 0


def test_a_descendant_that_outlives_its_parent_but_not_the_target_is_counted(
    runner: LocalRunner,
) -> None:
    orphan = f"{sys.executable} -I -S -c 'bytearray(64 << 20)'; touch done"
    script = f"({orphan}) & while [ ! -e done ]; do sleep 0.01; done; echo done"
    trial = runner.trial(shell(script), PLAN)
    assert printed(trial) == "done\n"
    assert trial.max_rss_bytes > 64 << 20


def test_peak_memory_is_the_targets_own_under_the_compiled_launcher(runner: LocalRunner) -> None:
    hoard = bytearray(os.urandom(1 << 20) * 64)
    trial = runner.trial(Command(("/bin/true",)), PLAN)
    assert hoard
    assert trial.max_rss_bytes <= 2 << 20
    assert not trial.max_rss_is_floor


def test_peak_memory_is_marked_as_a_floor_under_the_fallback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.system.launcher.launching.SHIPPED", tmp_path)
    monkeypatch.setattr("harness.system.launcher.made_of.COMPILERS", ("no-such-compiler",))
    runner = LocalRunner(tmp_path / "scratch", tmp_path / "cache")
    trial = runner.trial(Command(("true",)), PLAN)
    assert trial.ok
    assert trial.max_rss_is_floor
    assert runner.launcher_facts().reason == "no C compiler was found on PATH"
    assert "no C compiler was found on PATH" in runner.disturbances()[-1]
    runner.close()


def test_phases_of_all_processes_are_summed_by_path(any_runner: LocalRunner) -> None:
    script = r"""
        printf 'harness-phases 1\n2\t100\touter\n3\t50\touter/inner\n' >> $HARNESS_PHASES
        printf 'harness-phases 1\n1\t11\touter\ntorn\t' >> $HARNESS_PHASES
    """
    phases = any_runner.trial(shell(script), PLAN).phases
    assert [(p.path, p.calls, p.total_ns) for p in phases] == [
        ("outer", 3, 111),
        ("outer/inner", 3, 50),
    ]


def test_phases_are_not_asked_for_where_they_are_not_wanted(runner: LocalRunner) -> None:
    trial = runner.trial(shell("echo ${HARNESS_PHASES-unset}"), replace(PLAN, phases=False))
    assert printed(trial) == "unset\n"


DRIVER = """
import os
go, done = map(int, os.environ["HARNESS_STEADY"].split(","))
os.write(done, b"r")
while (word := os.read(go, 1)[0]) != 0xFF:
    if word != 0xFE:
        for _ in range(20_000 << word): pass
        os.ftruncate(1, 0); os.lseek(1, 0, os.SEEK_SET); os.write(1, b"result")
    os.write(done, b"d")
"""


def test_steady_mode_samples_the_work_inside_one_process(any_runner: LocalRunner) -> None:
    plan = TrialPlan(Mode.STEADY, steady=SteadyPlan(samples=4, min_sample_ns=2_000_000))
    trial = any_runner.trial(python(DRIVER), plan)
    assert printed(trial) == "result"
    timed = [sample for sample in trial.samples if not sample.calibration]
    first, *others = [sample for sample in trial.samples if sample.calibration]
    assert [sample.batch for sample in timed] == [timed[0].batch] * 4
    assert first.batch == 1
    assert others[-1].batch == timed[0].batch
    assert others[-1].wall_ns >= 2_000_000
    assert trial.ready_ns is not None
    assert 0 < trial.ready_ns < trial.wall_ns
    assert trial.handshake_ns is not None
    assert sum(sample.wall_ns for sample in trial.samples) < trial.wall_ns


def test_a_driver_that_ignores_the_batch_is_no_trial(any_runner: LocalRunner) -> None:
    script = DRIVER.replace("20_000 << word", "20")
    plan = TrialPlan(Mode.STEADY, steady=SteadyPlan(samples=2, min_sample_ns=10_000_000_000))
    trial = any_runner.trial(python(script), plan)
    assert trial.status is TrialStatus.FAILED
    assert "does not execute its work as often as it is asked to" in trial.message


def test_a_second_execution_that_hangs_is_ended_long_before_the_timeout(
    runner: LocalRunner,
) -> None:
    """By the compiled launcher; the fallback waits for the timeout."""
    script = DRIVER.replace("import os\n", "import os, time\nwaits = iter([0] + [99] * 9)\n", 1)
    script = script.replace("for _ in range(20_000 << word): pass", "time.sleep(next(waits))")
    plan = TrialPlan(Mode.STEADY, timeout_ns=80 * SECOND)
    trial = runner.trial(python(script), plan)
    assert trial.status is TrialStatus.TIMED_OUT
    assert "was ended early" in trial.message
    assert trial.samples[0].calibration


IN_A_CHILD = """
    pid = os.fork()
    if pid == 0:
        for _ in range(300_000): pass
        os._exit(0)
    os.waitpid(pid, 0)
"""


@pytest.mark.parametrize(("work", "seen"), [("", True), (IN_A_CHILD, False)])
def test_steady_mode_gives_no_cpu_time_of_work_that_other_processes_do(
    any_runner: LocalRunner, work: str, seen: bool
) -> None:
    driver = DRIVER.replace('    os.write(done, b"d")', "")
    body = f"    if word != 0xFE:{work.replace(chr(10), chr(10) + ' ' * 4) or ' pass'}"
    plan = TrialPlan(Mode.STEADY, steady=SteadyPlan(samples=3, min_sample_ns=0))
    trial = any_runner.trial(python(f'{driver}{body}\n    os.write(done, b"d")\n'), plan)
    assert printed(trial) == "result"
    assert {sample.cpu_ns >= 0 for sample in trial.samples} == {seen}
    assert all(sample.wall_ns > 0 for sample in trial.samples)


SPIN = """
import threading, time, os
def spin(processes=1):
    with open("begun", "ab") as file: file.write(b"x")
    while os.path.getsize("begun") < processes: pass
    ends = time.monotonic() + 0.5  # longer than from one look to the next, of all at once
    while time.monotonic() < ends: pass
{start}
"""


@pytest.mark.parametrize(
    ("start", "threads"),
    [
        ("spin()", 1),
        ("idle = threading.Thread(target=time.sleep, args=(0.3,)); idle.start(); spin()", 1),
        ("[os.fork() for _ in range(2)]; spin(4)", 4),
    ],
)
def test_threads_that_want_a_cpu_are_counted_in_the_whole_tree(
    runner: LocalRunner, start: str, threads: int
) -> None:
    trial = runner.trial(python(SPIN.format(start=start)), PLAN)
    assert trial.ok, trial.message
    assert trial.threads == threads


def test_what_ends_before_the_first_look_has_no_count_of_threads(runner: LocalRunner) -> None:
    assert runner.trial(Command(("true",)), PLAN).threads in (None, 1)


def test_a_program_without_a_driver_fails_in_steady_mode(any_runner: LocalRunner) -> None:
    trial = any_runner.trial(Command(("true",)), TrialPlan(Mode.STEADY))
    assert trial.status is TrialStatus.FAILED
    assert "before it took a sample" in trial.message


def test_a_driver_that_dies_while_its_child_lives_does_not_hang(any_runner: LocalRunner) -> None:
    script = (
        DRIVER.replace("os.write(done, b'r')", "")
        .replace("import os\n", "import os, time\nif os.fork() == 0: time.sleep(60)\n", 1)
        .replace("for _ in", "os._exit(9)\n        for _ in")
    )
    trial = any_runner.trial(python(script), TrialPlan(Mode.STEADY, timeout_ns=20 * SECOND))
    assert (trial.status, trial.exit_code) == (TrialStatus.FAILED, 9)
    assert trial.left_behind == 1
