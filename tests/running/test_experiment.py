"""Whole runs of real programs: what is stored and said, also when a run is interrupted."""

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from harness.errors import ExitCode, NotAllowed
from harness.model import Case, Host, Target, Task, TrialRecord
from harness.plugins import Adapters
from harness.running import Cell, Orchestrator, Settings
from harness.running.experiment import Experiment, perform, run_id
from harness.running.reports import Report
from harness.system.launcher.launching import LauncherFacts
from harness.system.process.runner import LocalRunner
from harness.system.store.parquet import read_parquet
from harness.system.store.run_file import read_run, run_folders


def test_the_names_of_runs_within_one_second_sort_by_time():
    moments = [*range(10**18, 10**18 + 10**9, 10**7 + 1), 10**18 + 10**9 - 1, 10**18 + 10**9]
    names = [run_id(moment) for moment in moments]
    assert sorted(names) == names
    assert len({len(name) for name in names}) == 1
    assert run_id(10**18) != run_id(10**18)


class Countdown:
    """A listener that presses Ctrl-C once so many trials are stored."""

    def __init__(self, trials: int) -> None:
        self.left = trials

    def step(self, what: str) -> None:
        pass

    def measuring(self) -> None: ...

    def remark(self, words: str) -> None:
        pass

    def detail(self, words: str) -> None: ...

    def trial(self, record: TrialRecord) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


Run = Callable[..., Report]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """`run(experiment, folder=None, stop_after=0)` with the installed adapters."""
    runner = LocalRunner(tmp_path / "scratch", tmp_path / "cache")

    def call(experiment: Experiment, folder: Path | None = None, stop_after: int = 0) -> Report:
        listener = Countdown(stop_after)
        orchestrator = Orchestrator(Adapters(), runner, tmp_path / "builds", listener)
        return perform(orchestrator, tmp_path / "results", experiment, folder)

    yield call
    runner.close()


def experiment(root: Path, *scripts: str, **changes: object) -> Experiment:
    """One target a shell script, named `t0`, `t1`, ...; five blocks."""
    task = Task("task", (Case("fast"),), reference="t0")
    cells = tuple(
        Cell(
            task,
            task.case(),
            Target(f"t{i}", "task", "command", root, args=("sh", "-c", script), **changes),
        )
        for i, script in enumerate(scripts)
    )
    return Experiment(cells, Settings(trials=5, seed=11))


def test_a_run_is_measured_stored_and_compared(run: Run, tmp_path: Path) -> None:
    report = run(experiment(tmp_path, "echo 1", "echo 1; sleep 0.01"))
    assert [m.trials for m in report.run.measurements] == [5, 5]
    assert [(c.reference, c.candidate) for c in report.run.comparisons] == [("t0", "t1")]
    assert report.failures == {}
    rows = read_parquet(report.folder / "trials.parquet")
    assert len(rows) == 12
    assert all(row["output_ok"] for row in rows)
    stored = read_run(report.folder)
    assert stored.finished
    assert stored.plan["seed"] == 11


def test_a_run_names_every_launcher_that_has_timed_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = experiment(tmp_path, "echo 1")
    first = run(asked, stop_after=2)
    (launcher,) = read_run(first.folder).plan["launchers"]
    assert launcher["kind"] in ("shipped", "compiled")
    assert len(launcher["sha256"]) == 64
    run(asked, first.folder)
    assert read_run(first.folder).plan["launchers"] == [launcher]
    another = LauncherFacts("python", "f" * 64, "no C compiler was found on PATH")
    monkeypatch.setattr(LocalRunner, "launcher_facts", lambda _: another)
    second = run(asked, stop_after=2)
    assert read_run(second.folder).plan["launchers"] == [asdict(another)]
    monkeypatch.undo()
    run(asked, second.folder)
    assert read_run(second.folder).plan["launchers"] == [asdict(another), launcher]


def test_what_goes_wrong_with_one_target_is_said_in_its_place(run: Run, tmp_path: Path) -> None:
    report = run(
        experiment(tmp_path, "echo 1", "echo oh >&2; exit 3", "echo 2", '[ -e "$TMPDIR" ] || exit')
    )
    words = {key[2]: failure.words for key, failure in report.failures.items()}
    codes = {key[2]: failure.exit_code for key, failure in report.failures.items()}
    assert words["t1"] == "failed"
    assert words["t2"] == words["t3"] == "WRONG"
    assert codes["t1"] is ExitCode.TRIAL
    assert codes["t2"] is ExitCode.ANSWER_IS_NO
    assert "oh" in report.failures["task", "fast", "t1"].message


def test_a_failure_while_warming_up_says_why(run: Run, tmp_path: Path) -> None:
    # The check is the first execution, the warm-up the second.
    hang = f"echo >> {tmp_path}/n; [ $(wc -l < {tmp_path}/n) -lt 2 ] || sleep 60"
    report = run(experiment(tmp_path, hang, timeout_ns=300_000_000))
    failure = report.failures["task", "fast", "t0"]
    assert failure.words == "timed out (warming up, given up)"
    assert "ran past its timeout of 0.3 s" in failure.message


def test_ctrl_c_keeps_what_was_measured_and_resuming_tops_it_up(run: Run, tmp_path: Path) -> None:
    asked = experiment(tmp_path, "echo 1", "echo 1")
    first = run(asked, stop_after=7)  # two to warm up, two blocks, half of the third
    assert first.interrupted
    assert [m.trials for m in first.run.measurements] == [2, 2]
    assert not read_run(first.folder).finished

    plan = read_run(first.folder).plan
    second = run(replace(asked, settings=replace(asked.settings, seed=None)), first.folder)
    assert not second.interrupted
    assert [m.trials for m in second.run.measurements] == [5, 5]
    assert read_run(first.folder).plan == plan
    assert (second.run.seed, second.run.started_at_ns) == (11, first.run.started_at_ns)
    assert len(read_parquet(first.folder / "trials.parquet")) == 7 + 2 * 3
    assert run_folders(tmp_path / "results") == [first.folder]


def test_a_run_does_not_go_on_with_another_program(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "script.sh"
    script.write_text("#!/bin/sh\necho 1\n")
    script.chmod(0o755)
    asked = experiment(tmp_path, "", sources=(script,))
    first = run(asked, stop_after=3)
    script.write_text("#!/bin/sh\necho 1; true\n")
    with pytest.raises(NotAllowed, match="t0 is not what it was"):
        run(asked, first.folder)


@pytest.mark.parametrize("what", ["environment", "argument", "parameter", "input"])
def test_a_run_does_not_go_on_with_something_else_to_work_on(
    run: Run, tmp_path: Path, what: str
) -> None:
    data = tmp_path / "data.txt"
    data.write_text("1")
    begun = experiment(tmp_path, "echo 1", inputs=(data,))
    first = run(begun, stop_after=3)
    cell = begun.cells[0]
    changed = {
        "environment": replace(cell, target=replace(cell.target, env={"THREADS": "4"})),
        "argument": replace(cell, target=replace(cell.target, args=("sh", "-c", "echo 1", "x"))),
        "parameter": replace(cell, case=replace(cell.case, params={"n": 2})),
        "input": cell,
    }
    if what == "input":
        data.write_text("2")
    with pytest.raises(NotAllowed, match="t0 on fast is not given what it was"):
        run(replace(begun, cells=(changed[what],)), first.folder)


class Elsewhere(LocalRunner):
    """A runner on another machine."""

    def host(self) -> Host:
        return replace(super().host(), id="another", cpu="Slow CPU")


def test_a_run_does_not_go_on_on_another_machine(run: Run, tmp_path: Path) -> None:
    asked = experiment(tmp_path, "echo 1")
    first = run(asked, stop_after=3)
    orchestrator = Orchestrator(
        Adapters(), Elsewhere(tmp_path / "scratch", tmp_path / "cache"), tmp_path / "builds"
    )
    with pytest.raises(NotAllowed, match=r"another machine.*this is Slow CPU"):
        perform(orchestrator, tmp_path / "results", asked, first.folder)


@pytest.mark.parametrize("stop_after", [0, 3])
def test_clean_up_commands_run_however_a_run_ends(
    run: Run, tmp_path: Path, stop_after: int
) -> None:
    commands = {
        "setup": (("sh", "-c", "echo > made"),),
        "cleanup": (("rm", "made"), ("sh", "-c", "exit 9")),
    }
    report = run(experiment(tmp_path, "echo 1", **commands), stop_after=stop_after)
    assert report.interrupted == bool(stop_after)
    assert not (tmp_path / "made").exists()
    assert "cleanup command" in report.run.warnings[0]


def test_clean_up_commands_run_after_ctrl_c_in_a_set_up(run: Run, tmp_path: Path) -> None:
    stop = "kill -INT $PPID; sleep 5"
    asked = experiment(
        tmp_path,
        "echo 1",
        setup=(("sh", "-c", "echo > made"), ("sh", "-c", stop)),
        cleanup=(("rm", "made"),),
    )
    with pytest.raises(KeyboardInterrupt):
        run(asked)
    assert not (tmp_path / "made").exists()


def test_the_expected_output_is_made_on_the_cpus_of_the_trials(run: Run, tmp_path: Path) -> None:
    one = min(os.sched_getaffinity(0))
    asked = experiment(tmp_path, "nproc")
    report = run(replace(asked, settings=replace(asked.settings, cpus=(one,))))
    (measurement,) = report.run.measurements
    assert measurement.output_ok
