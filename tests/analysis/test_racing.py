"""A race among variants whose truth is known: who retires, who is left, and when it is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pytest

from harness.analysis import Race, RaceRules, Rank, Span
from harness.analysis.question import AUTO
from harness.analysis.racing import ALIKE, ALL_GAIN, NONE_LEFT, ONE_LEFT
from harness.analysis.schedule import Block
from harness.model import Better, TrialStatus

from .conftest import make_record

NULLS = {f"null{n}": 1.0 for n in range(7)}


def raced(race: Race, ratios: Mapping[str, float], seed: int, most: int = 400, **record: object):
    """Run a race with heavy noise; the reason of its end, or None, and its blocks."""
    rng = np.random.default_rng(seed)
    blocks: list[Block] = []
    for number in range(most):
        block: Block = {}
        for name, ratio in {"p": 1.0, **ratios}.items():
            noise = np.exp(0.014 * rng.standard_t(2))
            if name not in race.left:
                wall = int(1e8 * noise / ratio)
                block[name] = [make_record(name, number, wall, user_ns=wall, **record)]
        blocks.append(block)
        reason = race(blocks)
        if reason is not None:
            return reason, blocks
    return None, blocks


def by_place(race: Race) -> dict[Rank, list[str]]:
    found: dict[Rank, list[str]] = {}
    for standing in race.standings():
        found.setdefault(standing.rank, []).append(standing.name)
    return found


def test_the_one_that_is_better_is_left_and_the_others_retire():
    ratios = {"good": 1.03, **NULLS}
    race = Race(tuple(ratios), RaceRules("p"))
    reason, blocks = raced(race, ratios, seed=1)
    assert reason == ONE_LEFT
    assert by_place(race)[Rank.BEST] == ["good"]
    assert {s.rank for s in race.standings()} <= {Rank.BEST, Rank.BEHIND, Rank.NO_GAIN}
    assert set(race.left) == set(NULLS)
    best = race.standings()[0]
    assert best.ratio.low < 1.03 < best.ratio.high
    assert len(blocks) < 100


def test_losers_leave_before_the_race_is_over():
    ratios = {"good": 1.03, "half": 0.5, "null": 1.0}
    race = Race(tuple(ratios), RaceRules("p"))
    _, blocks = raced(race, ratios, seed=3)
    of = {s.name: s.blocks for s in race.standings()}
    assert of["half"] == 4 < of["good"] == len(blocks)


@pytest.mark.parametrize("races", [8, pytest.param(100, marks=pytest.mark.soak)])
def test_the_best_retires_in_few_races_however_often_one_looks(races):
    """The level is kept for the whole race: 5 %, of heavy noise that was never seen before."""
    lost = 0
    for seed in range(races):
        ratios = {"good": 1.012, **{f"null{n}": 1.0 for n in range(3)}}
        race = Race(tuple(ratios), RaceRules("p"))
        raced(race, ratios, seed, most=40)
        lost += "good" in race.left
    assert lost <= max(1, races // 10)


def test_variants_that_change_nothing_retire_as_no_gain():
    ratios = {"one": 1.0, "two": 1.0}
    race = Race(tuple(ratios), RaceRules("p"))
    reason, _ = raced(race, ratios, seed=2, most=600)
    assert reason == NONE_LEFT
    assert all(s.rank.lost for s in race.standings())
    assert "no gain of 1 %" in race.left.values()


def test_one_that_is_behind_the_best_says_whether_it_gains_over_the_reference():
    ratios = {"best": 3.0, "good": 1.5, "null": 1.0, "slow": 0.5}
    race = Race(tuple(ratios), RaceRules("p"))
    raced(race, ratios, seed=7)
    found = {s.name: s for s in race.standings()}
    assert (found["good"].rank, found["good"].gains) == (Rank.BEHIND, True)
    assert found["good"].why == "best is better; it gains over p too"
    assert not any(found[name].gains for name in ("null", "slow"))
    losers = [found[name] for name in ("null", "slow") if found[name].rank is Rank.BEHIND]
    assert all(s.why.endswith(("not known to gain over p", "worse than p")) for s in losers)


def test_two_that_are_equally_good_are_not_told_apart():
    ratios = {"one": 1.2, "two": 1.2, "bad": 0.9}
    race = Race(tuple(ratios), RaceRules("p", threshold=0.15))
    reason, _ = raced(race, ratios, seed=4)
    assert reason == ALIKE
    assert set(by_place(race)[Rank.NOT_TOLD_APART]) == {"one", "two"}
    assert {s.name for s in race.standings() if s.rank.lost} == {"bad"}


def test_of_a_set_that_is_alike_one_runs_on_and_the_others_share_its_place():
    ratios = {"one": 1.2, "two": 1.2, "three": 1.2}
    race = Race(tuple(ratios), RaceRules("p", threshold=0.15))
    reason, _ = raced(race, ratios, seed=4)
    assert reason == ALIKE
    assert set(by_place(race)) == {Rank.NOT_TOLD_APART}
    (leader,) = race.racing()
    others = {name: race.left[name] for name in ratios if name != leader}
    assert set(others.values()) == {f"within 15 % of {leader}"}


def test_two_clear_gains_need_not_be_told_from_each_other_for_long():
    ratios = {"one": 2.0, "other": 2.03}
    race = Race(tuple(ratios), RaceRules("p"))
    reason, blocks = raced(race, ratios, seed=2)
    assert reason == ALL_GAIN
    assert len(blocks) < 25
    assert {(s.rank, s.gains) for s in race.standings()} == {(Rank.NOT_TOLD_APART, True)}


def test_what_changes_nothing_is_not_said_to_gain():
    ratios = {"one": 1.0, "other": 1.0}
    race = Race(tuple(ratios), RaceRules("p", threshold=0.0))
    raced(race, ratios, seed=4, most=60)
    assert not any(s.gains for s in race.standings())


def test_a_race_that_its_time_does_not_hold_ends_early():
    ratios = {"good": 1.003, "null": 1.0}
    race = Race(tuple(ratios), RaceRules("p", threshold=0.001, span=Span(budget_ns=10**9)))
    reason, blocks = raced(race, ratios, seed=5)
    assert reason is not None
    assert "the time that is left does not do" in reason
    assert len(blocks) == 12


@pytest.mark.parametrize(("better", "best"), [(Better.LOWER, "few"), (Better.HIGHER, "many")])
def test_a_figure_that_is_the_same_in_every_run_ranks_after_two_blocks(better, best):
    figures = {"p": 1000.0, "few": 900.0, "many": 1100.0, "same": 1000.0}
    race = Race(("few", "many", "same"), RaceRules("p", "nodes", better is Better.HIGHER))
    blocks = [
        {n: [make_record(n, b, metrics={"nodes": v})] for n, v in figures.items()} for b in range(2)
    ]
    assert race(blocks[:1]) is None
    assert race(blocks) == "nodes is the same in every run"
    assert by_place(race)[Rank.BEST] == [best]
    gain = 1000 / 900 if better is Better.LOWER else 1.1
    assert race.standings()[0].ratio.point == pytest.approx(gain)
    assert set(race.left.values()) == {"no gain of 1 %"}


def test_of_figures_that_repeat_the_next_best_follows_one_that_is_wrong():
    figures = {"p": 1000.0, "wrong": 500.0, "good": 800.0, "fair": 900.0}
    race = Race(("wrong", "good", "fair"), RaceRules("p", "nodes"))
    race(
        [{n: [make_record(n, b, metrics={"nodes": v})] for n, v in figures.items()} for b in (0, 1)]
    )
    assert [(s.name, s.rank) for s in race.standings({"wrong"})] == [
        ("good", Rank.BEST),
        ("fair", Rank.BEHIND),
    ]


def test_a_variant_that_crashes_is_neither_ranked_nor_left_to_win():
    race = Race(("good", "crashes"), RaceRules("p", "wall"))

    def blocks() -> Iterator[Block]:
        rng = np.random.default_rng(6)
        for number in range(60):
            walls = {"p": 1e8, "good": 9e7, **({"crashes": 1e6} if number < 3 else {})}
            yield {
                name: [
                    make_record(
                        name,
                        number,
                        int(wall * np.exp(0.01 * rng.standard_t(2))),
                        status=TrialStatus.FAILED if name == "crashes" else TrialStatus.OK,
                    )
                ]
                for name, wall in walls.items()
            }

    seen: list[Block] = []
    for block in blocks():
        seen.append(block)
        reason = race(seen)
        if reason is not None:
            break
    assert reason == ONE_LEFT
    assert [s.name for s in race.standings()] == ["good"]


def test_who_left_for_one_that_is_wrong_is_open_again():
    ratios = {"wrong": 3.0, "good": 1.5, "null": 1.0}
    race = Race(tuple(ratios), RaceRules("p"))
    raced(race, ratios, seed=7)
    assert [(s.name, s.rank.lost) for s in race.standings()] == [
        ("wrong", False),
        ("good", True),
        ("null", True),
    ]
    found = {s.name: s for s in race.standings({"wrong"})}
    assert [*found] == ["good", "null"]
    assert (found["good"].rank, found["good"].gains, found["good"].why) == (Rank.BEST, True, "")
    assert (found["null"].rank.lost, found["null"].gains) == (True, False)


def test_who_left_for_one_that_fails_later_is_open_again():
    ratios = {"wrong": 3.0, "good": 1.5}
    race = Race(tuple(ratios), RaceRules("p"))
    _, blocks = raced(race, ratios, seed=7)
    assert set(race.left) == {"good"}
    race([*blocks, {name: rows for name, rows in blocks[-1].items() if name == "p"}])
    assert by_place(race) == {Rank.BEST: ["good"]}


def test_a_race_whose_time_is_not_chosen_yet_says_no_figure():
    race = Race(("one", "two"), RaceRules("p"))
    raced(race, {"one": 1.2, "two": 1.1}, seed=1, most=3)
    assert race.metric == AUTO
    assert [s.ratio for s in race.standings()] == [None, None]


def test_a_race_ends_where_the_reference_does_not_run():
    race = Race(("good",), RaceRules("p"))
    assert race([{"good": [make_record("good")]}]) == "p does not run any more"


def test_a_race_that_nobody_is_left_to_run_ends_at_once():
    race = Race((), RaceRules("p"))
    assert raced(race, {}, seed=1)[0] == NONE_LEFT
