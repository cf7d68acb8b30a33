"""Blocks in little memory are the blocks that were put in, and cost the same at any length."""

import random
import sys
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.analysis import KeptBlocks, Question, sequential_rule
from harness.analysis.blocks import block_ns
from harness.analysis.kept import BlocksOf
from harness.analysis.schedule import Block, StopRule
from harness.model import Phase, Sample, TrialRecord, TrialStatus

from .conftest import make_record


def any_record(target: str, block: int, rng: random.Random) -> TrialRecord:
    """A trial as it may come: ordinary ones mostly."""
    usual = {
        "wall_ns": rng.randrange(10**9),
        "user_ns": rng.randrange(10**9),
        "pressure_ns": rng.choice([None, 0, 5]),
        "threads": rng.choice([None, 1, 4]),
        "draw": rng.choice(["", f'{{"n": {block}}}']),
        "output_ok": rng.choice([None, True]),
        "pad_bytes": rng.randrange(4096),
        "started_at_ns": 2**60 + rng.randrange(10**9),
    }
    odd = rng.choice(
        [
            {},
            {},
            {"status": TrialStatus.FAILED, "message": "broke", "exit_code": 1},
            {"phases": (Phase("sum", 1, 100),)},
            {"samples": (Sample(0, 1, 10, 10),)},
            {"metrics": {"flips": 1.5}},
            {"minor_faults": 2**40},
            {"wall_ns": -5},
            {"disagreement": "differs", "output_ok": False, "status": TrialStatus.WRONG_OUTPUT},
        ]
    )
    return make_record(target, block, **{**usual, **odd})


def any_blocks(count: int, seed: int) -> list[Block]:
    rng = random.Random(seed)
    return [
        {
            name: [any_record(name, number, rng) for _ in range(rng.choice([1, 2]))]
            for name in rng.sample("abc", rng.randrange(1, 4))
        }
        for number in range(count)
    ]


def test_blocks_are_those_that_were_put_in():
    blocks = any_blocks(800, seed=1)  # more trials than are squeezed at once
    kept = KeptBlocks(blocks)
    assert len(kept) == 800
    assert list(kept) == blocks
    assert [list(block) for block in kept] == [list(block) for block in blocks]
    assert kept[10:20] == blocks[10:20]
    assert kept[-1] == blocks[-1]
    for name in "abc":
        assert list(kept.of(name)) == [r for block in blocks for r in block.get(name, ())]
    with pytest.raises(IndexError):
        kept[800]


def test_a_block_takes_as_long_as_by_its_trials():
    blocks = any_blocks(50, seed=4)
    assert block_ns(KeptBlocks(blocks)) == block_ns(blocks)


def test_what_a_trial_computed_is_not_kept(tmp_path):
    from harness.testing import make_output

    record = make_record()
    output = make_output(tmp_path / "o", "42")
    kept = KeptBlocks([{"a": [replace(record, trial=replace(record.trial, output=output))]}])
    assert next(kept.of("a")).trial.output is None


def test_blocks_of_some_targets_are_cut_as_they_are_read():
    blocks = any_blocks(50, seed=2)
    cut = BlocksOf(("a", "c"), KeptBlocks(blocks))
    assert list(cut) == [{n: b[n] for n in "ac" if n in b} for b in blocks]
    assert cut[3:5] == list(cut)[3:5]


def alike(count: int) -> Iterator[Block]:
    """Two targets that are alike, with the noise of a clock."""
    rng = random.Random(3)
    for number in range(count):
        yield {
            name: [make_record(name, number, 20_000_000 + rng.randrange(100_000), output_ok=True)]
            for name in "ab"
        }


def precise_rule() -> StopRule:
    """One that is never content."""
    return sequential_rule("a", Question(precision=1e-9), None, 2)


def test_after_a_block_nothing_is_computed_from_all_blocks(monkeypatch: pytest.MonkeyPatch):
    def from_all(*_: object) -> None:
        raise AssertionError("the ratios of all blocks were asked for")

    rule, kept = precise_rule(), KeptBlocks()
    monkeypatch.setattr("harness.stats.paired.log_ratios", from_all)
    for block in alike(40):
        kept.append(block)
        assert rule(kept) is None


def grown(blocks: int) -> float:
    """Bytes for each trial, of following that many blocks to the end."""
    rule, kept = precise_rule(), KeptBlocks()
    rule(kept)
    tracemalloc.start()
    try:
        for block in alike(blocks):
            kept.append(block)
            assert rule(kept) is None
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return held / (2 * blocks)


def test_a_trial_takes_little_memory_with_all_that_follows_it():
    grown(50)  # imports
    assert grown(1500) < 250


@pytest.mark.soak
def test_a_trial_takes_as_little_among_two_hundred_thousand():
    grown(50)
    few, many = grown(10_000), grown(100_000)
    assert many < 150
    assert many < 1.5 * few


def steps_of(first: int, last: int) -> int:
    """How many calls of functions the judging after these blocks takes."""
    kept, rule = KeptBlocks(), precise_rule()
    count = 0

    def seen(*_: object) -> None:
        nonlocal count
        count += 1

    for number, block in enumerate(alike(last)):
        kept.append(block)
        if number >= first:
            sys.setprofile(seen)
        try:
            rule(kept)
        finally:
            sys.setprofile(None)
    return count


def test_judging_after_a_block_costs_the_same_at_any_length():
    assert steps_of(2100, 2130) < 1.3 * steps_of(300, 330)
