"""Nothing of the harness runs while a trial does: progress is shown between trials."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace

import pytest

from harness.cli.shared.measuring import Everything, Lines, Terminal, progress
from harness.model import Mode, TrialRecord, TrialStatus
from harness.running.listening import (
    ProgressEvent,
    Quiet,
    StepBegun,
    Telling,
    TimingBegun,
    Told,
    listener_of,
)
from harness.testing import make_trial


def record() -> TrialRecord:
    return TrialRecord(
        *("run", "task", "case", "target", "command", "any", "digest"),
        mode=Mode.COLD,
        block=0,
        position=0,
        warmup=False,
        started_at_ns=0,
        trial=make_trial(),
    )


@dataclass
class Clock:
    """A clock that stands until it is told otherwise."""

    now_s: float = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("harness.cli.shared.measuring.time", made)
    return made


@dataclass
class Spinner:
    """What rich gives."""

    shown: list[str] = field(default_factory=list)
    stopped: int = 0

    def update(self, line: str) -> None:
        self.shown.append(line)

    def stop(self) -> None:
        self.stopped += 1


def ended(before: int) -> bool:
    """Are there as many threads as before? One that was told to end has a moment for it."""
    for _ in range(1000):
        if threading.active_count() == before:
            return True
        time.sleep(0.002)
    return False


@pytest.mark.parametrize("terminal", [False, True])
def test_no_thread_is_left_once_trials_are_timed(
    monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    before = threading.active_count()
    with progress() as listener:
        listener.step("building work")
        assert threading.active_count() > before
        listener.measuring()
        assert ended(before)
        listener.trial(record())
        assert threading.active_count() == before
    assert ended(before)


def test_lines_are_written_between_blocks_when_they_are_due(clock: Clock) -> None:
    written: list[str] = []
    lines = Lines(written.append, clock.now_s)
    lines.measuring()
    lines.step("work: block 1")
    assert written == []
    for after_s in (6, 7, 17):
        clock.now_s = 100.0 + after_s
        lines.trial(record())
        assert len(written) < 2
        lines.step(f"work: block {after_s}")
    assert written == [
        "harness: 6 s: work: block 6 (1 trials so far)",
        "harness: 17 s: work: block 17 (3 trials so far)",
    ]


def test_a_terminals_line_is_drawn_between_blocks_and_not_after_each(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    spinner, written = Spinner(), []
    terminal = Terminal(spinner, written.append)
    terminal.step("building work")
    terminal.measuring()
    assert (spinner.shown, spinner.stopped) == (["building work"], 1)
    written.clear()
    for block in range(100):
        clock.now_s += 0.01
        terminal.trial(record())
        assert len(written) <= block
        terminal.step("work: block 7; at most 3s left")
    assert 1 <= len(written) <= 3
    assert written[-1] == "\r\x1b[2Kwork: block 7; at m"
    terminal.end()
    assert written[-1] == "\r\x1b[2K"


def test_everything_is_said_to_those_who_ask(clock: Clock) -> None:
    written: list[str] = []
    told = Everything(written.append)
    told.step("building work")
    told.detail("$ cc -Wall work.c\nwork.c:1: warning: unused")
    told.measuring()
    clock.now_s += 10
    for block in range(100):
        told.step(f"work: block {block}")
    told.trial(replace(record(), trial=make_trial(status=TrialStatus.TIMED_OUT)))
    assert written == [
        "harness: building work",
        "  $ cc -Wall work.c\n  work.c:1: warning: unused",
        "harness: work: block 0",
        "harness: target: timed out",
    ]


def test_a_program_that_follows_a_run_is_told_when_timing_begins() -> None:
    events: list[ProgressEvent] = []
    listener = Telling(events.append)
    listener.step("building work")
    listener.measuring()
    assert events == [StepBegun("building work"), TimingBegun()]
    spinner = Spinner()
    Told(Terminal(spinner, lambda text: None))(TimingBegun())
    assert spinner.stopped == 1


def test_a_listener_behind_a_callable_is_told_itself():
    listener = Quiet()
    assert listener_of(Told(listener)) is listener
    seen: list[ProgressEvent] = []
    listener_of(seen.append).step("building")
    assert seen == [StepBegun("building")]
