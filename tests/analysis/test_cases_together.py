"""How often is a family of cases called wrong? Counted on synthetic ratios, looked at again and
again, with fixed seeds: the error holds for the family, and costs little where it grows."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from harness.analysis import Question, compare_cells
from harness.analysis.weighing import Weighed
from harness.model import Verdict
from harness.model.families import each_confidence, verdict_of_cases
from harness.model.noise import Noise
from harness.stats.boundary import sign_boundary
from harness.stats.paired import judge_bounds, ratio_of, sequence_of

LOOKS = (8, 16, 28, 48)
THRESHOLD = 0.01


def pairs(chance, effect, noise=0.006):
    """The two sides of a case whose candidate is better by `effect`, under heavy tails."""
    sides = np.exp(noise * chance.standard_t(2, (2, LOOKS[-1])) / 2)
    return list(sides[0]), list(sides[1] * np.exp(-effect))


def weighed(sides, confidence):
    """The verdict at the first look that decides; of one that is open, what it is not below."""
    for blocks in LOOKS:
        found = sequence_of(sides[0][:blocks], sides[1][:blocks], sign_boundary(confidence), 1e-9)
        judge = Weighed.of(found, Noise(), confidence, THRESHOLD)
        if judge.verdict is not Verdict.UNDECIDED:
            return judge.verdict, 1.0
    return Verdict.UNDECIDED, ratio_of(replace(judge, level=0.025).interval().low)


def by_signs(sides, confidence):
    """The same, by signs alone."""
    for blocks in LOOKS:
        found = sequence_of(sides[0][:blocks], sides[1][:blocks], sign_boundary(confidence), 1e-9)
        verdict = judge_bounds(found.bounds, THRESHOLD)
        if verdict is not Verdict.UNDECIDED:
            break
    return verdict, ratio_of(found.bounds[0])


def counted(effects, families, *, rule=weighed, shared=True):
    """How many families of these effects are called what."""
    chance = np.random.default_rng(17)
    confidence = each_confidence(0.95, len(effects)) if shared else 0.95
    verdicts = []
    for _ in range(families):
        found = [rule(pairs(chance, effect), confidence) for effect in effects]
        verdicts.append(verdict_of_cases(found, THRESHOLD))
    return {verdict: verdicts.count(verdict) for verdict in Verdict}


def test_twenty_cases_that_do_not_differ_are_seldom_called_different():
    found = counted([0.0] * 20, 30)
    assert found[Verdict.FASTER] + found[Verdict.SLOWER] <= 1  # of 30, at 5 %


def test_a_level_for_each_case_would_call_them_different():
    found = counted([0.0] * 20, 40, rule=by_signs, shared=False)
    assert found[Verdict.FASTER] + found[Verdict.SLOWER] >= 6  # the test above can fail


def test_a_gain_beside_a_loss_is_no_gain():
    found = counted([0.05, -0.015, *[0.0] * 4], 30)
    assert found[Verdict.FASTER] <= 1


@pytest.mark.parametrize(("cases", "families"), [(5, 12), (100, 1)])
def test_a_gain_on_one_case_is_found_among_others(cases, families):
    found = counted([0.08, *[0.0] * (cases - 1)], families)
    assert found[Verdict.SLOWER] == 0
    assert found[Verdict.FASTER] >= families / 2


def test_that_none_is_worse_is_asked_at_the_whole_error(blocks):
    seen = [*itertools.islice(blocks(3, 1.0, scatter=0.006), 24)]
    alone, shared = (
        compare_cells("a", ["b"], seen, question, "")[0]
        for question in (Question(), Question().shared_by(100))
    )
    assert alone.least is None
    assert shared.ratio.low < shared.least == shared.not_below
    every = replace(Question().shared_by(100), confidence=0.95, of_all=None)
    (whole,) = compare_cells("a", ["b"], seen, every, "")
    assert shared.least == pytest.approx(whole.ratio.low, rel=1e-6)
