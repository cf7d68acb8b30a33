"""Steady trials get longer where those so far did not settle."""

import math
from dataclasses import replace

from harness.model import Mode, Sample, SteadyPlan
from harness.running.lengthening import Lengthening
from harness.testing import make_record, make_trial

ASKED = SteadyPlan(samples=30, budget_ns=3_000_000_000)


def record_of(levels, mode=Mode.STEADY):
    samples = tuple(Sample(n, 1, round(1e7 * level), 10**7) for n, level in enumerate(levels))
    return replace(make_record(trial=make_trial(samples=samples)), mode=mode)


SETTLED = record_of([1.0] * 30)
NEVER = record_of([1.0] * 26 + [2.0] * 4)


def test_trials_that_settle_keep_their_length():
    lengthening = Lengthening()
    lengthening.note(SETTLED)
    assert lengthening.block_ended(ASKED, math.inf) is None
    assert lengthening.plan(ASKED) == ASKED


def test_trials_that_do_not_settle_get_longer_up_to_a_thousand_samples_or_half_a_minute():
    lengthening, plans = Lengthening(), []
    for _ in range(6):
        lengthening.note(NEVER)
        lengthening.note(SETTLED)
        plans.append(lengthening.block_ended(ASKED, math.inf))
    assert [(p.samples, p.budget_ns // 10**9) for p in plans if p] == [
        (120, 12),
        (480, 30),
        (1000, 30),
    ]
    assert plans[3:] == [None] * 3
    assert lengthening.plan(ASKED).samples == 1000


def test_a_run_that_would_not_hold_a_verdict_any_more_goes_on_as_before():
    lengthening = Lengthening()
    lengthening.note(NEVER)
    assert lengthening.block_ended(ASKED, 11e9) is None
    assert lengthening.plan(ASKED) == ASKED
    lengthening.note(NEVER)
    assert lengthening.block_ended(ASKED, 12e9) is not None


def test_a_plan_that_is_longer_than_that_is_left_alone():
    long = SteadyPlan(samples=5000, budget_ns=60_000_000_000)
    assert Lengthening(factor=16).plan(long) == long


def test_cold_trials_say_nothing_of_it():
    lengthening = Lengthening()
    lengthening.note(record_of([1.0] * 26 + [2.0] * 4, Mode.COLD))
    assert lengthening.block_ended(ASKED, math.inf) is None
