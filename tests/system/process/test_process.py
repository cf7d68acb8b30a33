"""What a target sees, what is left of it on disk, and how tools are called."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ToolchainMissing, TrialFailed
from harness.model import Command, Target, Trial, TrialPlan, TrialStatus, WorkingFolder
from harness.system.process.execution import Execution
from harness.system.process.jobs import Jobs, make_job
from harness.system.process.runner import LocalRunner

PLAN = TrialPlan()


def target(root: Path, **changes: object) -> Target:
    return replace(Target("mine", "task", "command", root), **changes)


def shell(script: str, target: Target | None = None, **env: str) -> Command:
    return Command(("sh", "-c", script), env, target)


def printed(trial: Trial) -> str:
    assert trial.ok, trial.message
    assert trial.output is not None
    return trial.output.stdout.read_text()


def test_the_environment_is_scrubbed_and_equal_in_every_kind_of_run(
    any_runner: LocalRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    command = shell("env | sort", MINE="1")
    timed = printed(any_runner.trial(command, TrialPlan()))
    checked = any_runner.output(command).stdout.read_text()

    names = {line.partition("=")[0] for line in timed.splitlines()} - {"PWD", "OLDPWD", "SHLVL"}
    assert names - {"_"} == {
        *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"),
        *("HARNESS_PAD", "HARNESS_PHASES", "PYTHONHASHSEED", "PERL_HASH_SEED", "MINE"),
    }
    assert "LC_ALL=C.UTF-8\n" in timed
    # All but the number of the trial's folder.
    assert re.sub(r"/\d{8}\b", "", timed) == re.sub(r"/\d{8}\b", "", checked)
    assert len(timed) == len(checked)


def test_a_targets_own_environment_wins(runner: LocalRunner) -> None:
    trial = runner.trial(shell("echo $TZ $OMP_NUM_THREADS", TZ="CET", OMP_NUM_THREADS="3"), PLAN)
    assert printed(trial) == "CET 3\n"


def test_padding_makes_the_environment_longer_by_as_much(runner: LocalRunner) -> None:
    short, long = (
        len(printed(runner.trial(shell("env"), TrialPlan(pad_bytes=n)))) for n in (100, 1100)
    )
    assert long - short == 1000


def test_long_names_do_not_move_the_stack(runner: LocalRunner, tmp_path: Path) -> None:
    (tmp_path / "a-folder-with-a-rather-long-name-to-begin-with").mkdir()
    sizes = set()
    for place in (tmp_path, tmp_path / "a-folder-with-a-rather-long-name-to-begin-with"):
        script = place / "all"
        script.write_text("#!/bin/sh\nexec cat /proc/self/environ /proc/self/cmdline\n")
        script.chmod(0o755)
        command = Command((str(script), str(place)), {"NAME_" + place.name: str(place)})
        job = make_job(Execution(command, script, runner._scratch.make(())), TrialPlan(pad_bytes=7))
        texts = (job.argv[0], *job.argv, *(f"{k}={v}" for k, v in job.env.items()))
        pointers = 8 * (len(job.argv) + len(job.env))
        sizes.add((sum(len(text) + 1 for text in texts) + pointers) % 4096)
    assert len(sizes) == 1


def test_a_job_that_serves_again_gives_what_one_that_is_made_anew_does(runner: LocalRunner) -> None:
    jobs, folder = Jobs(), runner._scratch.make(())
    for command in (shell("true"), shell("true", PYTHONHASHSEED="5"), shell("true")):
        execution = Execution(command, Path("/bin/sh"), folder)
        for plan in (TrialPlan(pad_bytes=n, phases=n != 7) for n in (0, 77, 7, 4095)):
            written, more = jobs.of(execution, plan)
            job, anew = written.job, make_job(execution, plan)
            given = dict(word.split("=", 1) for word in more.split("\0"))
            assert replace(job, env={**job.env, **given}) == anew


def test_both_sides_of_a_block_hash_alike(runner: LocalRunner) -> None:
    told = {
        n: printed(runner.trial(shell("echo $PYTHONHASHSEED"), TrialPlan(pad_bytes=n)))
        for n in (0, 77, 4095)
    }
    assert told == {0: "0\n", 77: "77\n", 4095: "4095\n"}
    own = shell("echo $PYTHONHASHSEED", PYTHONHASHSEED="5")
    assert printed(runner.trial(own, TrialPlan(pad_bytes=77))) == "5\n"


def test_standard_input_is_empty_unless_the_target_names_a_file(
    any_runner: LocalRunner, tmp_path: Path
) -> None:
    assert (
        printed(any_runner.trial(shell("cat; test -f /dev/stdin && echo file"), PLAN)) == "file\n"
    )
    given = tmp_path / "given.txt"
    given.write_text("hello")
    assert printed(any_runner.trial(shell("cat", target(tmp_path, stdin=given)), PLAN)) == "hello"


def test_no_file_of_ours_is_open_in_a_target_and_no_signal_ignored(
    any_runner: LocalRunner, tmp_path: Path
) -> None:
    with (tmp_path / "ours").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        # The list itself is read through a file of its own, number 3.
        seen = printed(any_runner.trial(shell("ls /proc/self/fd; cat /proc/self/status"), PLAN))
    assert seen.split()[:4] == ["0", "1", "2", "3"]
    assert seen.split()[4] == "Name:"
    ignored = int(re.search(r"SigIgn:\s*(\w+)", seen)[1], 16)
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
        assert not ignored >> (number - 1) & 1
    assert re.search(r"SigBlk:\s*0+\n", seen)


def test_inputs_are_copied_so_that_a_program_cannot_change_the_users_files(
    runner: LocalRunner, tmp_path: Path
) -> None:
    data = tmp_path / "my data"
    (data / "deep").mkdir(parents=True)
    (data / "deep" / "a.txt").write_text("precious")
    single = tmp_path / "single.txt"
    single.write_text("one")
    mine = target(tmp_path, inputs=(data, single))
    command = shell("cat 'my data/deep/a.txt' single.txt; echo x > single.txt; rm -r my*", mine)
    trial = runner.trial(command, PLAN)
    assert printed(trial) == "preciousone"
    assert (data / "deep" / "a.txt").read_text() == "precious"
    assert single.read_text() == "one"


def test_inputs_keep_the_folder_that_they_lie_in(runner: LocalRunner, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "data.csv").write_text(folder)
    inputs = (tmp_path / "a/data.csv", tmp_path / "b")
    mine = target(tmp_path, inputs=inputs)
    assert printed(runner.trial(shell("cat a/data.csv b/data.csv", mine), PLAN)) == "ab"
    old = replace(mine, inputs_by_name=True)
    assert printed(runner.trial(shell("cat data.csv b/data.csv", old), PLAN)) == "ab"


def test_two_inputs_of_one_name_are_refused(runner: LocalRunner, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "data.csv").write_text(folder)
    inputs = (tmp_path / "a/data.csv", tmp_path / "b/data.csv")
    elsewhere = target(tmp_path / "c", inputs=inputs)
    trial = runner.trial(shell("cat data.csv", elsewhere), PLAN)
    assert trial.status is TrialStatus.NOT_STARTED
    assert "two inputs have this name: data.csv" in trial.message


def test_a_target_may_run_in_its_root(any_runner: LocalRunner, tmp_path: Path) -> None:
    root = tmp_path / "root with spaces"
    root.mkdir()
    mine = target(root, working_folder=WorkingFolder.ROOT, inputs=(tmp_path / "not needed",))
    assert printed(any_runner.trial(shell("pwd", mine), PLAN)) == f"{root}\n"


def test_a_target_is_pinned_to_the_cpus_asked_for(any_runner: LocalRunner) -> None:
    cpu = max(os.sched_getaffinity(0))
    trial = any_runner.trial(
        shell("grep Cpus_allowed_list /proc/self/status"), replace(PLAN, cpus=(cpu,))
    )
    assert printed(trial).split()[1] == str(cpu)


def test_a_cpu_that_is_not_there_is_named_as_the_likely_cause(any_runner: LocalRunner) -> None:
    trial = any_runner.trial(Command(("true",)), replace(PLAN, cpus=(1000,)))
    assert trial.status is TrialStatus.NOT_STARTED
    assert "is a CPU named that this machine does not have?" in trial.message


# ---- what is left on disk --------------------------------------------------------------------


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if not path.is_dir()]


def test_a_trials_files_live_until_they_are_discarded(runner: LocalRunner, tmp_path: Path) -> None:
    output = runner.output(shell("echo 1 > result; mkdir locked; touch locked/x; chmod 500 locked"))
    assert (output.folder / "result").read_text() == "1\n"
    runner.discard(output)
    assert files_below(tmp_path / "scratch") == []


def test_a_failed_trial_leaves_nothing(runner: LocalRunner, tmp_path: Path) -> None:
    runner.trial(shell("echo > file; exit 1"), PLAN)
    assert files_below(tmp_path / "scratch") == []


def test_discarding_an_output_in_the_root_leaves_the_root_alone(
    runner: LocalRunner, tmp_path: Path
) -> None:
    (tmp_path / "mine.c").touch()
    mine = target(tmp_path, working_folder=WorkingFolder.ROOT)
    output = runner.output(shell("true", mine))
    runner.discard(output)
    assert (tmp_path / "mine.c").exists()


# ---- tools -----------------------------------------------------------------------------------


def test_a_tool_says_what_it_said(runner: LocalRunner, tmp_path: Path) -> None:
    said = runner.tool(
        ["sh", "-c", r"pwd; echo $MORE; printf '\377' >&2; cat; exit 3"],
        cwd=tmp_path,
        env={"MORE": "1"},
    )
    assert (said.exit_code, said.ok) == (3, False)
    assert said.stdout == f"{tmp_path}\n1\n"
    assert said.stderr == "\ufffd"
    assert said.wall_ns > 0


def test_a_tool_that_cannot_be_started_is_a_missing_toolchain(runner: LocalRunner) -> None:
    with pytest.raises(ToolchainMissing, match="no-such-tool cannot be started"):
        runner.tool(["no-such-tool"])


def test_a_tool_that_hangs_is_ended_with_its_children(runner: LocalRunner, tmp_path: Path) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    ours = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
    script = f"sh -c 'echo > {held}; sleep 300' 3> {held} & sleep 300"
    with pytest.raises(TrialFailed, match=r"still running after 0\.5 s"):
        runner.tool(["sh", "-c", script], timeout_s=0.5)
    os.set_blocking(ours, True)
    with os.fdopen(ours, "rb") as pipe:
        assert pipe.read() == b"\n"  # to the end: nobody holds the pipe any more


def test_a_harness_without_standard_streams_gives_a_target_its_own(
    tmp_path: Path, launcher_cache: Path
) -> None:
    script = (
        "import os, sys; from pathlib import Path;"
        "from harness.system.process.runner import LocalRunner;"
        "from harness.model import Command, TrialPlan; os.closerange(0, 3);"
        "trial = LocalRunner(Path(sys.argv[1]), Path(sys.argv[2])).trial("
        "Command(('sh', '-c', 'cat; echo out; echo err >&2')), TrialPlan());"
        "assert trial.output.stdout.read_text() == 'out\\n', trial;"
        "assert trial.output.stderr.read_text() == 'err\\n', trial"
    )
    argv = [sys.executable, "-c", script, tmp_path / "scratch", launcher_cache]
    assert subprocess.run(argv, check=False).returncode == 0


def test_in_the_root_only_standard_output_counts(runner: LocalRunner, tmp_path: Path) -> None:
    mine = target(tmp_path, working_folder=WorkingFolder.ROOT)
    digests = {
        runner.output(shell(script, mine)).digest
        for script in ("echo 1", "echo 1; echo 2 > left", "echo 1 > left; echo 1")
    }
    assert len(digests) == 1
