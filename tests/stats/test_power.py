"""What a run could have found and what it would take, against simulation."""

import numpy as np
import pytest

from harness.model import Verdict
from harness.stats.boundary import sign_boundary
from harness.stats.paired import judge_bounds, sequence_of
from harness.stats.power import blocks_needed, detectable

BOUNDARY = sign_boundary(0.95)


def sequence(rng, n, effect, scatter=0.02):
    noise = np.exp(scatter / 2**0.5 * rng.laplace(size=(2, n)))
    times = 2e7 * noise * np.array([[np.exp(effect)], [1.0]])
    return sequence_of(
        [float(int(t)) for t in times[0]], [float(int(t)) for t in times[1]], BOUNDARY
    )


def test_the_detectable_effect_is_found_about_four_times_in_five():
    rng = np.random.default_rng(1)
    blocks = 60
    effects = [detectable(sequence(rng, blocks, 0.0).ratios, BOUNDARY) for _ in range(40)]
    effect = float(np.median(effects))
    found = sum(sequence(rng, blocks, np.log1p(effect)).interval().low > 0 for _ in range(200))
    assert 0.7 < found / 200 < 0.95


def test_nothing_was_detectable_before_the_first_proof():
    assert detectable(sequence(np.random.default_rng(1), 7, 0.0).ratios, BOUNDARY) is None
    assert detectable(sequence_of([], [], BOUNDARY).ratios, BOUNDARY) is None


@pytest.mark.parametrize("effect", [0.0, 0.015])
def test_the_blocks_said_to_be_needed_decide_about_four_times_in_five(effect):
    rng = np.random.default_rng(2)
    needed = []
    for _ in range(30):
        begun = sequence(rng, 400, effect, 0.03)
        needed.append(blocks_needed(begun.ratios, begun.interval(), BOUNDARY, 0.01))
    blocks = int(np.median([n for n in needed if n is not None]))
    decided = [
        judge_bounds(sequence(rng, max(blocks, 20), effect, 0.03).bounds, 0.01) for _ in range(100)
    ]
    share = np.mean([v is not Verdict.UNDECIDED for v in decided])
    assert share > 0.6


def test_more_noise_wants_more_blocks():
    rng = np.random.default_rng(3)

    def typical(scatter: float) -> float:
        begun = [sequence(rng, 100, 0.0, scatter) for _ in range(20)]
        return float(
            np.median([blocks_needed(s.ratios, s.interval(), BOUNDARY, 0.01) for s in begun])
        )

    # Twice the noise wants four times the blocks; it seems less where a chance effect is taken
    # for a real one.
    assert typical(0.08) > 2 * typical(0.04)


def test_of_one_block_the_fewest_that_can_decide_are_named_and_of_none_nothing():
    one, none = sequence(np.random.default_rng(1), 1, 0.0), sequence_of([], [], BOUNDARY)
    assert blocks_needed(one.ratios, one.interval(), BOUNDARY, 0.01) == BOUNDARY.first_proof()
    assert blocks_needed(none.ratios, none.interval(), BOUNDARY, 0.01) is None


def test_what_the_clock_cannot_tell_apart_is_never_found_nor_decided():
    """Two programs of 512 pages each: a page is 0.2 %, the threshold 0.1 %."""
    pages = [512 * 4096.0] * 200
    tied = sequence_of(pages, pages, BOUNDARY, resolution=4096)
    assert detectable(tied.ratios, BOUNDARY) == pytest.approx(1 / 512)
    assert blocks_needed(tied.ratios, tied.interval(), BOUNDARY, 0.001) is None
    assert blocks_needed(tied.ratios, tied.interval(), BOUNDARY, 0.01) is not None
