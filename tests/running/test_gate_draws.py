"""What of a gate's budget is kept for further draws."""

from __future__ import annotations

from harness.model import Case
from harness.model.draws import Range, Seeds
from harness.running.further_draws import END_FURTHER_NS
from harness.running.gate_draws import DrawsTime
from harness.running.settings import Settings

FIXED = Case("fixed", {"n": 1})
DRAWN = Case("drawn", {"n": 1}, ranges={"n": Range(1, 9)})
SECOND = 1_000_000_000


def settings(**more) -> Settings:
    return Settings(seeds=Seeds.FRESH, **more)


def test_a_tenth_is_kept_for_the_pairs_that_draw_and_blocks_have_the_rest():
    kept = DrawsTime.of(settings(budget_ns=10 * SECOND), [FIXED, DRAWN, DRAWN])
    assert (kept.each_ns, kept.settings.budget_ns) == (SECOND // 2, 9 * SECOND)


def test_what_blocks_left_over_is_had_too():
    kept = DrawsTime.of(settings(budget_ns=10 * SECOND), [DRAWN])
    assert kept.after(9 * SECOND) == SECOND
    assert kept.after(8 * SECOND) == 2 * SECOND
    assert kept.after(1 * SECOND) == END_FURTHER_NS


def test_nothing_is_kept_where_no_case_draws():
    asked = settings(budget_ns=10 * SECOND)
    assert DrawsTime.of(asked, [FIXED]).settings is asked


def test_a_number_of_blocks_is_no_budget():
    asked = settings(trials=3)
    kept = DrawsTime.of(asked, [DRAWN])
    assert (kept.settings, kept.after(SECOND)) == (asked, END_FURTHER_NS)
