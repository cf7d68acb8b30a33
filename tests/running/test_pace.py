"""What is said of a run that goes on: its block, what is open, and how long it takes at most."""

import itertools
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.model import Case, Completed
from harness.running import Cell, Ready, Settings, make_groups
from harness.running.listening import Quiet
from harness.running.overheard import Overheard
from harness.running.pace import (
    LONGEST_WAIT_NS,
    LOOK_EVERY_NS,
    LOOK_SHARE,
    SAY_EVERY_NS,
    Pace,
    open_words,
)
from harness.running.telling_steps import TellingSteps
from harness.stats.boundary import sign_boundary
from harness.stats.paired import RatioInterval, sequence_of
from harness.testing import make_build, make_output, make_target, make_task


@dataclass
class Heard(Quiet):
    """A listener that keeps what it was told."""

    said: list[str] = field(default_factory=list)

    def step(self, what: str) -> None:
        self.said.append(what)

    def detail(self, words: str) -> None:
        self.said.append(words)


class Rule:
    """A stop rule with intervals that are given."""

    def __init__(self, *intervals: RatioInterval) -> None:
        self.judges = [
            SimpleNamespace(
                pairs=[1],
                interval=each,
                sequence=sequence_of([9.0], [8.0], sign_boundary(0.95)),
                weighed=SimpleNamespace(whole_blocks=None, at_this_pace=lambda: math.inf),
                to_confirm=0,
                question=Settings().question,
            )
            for each in intervals
        ]

    def __call__(self, blocks: object) -> None:
        return None

    def open_judges(self) -> list[Any]:
        return self.judges


@pytest.fixture
def group(tmp_path: Path):
    count = itertools.count()

    def make(*intervals: RatioInterval):
        target = make_target(tmp_path)
        cell = Cell(make_task(), Case("fast"), target)
        ready = Ready(
            cell,
            SimpleNamespace(name="x"),
            make_build(target),
            make_output(tmp_path / str(next(count))),
        )
        (made,) = make_groups([ready], lambda members: Rule(*intervals))
        return made

    return make


def test_the_widest_range_stands_beside_how_long_a_verdict_takes(group) -> None:
    narrow, wide = RatioInterval(0.0, -0.01, 0.01), RatioInterval(0.05, -0.05, 0.15)
    made = group(narrow)
    assert open_words(made, Settings()) == "1.000x so far, 0.990x to 1.010x"
    made.made, made.spent_ns = 1, 2 * 10**9
    for judge in made.rule.judges:
        judge.weighed = SimpleNamespace(whole_blocks=6, at_this_pace=lambda: 4.5)
    said = "1.000x so far, 0.990x to 1.010x, about 10s to a verdict"
    assert open_words(made, Settings()) == said
    for judge in made.rule.judges:
        judge.to_confirm = 3
    said = "1.000x so far, 0.990x to 1.010x, about 6s until its size is known too: a gain is sure"
    assert open_words(made, Settings()) == said
    assert open_words(group(narrow, wide), Settings()) == "0.951x to 1.16x so far, 2 still open"


def test_a_wanted_precision_stands_beside_what_there_is(group) -> None:
    made = group(RatioInterval(0.0, -0.03, 0.03))
    settings = Settings(question=replace(Settings().question, precision=0.01))
    said = "1.000x so far, 0.970x to 1.030x: 3.0 % to either side, 1.0 % is wanted"
    assert open_words(made, settings) == said


def test_a_range_that_says_nothing_is_not_known_yet_and_of_fixed_trials_nothing_is_said(
    group,
) -> None:
    for end in (float("inf"), 2.5):
        assert open_words(group(RatioInterval(0.0, -end, end)), Settings()) == "not known yet"
    open_one = RatioInterval(0.0, -1.0, 1.0)
    assert open_words(group(open_one), Settings(trials=5)) == ""
    assert open_words(group(), Settings()) == ""


def test_from_the_second_block_on_what_was_seen_is_said(group) -> None:
    made = group(RatioInterval(0.0, -float("inf"), float("inf")))
    made.rule.judges[0].sequence = sequence_of(
        [1e9, 1.2e9], [1e9, 1e9], sign_boundary(0.95), resolution=1.0
    )
    said = "1.000x to 1.20x in the blocks so far, too few to tell"
    assert open_words(made, Settings()) == said


def test_the_time_left_is_what_budget_and_trials_leave_at_most(group) -> None:
    made, heard = group(), Heard()
    made.made, made.spent_ns, made.next_block = 1, 2 * 10**9, 1
    Pace(TellingSteps(heard), Settings(trials=4), [made]).block_begins(made, None)
    Pace(TellingSteps(heard), Settings(trials=4), [made]).block_begins(made, 5 * 10**9)
    Pace(TellingSteps(heard), Settings(), [made]).block_begins(made, None)
    task = made.members[0].cell.task.name
    assert heard.said == [
        f"{task}: block 2; at most 8s left",
        f"{task}: block 2; at most 5s left",
        f"{task}: block 2",
    ]


def test_of_blocks_too_short_to_be_seen_only_some_are_said(
    group, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, heard = group(), Heard()
    now_ns = lambda: made.next_block * SAY_EVERY_NS // 4  # noqa: E731
    monkeypatch.setattr("harness.running.pace.time", SimpleNamespace(monotonic_ns=now_ns))
    pace = Pace(TellingSteps(heard), Settings(), [made])
    for made.next_block in range(9):
        pace.block_begins(made, None)
    task = made.members[0].cell.task.name
    assert heard.said == [f"{task}: block {number}" for number in (1, 5, 9)]


def test_a_builds_commands_and_warnings_are_overheard() -> None:
    heard = Heard()
    done = Completed(("cc",), 0, "", "w.c:1: warning: unused\n", 1)
    runner = SimpleNamespace(tool=lambda argv, **_: done)
    assert Overheard(runner, heard).tool(["cc", "a b.c"]) is done  # type: ignore[arg-type]
    assert heard.said == ["$ cc 'a b.c'", "w.c:1: warning: unused"]


@pytest.mark.parametrize(
    ("took_ns", "wait_ns"),
    [
        (LOOK_EVERY_NS // 1000, LOOK_EVERY_NS),
        (LOOK_EVERY_NS // 10, LOOK_SHARE * LOOK_EVERY_NS // 10),
        (LOOK_EVERY_NS, LONGEST_WAIT_NS),
    ],
)
def test_what_takes_long_to_look_at_is_looked_at_less_often(
    group, monkeypatch: pytest.MonkeyPatch, took_ns: int, wait_ns: int
) -> None:
    made, clock, looks = group(), SimpleNamespace(ns=0), []

    def looked(*_: object) -> str:
        looks.append(clock.ns)
        clock.ns += took_ns
        return ""

    monkeypatch.setattr("harness.running.pace.time", SimpleNamespace(monotonic_ns=lambda: clock.ns))
    monkeypatch.setattr("harness.running.pace.open_words", looked)
    pace = Pace(TellingSteps(Heard()), Settings(), [made])
    for clock.ns in range(0, 3 * wait_ns, wait_ns // 10):
        pace.block_begins(made, None)
    assert looks == [0, wait_ns, 2 * wait_ns]
