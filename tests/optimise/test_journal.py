"""The journal on disk: nothing lost, nothing doubled, nothing believed that is torn."""

from pathlib import Path

import pytest

from harness.campaign.events import Event, Kind
from harness.errors import DataDamaged, StorageFailed
from harness.optimise.journal import Journal, read_events


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
    assert journal.read_all() == events
    assert journal.missing == 2
    assert journal.read() == events[:1], "who reads changes nothing"
    assert journal.recover() == events
    assert journal.read() == events


def test_a_copy_that_lags_behind_is_completed(journal):
    events = write(journal, 3)
    lines = journal.copy.read_text().splitlines(keepends=True)
    journal.copy.write_text("".join(lines[:2]))
    assert journal.recover() == events
    assert journal.missing == 0
    assert read_events(journal.copy) == events


def test_a_copy_that_is_not_there_yet_begins_whole(journal):
    events = write(journal, 2)
    journal.copy.unlink()
    third = journal.draft(events, Kind.PROFILED, {"n": 2})
    journal.append(third)
    assert read_events(journal.copy) == [*events, third]


def test_an_event_follows_the_last_one_in_the_file_or_is_not_written(journal):
    events = write(journal, 2)
    third = journal.draft(events, Kind.PROFILED, {"n": 2})
    journal.append(third)
    content = journal.path.read_bytes()
    for wrong in (third, journal.draft(events[:1], Kind.PROFILED, {}), journal.draft([], *X)):
        with pytest.raises(DataDamaged, match="does not end with the event before"):
            journal.append(wrong)
    assert journal.path.read_bytes() == content


X = (Kind.PROFILED, {"n": 9})


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


def test_a_changed_line_feed_is_no_torn_line(journal):
    write(journal, 2)
    content = journal.path.read_bytes()
    journal.path.write_bytes(content[:-1])
    assert len(journal.read()) == 1, "killed before the line feed was written: it never counted"
    for bit in range(8):
        journal.path.write_bytes(content[:-1] + bytes([content[-1] ^ 1 << bit]))
        with pytest.raises(DataDamaged, match="event 2"):
            journal.read()


def test_a_folder_in_the_place_of_the_journal_is_damage(tmp_path):
    with pytest.raises(DataDamaged, match="cannot be read"):
        read_events(tmp_path)
