"""Events: the chain holds, and whatever was changed is named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.campaign.events import GENESIS, Kind, next_event, parse_journal
from harness.errors import DataDamaged

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def chain(*data: object) -> list:
    events: list = []
    for n, value in enumerate(data):
        events.append(next_event(events, Kind.PROFILED, {"value": value}, n))
    return events


def text_of(events: list) -> str:
    return "".join(f"{event.line}\n" for event in events)


@given(st.lists(VALUES, max_size=4))
def test_a_journal_reads_back_what_was_written(data):
    events = chain(*data)
    assert parse_journal(text_of(events), "j") == events


def test_each_event_carries_the_digest_of_the_one_before():
    first, second = chain(1, 2)
    assert first.previous == GENESIS
    assert second.previous == first.digest


def test_a_last_line_that_was_torn_does_not_count():
    events = chain(1, 2, 3)
    torn = text_of(events)[:-10]
    assert parse_journal(torn, "j") == events[:2]


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda lines: [lines[0], lines[1].replace("22", "23"), lines[2]], "event 2: its content"),
        (lambda lines: [lines[0], lines[2]], "event 2: it says that it is event 3"),
        (lambda lines: [lines[0], "{}", lines[2]], "event 2: not an event"),
        (lambda lines: [lines[0], lines[1].replace(":", ": ", 1), lines[2]], "event 2"),
        (lambda lines: [lines[1], lines[2]], "event 1"),
    ],
)
def test_a_changed_journal_is_named_at_its_first_wrong_event(spoil, named):
    lines = [event.line for event in chain(11, 22, 33)]
    with pytest.raises(DataDamaged, match=named):
        parse_journal("".join(f"{line}\n" for line in spoil(lines)), "j")


def test_an_event_with_a_digest_of_its_own_making_does_not_follow():
    lines = [event.line for event in chain(1, 2, 3)]
    forged = next_event(chain(1, 99), Kind.PROFILED, {"value": 3}, 2)
    lines[2] = forged.line
    with pytest.raises(DataDamaged, match="event 3: it does not follow"):
        parse_journal("".join(f"{line}\n" for line in lines), "j")


def test_infinity_is_refused_before_it_is_written():
    with pytest.raises(ValueError, match="JSON"):
        _ = chain(float("inf"))[0].line


def test_a_line_is_plain_json():
    (event,) = chain({"a": 1.5})
    loaded = json.loads(event.line)
    assert loaded["data"] == {"value": {"a": 1.5}}
    assert loaded["sha256"] == event.digest


@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", '"\\ud800"', "9" * 5000, "[" * 100_000, "[" * 600 + "]" * 600, "{" * 9],
    ids=["nan", "infinity", "surrogate", "digits", "unclosed", "deep", "braces"],
)
def test_values_that_were_never_written_are_damage(value):
    rest = f'"kind":"profiled","n":1,"prev":"{GENESIS}","sha256":""'
    line = f'{{"at_ns":0,"data":{{"value":{value}}},{rest}}}'
    with pytest.raises(DataDamaged, match="event 1"):
        parse_journal(line + "\n", "j")
