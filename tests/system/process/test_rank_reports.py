"""What the ranks of a launched target report: figures, phases, ends, and what is not known."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import (
    Command,
    Mode,
    Phase,
    RankReport,
    Target,
    Trial,
    TrialPlan,
    TrialRecord,
    TrialStatus,
)
from harness.system.process.rank_reports import read_ranks
from harness.system.process.runner import LocalRunner
from harness.system.store.rows import checked_row, from_row, to_row

LAUNCH = """
i=0; n=$0; codes=0
while [ $i -lt $n ]; do
  OMPI_COMM_WORLD_RANK=$i OMPI_COMM_WORLD_SIZE=$n "$@" || codes=$?
  i=$((i+1))
done
exit $codes
"""
"""What tells a rank its number as `mpirun` does, one after the other."""


@pytest.fixture
def runner(tmp_path: Path):
    made = LocalRunner(tmp_path / "scratch", tmp_path / "cache")
    yield made
    made.close()


def trial_of(
    runner: LocalRunner, tmp_path: Path, words: str, launch: tuple[str, ...], phases: bool = True
) -> Trial:
    target = Target("t", "task", "command", tmp_path, launch=launch)
    command = Command(("sh", "-c", words), target=target)
    return runner.trial(command, TrialPlan(phases=phases))


def known(value: int | None) -> int:
    assert value is not None
    return value


def ranked(ranks: int) -> tuple[str, ...]:
    return "sh", "-c", LAUNCH, str(ranks)


def test_each_rank_has_its_number_its_place_and_figures_of_its_own(runner, tmp_path):
    trial = trial_of(runner, tmp_path, "echo $OMPI_COMM_WORLD_RANK", ranked(3))
    assert trial.ok, trial.message
    assert trial.output is not None
    assert trial.output.stdout.read_text() == "0\n1\n2\n"
    assert [rank.rank for rank in trial.ranks] == [0, 1, 2]
    for rank in trial.ranks:
        assert rank.host == os.uname().nodename
        assert rank.cpus
        assert rank.exit_code == 0
        assert rank.signal is None
        assert known(rank.wall_ns) > 0
        assert known(rank.cpu_ns) >= 0
        # That of the harness itself would be far more.
        assert 0 < known(rank.max_rss_bytes) < 8_000_000
    assert trial.cpu_ns >= sum(rank.cpu_ns or 0 for rank in trial.ranks)


def test_the_memory_of_a_rank_is_its_own(runner, tmp_path):
    fill = f"[ $OMPI_COMM_WORLD_RANK = 1 ] && exec {sys.executable} -c 'b = b\"x\" * 90_000_000'; :"
    small, large = trial_of(runner, tmp_path, fill, ranked(2)).ranks
    assert known(small.max_rss_bytes) < 10_000_000
    assert known(large.max_rss_bytes) > 90_000_000


def test_phases_are_of_each_rank_and_summed_for_the_trial(runner, tmp_path):
    mark = r'printf "1\t%s00\twork\n" $((OMPI_COMM_WORLD_RANK + 1)) >> $HARNESS_PHASES'
    trial = trial_of(runner, tmp_path, mark, ranked(2))
    assert [rank.phases for rank in trial.ranks] == [
        (Phase("work", 1, 100),),
        (Phase("work", 1, 200),),
    ]
    assert trial.phases == (Phase("work", 2, 300),)


def test_phases_that_are_not_asked_for_have_no_file(runner, tmp_path):
    trial = trial_of(runner, tmp_path, "echo ${HARNESS_PHASES:-none}", ranked(1), phases=False)
    assert trial.output is not None
    assert trial.output.stdout.read_text() == "none\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("exit $((OMPI_COMM_WORLD_RANK * 3))", "rank 1 on {host} ended with exit code 3"),
        ("[ $OMPI_COMM_WORLD_RANK = 0 ] || kill -SEGV $$", "rank 1 on {host} was killed by signal"),
        # The wrapper dies, and its program with it: what it took is not known.
        ("[ $OMPI_COMM_WORLD_RANK = 0 ] || { kill -KILL $PPID; sleep 60; }", "{host} did not"),
    ],
)
def test_a_trial_that_failed_names_the_rank_that_did(runner, tmp_path, words, said):
    trial = trial_of(runner, tmp_path, words, ranked(2))
    assert not trial.ok
    assert said.format(host=os.uname().nodename) in trial.message
    assert "rank 0" not in trial.message
    assert [rank.rank for rank in trial.ranks] == [0, 1]
    dead = trial.ranks[1]
    assert dead.cpus
    assert (dead.exit_code, dead.signal) != (0, None)
    if "did not" in said:
        assert dead == RankReport(rank=1, host=dead.host, cpus=dead.cpus)


def test_a_program_that_cannot_be_started_is_named(runner, tmp_path):
    target = Target("t", "task", "command", tmp_path, launch=ranked(1))
    trial = runner.trial(Command(("./none",), target=target), TrialPlan())
    assert trial.status is TrialStatus.FAILED
    assert "./none cannot be started as a rank: No such file" in trial.message


def test_a_plain_shell_gives_ranks_without_numbers(runner, tmp_path, monkeypatch):
    # Of a batch script, whose number is that of no rank of the target.
    monkeypatch.setenv("SLURM_PROCID", "0")
    trial = trial_of(runner, tmp_path, "echo x", ("sh", "-c", '"$0" "$@" && "$0" "$@"'))
    assert [rank.rank for rank in trial.ranks] == [None, None]


def test_a_launch_that_passes_the_wrapper_by_leaves_ranks_unknown(runner, tmp_path):
    trial = trial_of(runner, tmp_path, "echo x", ("sh", "-c", "echo alone"))
    assert trial.ok
    assert trial.ranks == ()


def test_the_launcher_in_python_has_no_wrapper(runner, tmp_path):
    from harness.system.launcher.launching import Launcher, fallback_command

    runner._launcher = Launcher(fallback_command(), "no compiler")
    trial = trial_of(runner, tmp_path, "echo x", ranked(2))
    assert trial.ok, trial.message
    assert trial.ranks == ()


# -- reports are not trusted ------------------------------------------------------------------


def report(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)


def test_ranks_that_never_began_have_a_number_and_nothing_else(tmp_path):
    report(tmp_path / "r", "n1-7-1", "rank 2\nsize 4\nhost n1\ncpus 0-1\n")
    report(tmp_path / "r", "n1-8-1", "rank 0\nsize 4\nhost n1\nuser_ns 5\nexit_code 0\n")
    assert read_ranks(tmp_path / "r") == (
        RankReport(0, "n1", user_ns=5, exit_code=0),
        RankReport(1),
        RankReport(2, "n1", "0-1"),
        RankReport(3),
    )


def test_what_makes_no_sense_is_not_known(tmp_path):
    folder = tmp_path / "r"
    report(folder, "a", f"rank -1\nsize 2\nuser_ns x\nsys_ns {10**30}\nmax_rss_bytes 1.5\nhost\n")
    os.mkfifo(folder / "b")
    (folder / "c").symlink_to("/etc/passwd")
    (folder / "d").mkdir()
    assert read_ranks(folder) == (RankReport(),)
    assert read_ranks(tmp_path / "none") == ()


def test_a_rank_is_a_row_in_the_store_and_back(tmp_path):
    ranks = (
        RankReport(0, "n1", "0", 9, 5, 1, 4096, 0, None, (Phase("work", 1, 7),)),
        RankReport(1),
    )
    trial = Trial(TrialStatus.OK, 10, ranks=ranks)
    record = TrialRecord(
        *("r", "t", "c", "x", "c", "C", "d", Mode.COLD, 0, 0, False, 1), trial=trial
    )
    assert from_row(to_row(record, "h")).trial.ranks == ranks
    older = {k: v for k, v in to_row(record, "h").items() if k not in ("ranks", "rank_phases")}
    assert from_row(checked_row(older)).trial == replace(trial, ranks=())
