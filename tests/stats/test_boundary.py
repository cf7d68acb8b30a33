"""The boundary for signs: exact against enumeration, honest under endless looking."""

import itertools

import numpy as np
import pytest

from harness.stats.boundary import SignBoundary, sign_boundary


def share_of_paths_that_end(boundary: SignBoundary, blocks: int) -> float:
    """By going through all 2 ** blocks sequences of signs."""
    ended = 0
    for signs in itertools.product((0, 1), repeat=blocks):
        counts = itertools.accumulate(signs)
        looks = enumerate(counts, start=1)
        ended += any(min(c, n - c) <= boundary.limit(n) for n, c in looks)
    return ended / 2**blocks


@pytest.mark.parametrize("confidence", [0.8, 0.9])
def test_the_error_spent_is_that_of_all_sequences_counted(confidence):
    boundary = SignBoundary(confidence)
    assert boundary.spent(14) > 0
    assert boundary.spent(14) == pytest.approx(share_of_paths_that_end(boundary, 14), abs=1e-12)


def test_a_boundary_joined_later_adds_what_all_sequences_add():
    early, late = SignBoundary(0.8), SignBoundary(0.8, joined_at=9)
    assert all(late.limit(n) == -1 for n in range(10))
    added = late.spent(14) - early.spent(9)
    assert added == pytest.approx(share_of_paths_that_end(late, 14), abs=1e-12)
    assert late.spent(14) <= 0.2


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99, 0.999])
def test_the_error_is_never_overspent_and_nearly_used(confidence):
    boundary = sign_boundary(confidence)
    assert boundary.spent(3000) <= 1 - confidence
    assert boundary.spent(3000) > 0.85 * (1 - confidence)


def test_fair_coins_looked_at_after_every_block_are_called_unfair_at_most_so_often():
    rng = np.random.default_rng(20)
    walks, looks = 2000, 600
    positive = np.cumsum(rng.integers(0, 2, (walks, looks)), axis=1)
    n = np.arange(1, looks + 1)
    limits = [sign_boundary(0.95).limit(int(k)) for k in n]
    called = int((np.minimum(positive, n - positive) <= limits).any(axis=1).sum())
    # 5 % of 2000 is 100; below 50 the boundary would be wasteful, above 130 wrong (3 sigma).
    assert 50 < called < 130


def test_at_95_percent_eight_unanimous_signs_are_the_first_proof():
    assert sign_boundary(0.95).first_proof() == 8
    assert sign_boundary(0.95).limit(7) == -1
    assert sign_boundary(0.95).limit(8) == 0


def test_more_confidence_wants_more_blocks():
    first = [SignBoundary(c).first_proof() for c in (0.5, 0.9, 0.95, 0.99, 0.999)]
    assert first == sorted(set(first))


def test_the_limit_never_falls():
    limits = [sign_boundary(0.95).limit(n) for n in range(1000)]
    assert limits == sorted(limits)


@pytest.mark.parametrize("confidence", [0.0, 1.0, -0.1, 1.5])
def test_a_confidence_that_is_none_is_refused(confidence):
    with pytest.raises(ValueError, match="confidence"):
        SignBoundary(confidence)


@pytest.mark.parametrize(("confidence", "blocks"), [(0.8, 4), (0.9, 5), (0.95, 6), (0.99, 8)])
def test_an_early_boundary_takes_unanimous_signs_as_soon_as_they_can_be_proof(confidence, blocks):
    boundary = sign_boundary(confidence, early=True)
    assert boundary.first_proof() == blocks
    assert boundary.spent(blocks) == pytest.approx(2.0 ** (1 - blocks))
    assert boundary.spent(14) == pytest.approx(share_of_paths_that_end(boundary, 14), abs=1e-12)
    assert boundary.spent(3000) <= 1 - confidence
