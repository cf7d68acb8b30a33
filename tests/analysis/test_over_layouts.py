"""Verdicts over several layouts of the builds."""

import random

from harness.analysis import Question
from harness.analysis.comparing import compare_cells
from harness.analysis.gate_rule import is_known
from harness.analysis.judging import Judge
from harness.analysis.schedule import Block
from harness.model import Noise, Verdict
from harness.testing import make_record, make_trial


def blocks_of_layouts(effects: list[float], blocks: int = 64, layouts: bool = True) -> list[Block]:
    """Blocks in which the candidate takes as much longer as the effect of its layout says."""
    rng = random.Random(3)
    made: list[Block] = []
    for number in range(blocks):
        layout = number % len(effects)
        block: Block = {}
        for name, factor in (("base", 1.0), ("new", 1 + effects[layout])):
            trial = make_trial(
                wall_ns=round(20e6 * factor * rng.gauss(1, 0.001)),
                user_ns=round(20e6 * factor),
                layout=layout if layouts else None,
            )
            block[name] = [make_record(target=name, block=number, trial=trial)]
        made.append(block)
    return made


def verdict_of(blocks: list[Block], **asked: object) -> tuple[Verdict, int, str]:
    (made,) = compare_cells("base", ["new"], blocks, Question(**asked), "")
    return made.verdict, made.layouts, made.metric_because


LUCK = [0.03, 0.03, 0.03, 0.02, 0.03, -0.05, 0.03, -0.04]
"""Most layouts are slower, and two are much faster: nothing is known of the next one."""


def test_luck_of_layouts_is_no_verdict_though_every_block_counts():
    assert verdict_of(blocks_of_layouts(LUCK, layouts=False))[:2] == (Verdict.SLOWER, 1)
    found, layouts, why = verdict_of(blocks_of_layouts(LUCK))
    assert (found, layouts) == (Verdict.UNDECIDED, 8)
    assert "the 8 layouts of the builds differ by more" in why


def test_a_campaigns_bets_are_bound_by_layouts_as_well():
    noise = Noise(scale=0.001, pairs=100)
    assert verdict_of(blocks_of_layouts(LUCK, layouts=False), noise=noise)[0] is Verdict.SLOWER
    assert verdict_of(blocks_of_layouts(LUCK), noise=noise)[0] is Verdict.UNDECIDED


def test_an_effect_that_all_layouts_have_is_found():
    effects = [0.05, 0.06, 0.055, 0.045, 0.06, 0.05, 0.04, 0.05]
    assert verdict_of(blocks_of_layouts(effects))[:2] == (Verdict.SLOWER, 8)


def test_layouts_that_do_not_matter_are_equivalent():
    assert verdict_of(blocks_of_layouts([0.0] * 8))[:2] == (Verdict.EQUIVALENT, 8)


def test_a_gate_does_not_call_luck_of_layouts_slower():
    def known(layouts: bool) -> bool:
        judge = Judge("base", "new", Question())
        judge.read(blocks_of_layouts(LUCK, layouts=layouts))
        return is_known(judge, 0.01)

    assert known(layouts=False)
    assert not known(layouts=True)
