"""Everything that goes wrong with a target, and with the harness while one runs."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import StorageFailed, TrialFailed
from harness.model import Command, Target, Trial, TrialPlan, TrialStatus
from harness.system.process.runner import LocalRunner
from tests.waiting import until

PLAN = TrialPlan()
SECOND = 1_000_000_000


def target(root: Path, **changes: object) -> Target:
    return replace(Target("mine", "task", "command", root), **changes)


def shell(script: str, target: Target | None = None, **env: str) -> Command:
    return Command(("sh", "-c", script), env, target)


def printed(trial: Trial) -> str:
    assert trial.ok, trial.message
    assert trial.output is not None
    return trial.output.stdout.read_text()


def runs(pid: int) -> bool:
    """Is there such a process? One that only waits to be reaped by somebody has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def test_a_failing_program_shows_its_code_and_last_words(any_runner: LocalRunner) -> None:
    trial = any_runner.trial(shell("seq 100 >&2; echo 'no such galaxy' >&2; exit 3"), PLAN)
    assert (trial.status, trial.exit_code, trial.output) == (TrialStatus.FAILED, 3, None)
    said, _, kept = trial.message.partition("\n  (the whole: ")
    assert said == (
        "sh ended with exit code 3; its standard error ends with\n  97\n  98\n  99\n  100\n"
        "  no such galaxy"
    )
    whole = Path(kept.rstrip(")")).read_text()
    assert whole.splitlines() == [*(str(n) for n in range(1, 101)), "no such galaxy"]


def test_a_reason_above_a_long_stack_is_shown_and_the_whole_is_kept(
    any_runner: LocalRunner,
) -> None:
    script = "echo 'ERROR: LoadError: no such galaxy' >&2; seq 20 >&2; exit 1"
    message = any_runner.trial(shell(script), PLAN).message
    assert "its standard error says\n  ERROR: LoadError: no such galaxy\n" in message
    assert "[15 lines left out]\n  16\n" in message
    whole = Path(message.rpartition("(the whole: ")[2].rstrip(")")).read_text()
    assert whole.splitlines()[0] == "ERROR: LoadError: no such galaxy"
    assert len(whole.splitlines()) == 21


def test_few_last_words_need_no_file(any_runner: LocalRunner) -> None:
    message = any_runner.trial(shell("seq 5 >&2; exit 1"), PLAN).message
    assert "the whole" not in message


def test_a_killed_program_shows_the_signals_name(any_runner: LocalRunner) -> None:
    trial = any_runner.trial(shell("kill -SEGV $$"), PLAN)
    assert (trial.status, trial.signal) == (TrialStatus.CRASHED, signal.SIGSEGV)
    assert "killed by signal 11 (SIGSEGV" in trial.message


def test_a_timeout_ends_the_whole_tree(any_runner: LocalRunner, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"""
        sleep 300 & echo $! >> {pids}
        setsid sh -c 'echo $$ >> {pids}; sleep 300' &
        while [ $(wc -l < {pids}) -lt 2 ]; do sleep 0.01; done
        echo so far; trap '' TERM INT; sleep 300
    """
    for timeout_s in (1, 5, 25):  # as long as a busy machine needs to come so far
        pids.unlink(missing_ok=True)
        trial = any_runner.trial(shell(script), replace(PLAN, timeout_ns=timeout_s * SECOND))
        assert trial.status is TrialStatus.TIMED_OUT
        assert f"ran past its timeout of {timeout_s} s" in trial.message
        if "so far" in trial.message:
            break
    assert "standard output ends with\n  so far" in trial.message
    assert trial.left_behind >= 2
    assert [pid for pid in map(int, pids.read_text().split()) if runs(pid)] == []


def test_what_a_target_leaves_behind_is_ended_and_counted(
    any_runner: LocalRunner, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    daemon = f"echo $$ >> {pids}; exec sleep 300"
    both = f"while [ $(wc -l < {pids}) -lt 2 ]; do sleep 0.01; done"
    script = f"touch {pids}; setsid sh -c '{daemon}' & sh -c '{daemon}' & {both}; echo hi"
    trial = any_runner.trial(shell(script), PLAN)
    assert printed(trial) == "hi\n"
    assert trial.left_behind == 2
    started = list(map(int, pids.read_text().split()))
    assert len(started) == 2
    assert not any(map(runs, started))


def test_a_helper_that_ends_by_itself_just_after_the_target_is_not_counted(
    any_runner: LocalRunner,
) -> None:
    """On a busy machine one may live longer than is waited for; not every time."""
    for _ in range(20):
        trial = any_runner.trial(shell("sleep 0.01 & echo hi"), PLAN)
        assert printed(trial) == "hi\n"
        if trial.left_behind == 0:
            return
    raise AssertionError("what ends by itself is counted")


@pytest.mark.parametrize("stubborn", [False, True])
def test_a_program_that_prints_too_much_is_ended(
    any_runner: LocalRunner, tmp_path: Path, stubborn: bool
) -> None:
    ignore = "trap '' XFSZ; " if stubborn else ""
    mine = target(tmp_path, max_output_bytes=100_000)
    trial = any_runner.trial(shell(f"{ignore}yes; exit $?", mine), PLAN)
    assert trial.status is TrialStatus.FAILED
    assert "wrote more than the 100,000 bytes" in trial.message
    assert "max_output_bytes" in trial.message


def test_a_program_may_print_nothing(any_runner: LocalRunner) -> None:
    assert printed(any_runner.trial(Command(("true",)), PLAN)) == ""


def test_invalid_utf8_in_its_last_words_is_shown_as_far_as_it_can_be(
    any_runner: LocalRunner,
) -> None:
    trial = any_runner.trial(shell(r"printf 'bad \377\033[31m byte\n' >&2; exit 1"), PLAN)
    assert trial.message.endswith("\n  bad \ufffd\ufffd[31m byte")


def test_output_that_is_not_utf8_is_kept_as_it_is(any_runner: LocalRunner) -> None:
    output = any_runner.trial(shell(r"printf '\377\0'"), PLAN).output
    assert output is not None
    assert output.stdout.read_bytes() == b"\xff\0"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "no such program"),
        (lambda path: path.mkdir(), "is a folder, not a program"),
        (lambda path: path.write_text("#!/bin/sh\n"), "is not executable"),
        (lambda path: executable(path, "#!/no/such/interpreter\n"), "first line"),
        (lambda path: executable(path, "\x7fNOT A PROGRAM"), "a script needs a first line"),
    ],
)
def test_a_program_that_cannot_be_started_says_why(
    any_runner: LocalRunner, tmp_path: Path, make: Callable[[Path], None], reason: str
) -> None:
    path = tmp_path / "program"
    make(path)
    trial = any_runner.trial(Command((str(path),)), PLAN)
    assert trial.status is TrialStatus.NOT_STARTED
    assert reason in trial.message


def executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def test_a_program_that_is_not_on_path_says_so(runner: LocalRunner) -> None:
    trial = runner.trial(Command(("no-such-program",)), PLAN)
    assert trial.status is TrialStatus.NOT_STARTED
    assert trial.message == "no-such-program: no such program on PATH"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.mkdir(), "is not a file"),
        (os.mkfifo, "is not a file"),
    ],
)
def test_standard_input_that_cannot_be_read_is_refused(
    runner: LocalRunner, tmp_path: Path, make: Callable[[Path], None], reason: str
) -> None:
    stdin = tmp_path / "given"
    make(stdin)
    trial = runner.trial(shell("cat", target(tmp_path, stdin=stdin)), PLAN)
    assert trial.status is TrialStatus.NOT_STARTED
    assert f"standard input {stdin}: {reason}" in trial.message


def test_a_missing_input_is_named(runner: LocalRunner, tmp_path: Path) -> None:
    gone = tmp_path / "gone.csv"
    trial = runner.trial(shell("true", target(tmp_path, inputs=(gone,))), PLAN)
    assert trial.status is TrialStatus.NOT_STARTED
    assert str(gone) in trial.message
    # The empty files of a folder wait for the next trial.
    left = [path for path in (tmp_path / "scratch").rglob("*") if path.is_file()]
    assert not any(path.stat().st_size for path in left)


def test_paths_with_spaces_work(tmp_path: Path, launcher_cache: Path) -> None:
    folder = tmp_path / "a folder\nwith 'odd' names"
    folder.mkdir()
    program = folder / "my program"
    executable(program, '#!/bin/sh\nprintf %s "$1"; touch "a file"\n')
    runner = LocalRunner(folder / "the scratch", launcher_cache)
    trial = runner.trial(Command((str(program), "two words")), PLAN)
    assert printed(trial) == "two words"
    runner.close()


def test_a_scratch_that_cannot_be_written_is_an_error_in_words(
    tmp_path: Path, launcher_cache: Path
) -> None:
    (tmp_path / "file").touch()
    runner = LocalRunner(tmp_path / "file" / "scratch", launcher_cache)
    with pytest.raises(StorageFailed, match=r"cannot write to .*scratch"):
        runner.trial(Command(("true",)), PLAN)


def test_output_raises_what_went_wrong(runner: LocalRunner, tmp_path: Path) -> None:
    with pytest.raises(TrialFailed, match="target 'mine': sh ended with exit code 4"):
        runner.output(shell("exit 4", target(tmp_path)))


def test_output_keeps_to_the_targets_timeout(runner: LocalRunner, tmp_path: Path) -> None:
    with pytest.raises(TrialFailed, match=r"past its timeout of 0\.1 s"):
        runner.output(shell("sleep 60", target(tmp_path, timeout_ns=SECOND // 10)))


# ---- the harness itself is ended -------------------------------------------------------------

HARNESS = """
import sys
from pathlib import Path
from harness.system.launcher.launching import FALLBACK, Launcher
from harness.system.process.runner import LocalRunner
from harness.model import Command, TrialPlan
runner = LocalRunner(Path(sys.argv[1]) / "scratch", Path(sys.argv[2]))
if sys.argv[3] == "fallback":
    runner._launcher = Launcher((sys.executable, "-I", "-S", str(FALLBACK)), "asked for")
script = f"setsid sleep 300 & echo $! $$ > {sys.argv[1]}/new; mv new pids; sleep 300"
script = f"cd {sys.argv[1]}; " + script
try:
    runner.trial(Command(("sh", "-c", script)), TrialPlan())
except KeyboardInterrupt:
    runner.close()
    sys.exit(130)
"""


@pytest.mark.parametrize("kind", ["compiled", "fallback"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_runs_on_when_the_harness_is_ended(
    tmp_path: Path, launcher_cache: Path, number: signal.Signals, kind: str
) -> None:
    argv = [sys.executable, "-c", HARNESS, str(tmp_path), str(launcher_cache), kind]
    with subprocess.Popen(argv, start_new_session=True) as harness:
        pids = tmp_path / "pids"
        until(pids.exists)
        started = list(map(int, pids.read_text().split()))
        assert all(map(runs, started))
        os.killpg(harness.pid, number)
        code = harness.wait()
    assert code == (130 if number is signal.SIGINT else -signal.SIGKILL)
    until(lambda: not any(map(runs, started)))
    if number is signal.SIGINT:
        assert list((tmp_path / "scratch").iterdir()) == []


TERMINAL = """
import os, pty, sys
from pathlib import Path
child, _ = pty.fork()
if child:
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
from harness.system.process.runner import LocalRunner
from harness.model import Command, TrialPlan
runner = LocalRunner(Path(sys.argv[1]), Path(sys.argv[2]))
assert os.isatty(0) and os.open("/dev/tty", os.O_RDWR)
trial = runner.trial(Command(("sh", "-c", "read word < /dev/tty")), TrialPlan(timeout_ns=10**10))
runner.close()
os._exit(0 if trial.exit_code and "/dev/tty" in trial.message else 1)
"""


def test_a_target_cannot_wait_for_the_keyboard(tmp_path: Path, launcher_cache: Path) -> None:
    argv = [sys.executable, "-c", TERMINAL, str(tmp_path / "scratch"), str(launcher_cache)]
    assert subprocess.run(argv, check=False).returncode == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_what_a_program_left_unreadable_fails_it(any_runner: LocalRunner, tmp_path: Path) -> None:
    trial = any_runner.trial(shell("mkdir locked; touch locked/x; chmod 0 locked"), PLAN)
    assert trial.status is TrialStatus.FAILED
    assert "what it left cannot be read" in trial.message
    assert not any(path.is_file() for path in (tmp_path / "scratch").rglob("*"))


def test_a_program_that_renames_the_folder_it_runs_in_is_told_so(any_runner: LocalRunner) -> None:
    trial = any_runner.trial(shell('mv "$PWD" "$PWD.other"'), PLAN)
    assert trial.status is TrialStatus.FAILED
    assert "is not there any more: the program renamed or removed it" in trial.message


def test_folders_deeper_than_a_path_can_be_are_told_in_a_line(any_runner: LocalRunner) -> None:
    name = "d" * 200
    deeper = f"i=0; while [ $i -lt 30 ]; do mkdir {name}; cd {name}; i=$((i + 1)); done"
    trial = any_runner.trial(shell(deeper), PLAN)
    assert trial.status is TrialStatus.FAILED
    assert "File name too long" in trial.message
    assert "Errno" not in trial.message
    assert len(trial.message) < 500
