"""What a target reports of itself: read, bounded, and no part of its output."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.model import Command, MetricInfo, Trial, TrialPlan, TrialStatus
from harness.system.process.own_figures import MOST_LINE_BYTES
from harness.system.process.runner import LocalRunner
from harness.testing import make_target

DECLARED = (MetricInfo("speed", "MB/s"), MetricInfo("steps"))


def trial(runner: LocalRunner, root: Path, script: str, metrics=DECLARED) -> Trial:
    target = make_target(root, metrics=metrics)
    return runner.trial(Command(("sh", "-c", script), target=target), TrialPlan())


def printed(made: Trial) -> str:
    assert made.output is not None, made.message
    return made.output.stdout.read_text()


def test_a_figure_on_standard_output_is_taken_out_of_it(any_runner, tmp_path):
    made = trial(any_runner, tmp_path, "echo 1; echo METRIC speed=2.5 MB/s; echo 3")
    assert made.metrics == {"speed": 2.5}
    assert printed(made) == "1\n3\n"


def test_trials_whose_figures_differ_have_one_output(runner, tmp_path):
    digests = set()
    for value in (1, 22, 333):
        made = trial(runner, tmp_path, f"echo 42; echo 'METRIC steps = {value}'; printf end")
        assert made.metrics == {"steps": value}
        assert printed(made) == "42\nend"
        digests.add(made.output.digest)
    assert digests == {trial(runner, tmp_path, "echo 42; printf end").output.digest}


def test_a_long_output_stays_as_it_is(runner, tmp_path):
    script = "seq 1 50000; echo METRIC steps=1; seq 50001 100000; echo METRIC steps=2; echo x"
    made = trial(runner, tmp_path, script)
    assert made.metrics == {"steps": 2}
    assert printed(made) == "".join(f"{n}\n" for n in range(1, 100001)) + "x\n"


def test_figures_may_stand_in_a_file(runner, tmp_path):
    script = 'printf "speed=4 MB/s\\nMETRIC steps=7\\nnoise\\nother=3\\n" >"$HARNESS_METRICS"'
    made = trial(runner, tmp_path, script)
    assert made.metrics == {"speed": 4, "steps": 7}


@pytest.mark.parametrize(
    "line",
    [
        "METRIC other=1",
        "METRIC speed",
        "metric speed=1",
        " METRIC speed=1",
        "METRICspeed=1",
        "METRIC speed=1 MB/s and more",
        "METRIC speed=" + "1" * MOST_LINE_BYTES,
    ],
)
def test_any_other_line_is_output(runner, tmp_path, line):
    made = trial(runner, tmp_path, f"echo '{line}'")
    assert made.metrics == {}
    assert printed(made) == f"{line}\n"


def test_without_a_declaration_nothing_is_read_or_offered(runner, tmp_path):
    script = 'echo METRIC speed=1; echo "<$HARNESS_METRICS>"'
    made = trial(runner, tmp_path, script, ())
    assert made.metrics == {}
    assert printed(made) == "METRIC speed=1\n<>\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("METRIC speed=fast", "want a finite number, got 'fast'"),
        ("METRIC speed=nan MB/s", "want a finite number, got 'nan'"),
        ("METRIC speed=1e999", "want a finite number"),
        ("METRIC speed=1 kB/s", "given in 'kB/s', and declared in 'MB/s'"),
    ],
)
def test_a_declared_figure_that_cannot_be_read_fails_the_trial(runner, tmp_path, line, words):
    made = trial(runner, tmp_path, f"echo {line}")
    assert made.status is TrialStatus.FAILED
    assert words in made.message
    assert made.output is None


@pytest.mark.parametrize("what", ["mkfifo", "ln -s /dev/zero", "mkdir"])
def test_what_is_no_file_in_the_place_of_the_figures_is_passed_over(runner, tmp_path, what):
    made = trial(runner, tmp_path, f'{what} "$HARNESS_METRICS"; echo 1')
    assert made.metrics == {}
    assert printed(made) == "1\n"


def test_another_file_in_the_place_of_standard_output_is_not_touched(runner, tmp_path):
    users = tmp_path / "of the user"
    users.write_text("METRIC speed=1\n")
    script = f'cd "$TMPDIR/.."; rm stdout; ln "{users}" stdout'
    made = trial(runner, tmp_path, script)
    assert users.read_text() == "METRIC speed=1\n"
    assert made.status is TrialStatus.FAILED
