"""What the launcher says that a trial left in its folder in memory, and what becomes of that."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model import Command, Target, Trial, TrialPlan, WorkingFolder
from harness.system.launcher import protocol
from harness.system.process.runner import LocalRunner
from harness.system.process.scratch import MEMORY, Scratch
from harness.system.process.trial_folder import TrialFolder

PLAN = TrialPlan()
OUT, ERR = protocol.TOUCHED_STDOUT, protocol.TOUCHED_STDERR
PHASES, MORE = protocol.TOUCHED_PHASES, protocol.TOUCHED_MORE


@pytest.fixture
def runner(launcher_cache: Path) -> Iterator[LocalRunner]:
    """A runner whose trials have their folders in tmpfs."""
    try:
        place = tempfile.TemporaryDirectory(dir=MEMORY)
    except OSError:
        pytest.skip(f"{MEMORY} is not to be had")
    with place as folder:
        made = LocalRunner(Path(folder) / "scratch", launcher_cache)
        if not made.trial(in_scratch("true"), PLAN).ok or not made._scratch._sized:
            pytest.skip(f"{MEMORY} does not tell by its size what a folder has")
        yield made
        made.close()


def in_scratch(script: str) -> Command:
    target = Target("a", "t", "command", Path("/"), working_folder=WorkingFolder.SCRATCH)
    return Command(("sh", "-c", script), {}, target)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """What the launcher said of each trial."""
    heard: list[int | None] = []

    def was_left(scratch: Scratch, folder: TrialFolder, touched: int | None) -> None:
        heard.append(touched)
        note(scratch, folder, touched)

    note = Scratch.was_left
    monkeypatch.setattr(Scratch, "was_left", was_left)
    return heard


ROOT = "$TMPDIR/.."


@pytest.mark.parametrize(
    ("script", "touched"),
    [
        ("true", 0),
        ("echo x", OUT),
        ("echo x >&2", ERR),
        ("echo x; echo x >&2", OUT | ERR),
        ("printf '1\\t5\\tload\\n' >$HARNESS_PHASES", PHASES),
        ("touch file", MORE),
        ("touch $TMPDIR/file", MORE),
        ("mkdir folder", MORE),
        (f"touch {ROOT}/file", MORE),
        (f"rmdir {ROOT}/tmp", MORE),
        (f"chmod 500 {ROOT}/work", MORE),
        (f"echo x >{ROOT}/stdin", MORE),
        (f"chmod 400 {ROOT}/stdout", OUT),
        (f"mv {ROOT}/stdout {ROOT}/was; touch {ROOT}/stdout; rm {ROOT}/was", MORE),
        (f"rm {ROOT}/phases; touch {ROOT}/phases; chmod 600 {ROOT}/phases", MORE),
        (f"rm {ROOT}/stderr; mkdir {ROOT}/stderr", MORE),
        (f"ln {ROOT}/stdout {ROOT}/../link", OUT),
        ("at=$(dirname $TMPDIR); cp -a $at $at.new && mv $at $at.old && mv $at.new $at", MORE),
    ],
)
def test_what_a_trial_left_is_told_and_the_next_one_finds_nothing_of_it(
    runner: LocalRunner, said: list[int | None], script: str, touched: int
) -> None:
    first = runner.trial(in_scratch(script), PLAN)
    if first.output is not None:
        runner.discard(first.output)
    after = runner.trial(in_scratch(f"ls -A; ls -A $TMPDIR; ls -A {ROOT}; echo x >&2"), PLAN)
    assert said == [touched, OUT | ERR]
    assert printed(after).split() == ["phases", "stderr", "stdin", "stdout", "tmp", "work"]
    assert after.output is not None
    assert after.output.stderr.read_text() == "x\n"
    assert after.phases == ()


def test_outputs_and_phases_are_those_of_the_trial_whatever_the_one_before_left(
    runner: LocalRunner,
) -> None:
    scripts = ["true", "echo a", "true", "printf '1\t5\tload\n' >$HARNESS_PHASES", "echo b", "true"]
    trials = []
    for script in scripts:
        trials.append(runner.trial(in_scratch(script), PLAN))
        assert trials[-1].output is not None
        wanted = f"{script[5:]}\n" if script.startswith("echo") else ""
        assert trials[-1].output.stdout.read_text() == wanted
        runner.discard(trials[-1].output)
    digests = [trial.output.digest for trial in trials if trial.output is not None]
    assert digests[0] == digests[2] == digests[3] == digests[5]
    assert len({*digests}) == 3
    assert [len(trial.phases) for trial in trials] == [0, 0, 0, 1, 0, 0]


def test_what_is_put_there_after_the_trial_is_not_the_next_ones(runner: LocalRunner) -> None:
    trial = runner.trial(in_scratch("true"), PLAN)
    assert trial.output is not None
    (trial.output.folder / "late").touch()
    runner.discard(trial.output)
    assert printed(runner.trial(in_scratch("ls -A"), PLAN)) == ""


def printed(trial: Trial) -> str:
    assert trial.output is not None, trial.message
    return trial.output.stdout.read_text()
