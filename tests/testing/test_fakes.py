"""The fakes that adapter authors test with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import harness_perl
from harness.errors import BuildFailed, ToolchainMissing
from harness.hookspecs import Runner
from harness.model import Command, TrialPlan, TrialStatus
from harness.plugins import Adapter
from harness.testing import (
    FakeRunner,
    completed,
    make_build,
    make_case,
    make_output,
    make_target,
    make_task,
    make_toolchain,
    make_trial,
)
from harness.testing.fakes import EmptyMachine, RecordingRunner
from harness.testing.traces import changes_below, processes_with, snapshot


@pytest.fixture
def fake(tmp_path: Path) -> FakeRunner:
    return FakeRunner(tmp_path / "fake", programs=["perl", "/opt/bin/tool"])


def test_fakes_are_runners_to_the_type_checker(fake):
    runners: list[Runner] = [fake, RecordingRunner(fake), EmptyMachine()]
    assert len(runners) == 3


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("perl", "/usr/bin/perl"),
        ("/usr/bin/perl", "/usr/bin/perl"),
        ("/opt/bin/tool", "/opt/bin/tool"),
        ("tool", None),
        ("ruby", None),
    ],
)
def test_only_the_named_programs_are_found(fake, name, place):
    assert fake.find(name) == (Path(place) if place else None)


def test_a_tool_answers_by_script_and_the_last_word_wins(fake):
    fake.on("-v", completed("old"))
    fake.on("-v", lambda call: completed(call.argv[0], exit_code=len(call.argv)))
    done = fake.tool(["perl", "-v"], timeout_s=5)
    assert (done.argv, done.stdout, done.exit_code) == (("perl", "-v"), "perl", 2)
    assert fake.tool_calls[0].timeout_s == 5


def test_a_tool_call_without_a_script_is_an_error_that_shows_it(fake):
    with pytest.raises(AssertionError, match="'perl -c x'"):
        fake.tool(["perl", "-c", "x"])


def test_programs_print_what_was_said_and_are_remembered(fake):
    fake.stdout = "55\n"
    command = Command(("perl", "x.pl"))
    assert fake.output(command).stdout.read_text() == "55\n"
    trial = fake.trial(command, TrialPlan(pad_bytes=8))
    assert trial.ok
    assert trial.pad_bytes == 8
    assert trial.output is not None
    assert trial.output.stdout.read_text() == "55\n"
    assert fake.commands == [command, command]
    assert fake.plans == [TrialPlan(pad_bytes=8)]


def test_scripted_trials_are_handed_out_in_turn(fake):
    fake.trials = [make_trial(7), make_trial(9, status=TrialStatus.TIMED_OUT)]
    given = [fake.trial(Command(("perl",)), TrialPlan()) for _ in range(3)]
    assert [trial.wall_ns for trial in given] == [7, 9, 1_000_000]
    assert [trial.output is None for trial in given] == [False, True, False]


def test_an_adapter_is_tested_without_its_language(fake, tmp_path):
    """What the documentation shows."""
    adapter = Adapter("perl", harness_perl)
    fake.on("-MConfig", completed("v5.36.0 x86_64"))
    fake.on("-c", completed(stderr="syntax error at line 1", exit_code=255))
    source = tmp_path / "x.pl"
    source.write_text("my $x = ;")
    target = make_target(tmp_path, sources=(source,))
    with pytest.raises(BuildFailed, match="syntax error at line 1"):
        adapter.build(target, adapter.probe(fake), tmp_path / "builds", fake)
    assert fake.tool_calls[-1].argv == ("/usr/bin/perl", "-c", str(source))


def test_a_recording_runner_hands_on_and_remembers(fake):
    fake.on("-v", completed("5"))
    recording = RecordingRunner(fake)
    assert recording.find("perl") == Path("/usr/bin/perl")
    assert recording.tool(["perl", "-v"]).stdout == "5"
    trial = recording.trial(Command(("perl",)), TrialPlan())
    recording.output(Command(("perl",)))
    assert recording.trials == [trial]
    assert len(recording.commands) == len(fake.commands) == 2
    assert recording.tool_calls == fake.tool_calls


@pytest.mark.parametrize(
    "use",
    [
        lambda runner: runner.tool(["cc"]),
        lambda runner: runner.output(Command(("cc",))),
        lambda runner: runner.trial(Command(("cc",)), TrialPlan()),
    ],
    ids=["tool", "output", "trial"],
)
def test_an_empty_machine_has_nothing(use):
    assert EmptyMachine().find("cc") is None
    with pytest.raises(ToolchainMissing, match="cc: no such program"):
        use(EmptyMachine())


# -- values -------------------------------------------------------------------------------------


def test_values_take_what_matters_and_fill_in_the_rest(tmp_path):
    target = make_target(tmp_path, name="mine", args=("{n}",))
    assert (target.name, target.arguments(make_case(n=3))) == ("mine", ("3",))
    assert make_build(target, cached=True).cached
    assert make_build(target).toolchain == make_toolchain()
    assert make_task(reference="mine").case().name == "fast"


def test_outputs_with_the_same_content_have_the_same_digest(tmp_path):
    one, two, other = (
        make_output(tmp_path / name, "1\n", files={"a/b.csv": text})
        for name, text in [("one", "x"), ("two", "x"), ("other", "y")]
    )
    assert one.digest == two.digest != other.digest
    assert (one.folder / "a/b.csv").read_text() == "x"


# -- traces -------------------------------------------------------------------------------------


def test_made_changed_and_removed_files_are_named(tmp_path):
    for name in ("kept", "changed", "removed"):
        (tmp_path / name).write_text("1")
    before = snapshot(tmp_path)
    assert changes_below(tmp_path, before) == []
    (tmp_path / "changed").write_text("2")
    (tmp_path / "removed").unlink()
    (tmp_path / "made").mkdir()
    assert changes_below(tmp_path, before) == ["changed", "made", "removed"]


def test_a_process_is_found_by_its_environment():
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], env={"MARK": "here"}, stdin=subprocess.PIPE
    ) as process:
        found = processes_with("MARK=here")
        process.kill()
    assert found == [process.pid]
    assert processes_with("MARK=here") == []
