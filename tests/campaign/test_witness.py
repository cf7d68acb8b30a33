"""A witness finds a chain that was written anew."""

from __future__ import annotations

import pytest

from harness.campaign.events import Event, Kind, next_event
from harness.campaign.witness import (
    Seen,
    Statement,
    chain_in,
    chain_line,
    parse_witness,
    statement_on,
    witness_line,
)
from harness.errors import DataDamaged


def chain(count: int, word: str = "a") -> list[Event]:
    events: list[Event] = []
    for number in range(count):
        events.append(next_event(events, Kind.DECIDED, {"word": word}, 10**9 * number))
    return events


def seen(events: list[Event]) -> list[Seen]:
    return parse_witness("".join(f"{witness_line(e)}\n" for e in events), "here")


def test_a_chain_that_was_seen_agrees() -> None:
    events = chain(3)
    assert statement_on(events, seen(events)) == Statement(3)
    assert statement_on(events, seen(events[:2])) == Statement(2)
    assert statement_on(events, []) == Statement(0)
    assert statement_on(events, seen([*events, events[-1]])) == Statement(3)


def test_a_chain_that_was_written_anew_is_found() -> None:
    first, other = chain(3), chain(3, "b")
    said = statement_on(other, seen(first))
    assert said.agreed == 0
    assert "was written anew" in said.problems[0]


def test_a_chain_that_was_written_anew_from_an_event_on_is_found() -> None:
    first = chain(4)
    other = [*first[:2], next_event(first[:2], Kind.DECIDED, {"word": "forged"}, 10**10)]
    said = statement_on(other, seen(first))
    assert said.agreed == 2
    assert said.problems[0].startswith("event 3 is not the one that was seen")


def test_events_that_were_taken_away_are_found() -> None:
    events = chain(4)
    (words,) = statement_on(events[:3], seen(events)).problems
    assert words.startswith("event 4 (")
    assert words.endswith("was seen, and is not here")


def test_a_campaign_that_was_begun_again_is_no_forgery() -> None:
    first, second = chain(3), chain(2, "b")
    assert statement_on(second, seen([*first, *second])) == Statement(2, (), 1)


def test_a_witness_that_came_later_has_seen_the_rest() -> None:
    events = chain(4)
    assert statement_on(events, seen(events[2:])) == Statement(2)


def test_what_is_no_witness_is_named() -> None:
    with pytest.raises(DataDamaged, match=r"here: line 1 is none of a witness: 'nonsense'"):
        parse_witness("nonsense\n", "here")
    assert parse_witness(f"{witness_line(chain(1)[0])}\n2 torn", "here") == seen(chain(1))


def test_a_tag_tells_the_chain() -> None:
    event = chain(3)[-1]
    assert chain_in(f"End\n\n{chain_line(event)}\n") == Seen(3, event.digest)
    assert chain_in("End of campaign work") is None
