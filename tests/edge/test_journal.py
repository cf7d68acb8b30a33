"""The journal on disk: nothing lost, nothing doubled, nothing believed that is torn."""

from pathlib import Path

import pytest

from harness.campaign.events import Event, Kind
from harness.edge.journal import Journal, read_events
from harness.errors import DataDamaged, StorageFailed


def write(journal: Journal, count: int) -> list[Event]:
    events: list[Event] = []
    for n in range(count):
        event = journal.draft(events, Kind.PROFILED, {"n": n})
        journal.append(event)
        events.append(event)
    return events


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    ticks = iter(range(10, 1000))
    return Journal(
        tmp_path / "optim" / "events.jsonl", tmp_path / "copy.jsonl", lambda: next(ticks)
    )


def test_what_was_appended_is_read_back(journal):
    assert write(journal, 3) == journal.read()
    assert read_events(journal.copy) == journal.read()


def test_a_torn_line_does_not_count_and_is_cut_off_by_the_next(journal):
    events = write(journal, 2)
    with journal.path.open("a") as file:
        file.write('{"n": 3, "at')
    assert journal.read() == events
    third = journal.draft(events, Kind.PROFILED, {"n": 2})
    journal.append(third)
    assert journal.read() == [*events, third]


def test_time_does_not_go_backwards(tmp_path):
    ticks = iter([100, 50])
    journal = Journal(tmp_path / "events.jsonl", clock=lambda: next(ticks))
    assert [event.at_ns for event in write(journal, 2)] == [100, 100]


def test_lines_that_were_taken_away_are_put_back(journal):
    events = write(journal, 3)
    lines = journal.path.read_text().splitlines(keepends=True)
    journal.path.write_text("".join(lines[:1]))
    assert journal.read() == events[:1]
    assert journal.read(restore=True) == events
    assert journal.restored == 2
    assert journal.read() == events


def test_a_copy_that_lags_behind_is_completed(journal):
    events = write(journal, 3)
    lines = journal.copy.read_text().splitlines(keepends=True)
    journal.copy.write_text("".join(lines[:2]))
    assert journal.read(restore=True) == events
    assert journal.restored == 0
    assert read_events(journal.copy) == events


def test_a_copy_that_is_not_there_yet_begins_whole(journal):
    events = write(journal, 2)
    journal.copy.unlink()
    third = journal.draft(events, Kind.PROFILED, {"n": 2})
    journal.append(third)
    assert read_events(journal.copy) == [*events, third]


def test_another_story_than_the_copy_s_is_damage(journal, tmp_path):
    write(journal, 2)
    other = Journal(tmp_path / "other.jsonl", clock=lambda: 7)
    write(other, 2)
    journal.path.write_text(other.path.read_text())
    with pytest.raises(DataDamaged, match="event 1: not the one that this machine wrote"):
        journal.read()


def test_a_journal_that_does_not_exist_is_empty(tmp_path):
    assert read_events(tmp_path / "none.jsonl") == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "optim").write_text("a file")
    journal = Journal(tmp_path / "optim" / "events.jsonl")
    with pytest.raises(StorageFailed, match="cannot write"):
        journal.append(journal.draft([], Kind.PROFILED, {}))
