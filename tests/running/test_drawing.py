"""What each block is given, and what telling the right output may take."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import ConfigError, UsageError
from harness.model import Case, Output
from harness.model.draws import Range, Seeds
from harness.model.given_values import given_in, given_words
from harness.running import drawing
from harness.running.drawing import FEWEST_DRAWS, Draws

CASE = Case("fast", {"n": 1}, 3, {"n": Range(1, 10**9)})


class Clock:
    """A clock that only telling moves on."""

    def __init__(self) -> None:
        self.now_ns = 0

    def tell(self, cost_ns: int) -> Callable[[Case], Output]:
        def run(_: Case) -> Output:
            self.now_ns += cost_ns
            return Output(Path("work"), Path("stdout"), Path("stderr"), digest="0")

        return run


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(drawing.time, "monotonic_ns", lambda: found.now_ns)
    return found


def walk(draws: Draws, clock: Clock, blocks: int, cost_ns: int, block_ns: int) -> list[str]:
    """The draws of that many blocks, where telling takes `cost_ns` and timing `block_ns`."""
    spent_ns, found = 0, []
    for number in range(blocks):
        before = clock.now_ns
        found.append(draws.of_block(number, spent_ns, clock.tell(cost_ns)).text)
        spent_ns += clock.now_ns - before + block_ns
    return found


def test_every_block_has_a_draw_of_its_own_where_telling_is_cheap(clock: Clock) -> None:
    found = walk(Draws(CASE, Seeds.FRESH, secret=1), clock, 50, cost_ns=1, block_ns=10)
    assert len(set(found)) == 50


def test_draws_go_round_where_telling_is_dear(clock: Clock) -> None:
    draws = Draws(CASE, Seeds.FRESH, secret=1)
    found = walk(draws, clock, 12, cost_ns=1000, block_ns=10)
    assert len(set(found)) == FEWEST_DRAWS
    assert {each.used for each in draws.made} == {3}


def test_draws_follow_from_the_secret_and_the_block(clock: Clock) -> None:
    one, same, other = (
        walk(Draws(CASE, Seeds.FRESH, secret), clock, 6, cost_ns=1, block_ns=10)
        for secret in (1, 1, 2)
    )
    assert one == same
    assert not set(one) & set(other)


def test_a_case_that_draws_nothing_is_given_as_it_is(clock: Clock) -> None:
    draws = Draws(Case("fast", {"n": 1}, 3), Seeds.DECLARED, secret=1)
    draw = draws.of_block(0, 0, clock.tell(5))
    assert (draw.case, draw.text, draw.expected) == (draws.case, "", None)
    assert clock.now_ns == 0


def test_the_same_draw_is_told_once(clock: Clock) -> None:
    case = Case("fast", {"k": "a"}, choices={"k": ("a", "b")})
    draws = Draws(case, Seeds.DECLARED, secret=random.Random(3).getrandbits(8))
    walk(draws, clock, 40, cost_ns=1, block_ns=100)
    assert clock.now_ns == 2


def held_out(tmp_path: Path, text: str) -> Case:
    file = tmp_path / "sets.json"
    file.write_text(text)
    return Case("fast", {"n": 1}, 3, holdout=str(file))


def test_sets_that_are_held_out_are_drawn_and_told_by_their_number(tmp_path: Path) -> None:
    case = held_out(tmp_path, '[{"n": 7, "seed": 12}, {"n": 8}]')
    draws = Draws.of(case, Seeds.DECLARED, secret=1)
    found = {}
    for number in range(20):
        draw = draws.of_block(number, 10**12, lambda _: Output(Path(), Path(), Path(), digest="0"))
        found[draw.text] = (draw.case.params["n"], draw.case.seed)
    assert found == {'{"holdout": 0}': (7, 12), '{"holdout": 1}': (8, 3)}


def test_fresh_seeds_and_sets_that_are_held_out_take_turns_by_chance(tmp_path: Path) -> None:
    draws = Draws.of(held_out(tmp_path, '[{"n": 7}]'), Seeds.FRESH, secret=1)
    texts = [draws.drawn(random.Random(i))[1] for i in range(40)]
    assert 10 < sum("holdout" in text for text in texts) < 30


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"m": 7}]', "no parameter 'm'"),
        ('[{"seed": 0.5}]', "a seed is a whole number"),
        ('{"n": 7}', "Expected `array`"),
        ("[", "JSON list of objects"),
    ],
)
def test_a_holdout_file_that_makes_no_sense_is_refused(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Draws.of(held_out(tmp_path, text), Seeds.DECLARED, secret=1)
    assert words in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("place", ["/nowhere", "~no.such.user"])
def test_a_holdout_file_that_is_not_there_is_named_when_something_is_to_be_drawn(
    place: str,
) -> None:
    case = Case("fast", {"n": 1}, holdout=f"{place}/sets.json")
    assert not Draws.of(case, Seeds.FIXED, secret=1).wanted
    with pytest.raises(ConfigError, match=rf"{place}/sets\.json: No such file"):
        Draws.of(case, Seeds.DECLARED, secret=1)


def test_what_is_given_is_what_every_block_gets(clock: Clock) -> None:
    draws = Draws.of(CASE, Seeds.FIXED, 1, '{"n": 7, "seed": 9}')
    draw = draws.of_block(0, 0, clock.tell(1))
    assert (draw.case.params["n"], draw.case.seed) == (7, 9)
    assert set(walk(draws, clock, 5, cost_ns=1, block_ns=10)) == {'{"n": 7, "seed": 9}'}


@pytest.mark.parametrize("given", ['{"m": 1}', "7", '{"n": ', '{"seed": "x"}'])
def test_values_that_a_case_does_not_have_are_refused(given: str) -> None:
    with pytest.raises(UsageError, match="cannot be given"):
        Draws.of(CASE, Seeds.FRESH, 1, given)


def test_the_values_of_a_sentence_are_read_again() -> None:
    text = given_words('{"n": 7}', "total: expected 1, got 2")
    assert given_in(f"wrong output: {text}") == '{"n": 7}'
    assert given_in("given up: {nothing}") == ""
    assert given_words("", "as it is") == "as it is"
