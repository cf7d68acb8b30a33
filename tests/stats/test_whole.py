"""A whole sequence says to the last bit what the same pairs say one after the other."""

import numpy as np
import pytest

from harness.stats.boundary import SignBoundary
from harness.stats.clocks import Clock
from harness.stats.paired import sequence_of
from harness.stats.whole import Clocks, whole_sequence


def drawn(seed: int, n: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of times in ns; `kind` is what is hard about them."""
    rng = np.random.default_rng(seed)
    ref, cand = np.floor(1e6 * np.exp(0.02 * rng.standard_t(2, (2, n)))) + 0.0
    if kind == "faster":
        cand = np.floor(cand / 1.05)
    elif kind == "coarse":
        ref, cand = (np.floor(side / 1e5) * 1e5 for side in (ref, cand))
    elif kind == "finer later":
        ref[: n // 2], cand[: n // 2] = 20e6, 20e6
    elif kind == "changes":
        cand[n // 3 :] = np.floor(cand[n // 3 :] * 1.5)
    elif kind == "back and forth":
        cand *= np.where(np.arange(n) // 40 % 2, 1, 2)
    elif kind == "unknown":
        ref[rng.random(n) < 0.2] = -1
        cand[rng.random(n) < 0.1] = 0
    return ref, cand


KINDS = ["equal", "faster", "coarse", "finer later", "changes", "back and forth", "unknown"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [0, 1, 7, 9, 30, 400])
def test_it_says_what_the_pairs_say_one_by_one(kind, n):
    for seed, resolution, joined_at in [(1, None, 0), (2, 4096.0, 0), (3, None, 5)]:
        boundary = SignBoundary(0.95, joined_at)
        ref, cand = drawn(seed, n, kind)
        one_by_one = sequence_of(ref.tolist(), cand.tolist(), boundary, resolution)
        whole = whole_sequence((ref, cand), boundary, resolution)
        assert whole.bounds == one_by_one.bounds
        assert whole.interval() == one_by_one.interval()
        for name in ("point", "low", "high"):
            found, wanted = getattr(whole.ratios, name), getattr(one_by_one.ratios, name)
            np.testing.assert_array_equal(found, wanted)


def test_the_ratio_that_changed_is_begun_anew_as_it_is_one_by_one():
    ref, cand = drawn(4, 400, "changes")
    assert not whole_sequence((ref, cand), SignBoundary(0.95)).interval().settled


def test_times_that_are_no_readings_have_the_resolution_of_their_clocks():
    rng = np.random.default_rng(5)
    steps, batches = 100 * rng.integers(0, 5, 60), 2 ** rng.integers(0, 4, 60)
    ref, cand = rng.normal(1e4, 100, (2, 60))
    clocks = [Clock(int(s), int(b)) for s, b in zip(steps, batches, strict=True)]
    one_by_one = sequence_of(ref.tolist(), cand.tolist(), SignBoundary(0.95), None, clocks)
    whole = whole_sequence((ref, cand), SignBoundary(0.95), None, Clocks(steps, batches))
    assert whole.interval() == one_by_one.interval()
