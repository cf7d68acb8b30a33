"""Blocks: balanced, random, and the same when asked again."""

from collections import Counter

from harness.analysis.schedule import Design, block_order, fixed_blocks, padding_bytes


def test_every_build_runs_once_a_paired_block():
    for block in range(50):
        assert sorted(block_order("abc", Design.PAIRED, 1, block)) == ["a", "b", "c"]


def test_a_mirrored_block_is_an_order_and_its_reverse():
    for block in range(50):
        order = block_order("abc", Design.MIRRORED, 1, block)
        assert order == order[::-1]
        assert Counter(order) == Counter("aabbcc")


def test_each_build_comes_first_about_equally_often():
    first = Counter(block_order("ab", Design.PAIRED, 7, block)[0] for block in range(2000))
    # 2000 fair coins: five standard deviations are 112.
    assert abs(first["a"] - 1000) < 112


def test_the_same_seed_and_block_give_the_same_order():
    orders = [block_order(range(20), Design.PAIRED, 5, 3) for _ in range(2)]
    assert orders[0] == orders[1]
    assert orders[0] != block_order(range(20), Design.PAIRED, 6, 3)


def test_padding_varies_and_stays_below_its_limit():
    sizes = {padding_bytes(1, block) for block in range(200)}
    assert len(sizes) > 150
    assert max(sizes) < 4096
    assert padding_bytes(1, 2) == padding_bytes(1, 2)


def test_padding_takes_turns_among_the_parts_of_its_range():
    sizes = [padding_bytes(9, block) for block in range(128)]
    for at in range(0, 128, 8):
        assert sorted(size // 512 for size in sizes[at : at + 8]) == list(range(8))
    for at in (0, 64):
        assert sorted(size // 64 for size in sizes[at : at + 64]) == list(range(64))
    assert sizes[:8] != sizes[8:16]


def test_a_fixed_plan_stops_at_its_number_of_blocks():
    rule = fixed_blocks(2)
    assert rule([{}]) is None
    assert rule([{}, {}]) == "all 2 blocks are measured"
    assert fixed_blocks(1)([{}]) == "the one block is measured"
