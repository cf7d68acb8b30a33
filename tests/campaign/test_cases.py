"""A look at several cases: what is kept, what is said, how the figure is chained."""

from dataclasses import replace

import pytest

from harness.campaign.case_notes import case_notes, case_words, next_campaign
from harness.campaign.chaining import chained
from harness.campaign.gates import keep_reason
from harness.campaign.iteration import Outcome
from harness.campaign.logs import optimization_log
from harness.campaign.port import BenchRequest
from harness.campaign.values import BenchOutcome, Ratio, Terms
from harness.model import Verdict

TERMS = Terms("work", "fast", cases=("b", "c"), rules=5, objective="wall")


@pytest.fixture
def look(make_result):
    """A look whose cases, fast, b and c, have these ratios and verdicts."""

    def made(*steps):
        ratios = [Ratio(p, p * 0.995, p * 1.005, 0.98, verdict) for p, verdict in steps]
        cases = [
            replace(make_result(1.0), case=name, step=step, run=f"runs/{name}.parquet")
            for name, step in zip(("fast", "b", "c"), ratios, strict=False)
        ]
        return BenchOutcome(cases[0], others=tuple(cases[1:]), threshold=0.01)

    return made


SAME, BETTER, WORSE = (1.0, Verdict.EQUIVALENT), (1.5, Verdict.FASTER), (0.8, Verdict.SLOWER)
OPEN = (0.98, Verdict.UNDECIDED)


def test_a_gain_on_any_case_is_one_where_no_other_loses(look):
    assert look(SAME, BETTER, SAME).verdict is Verdict.FASTER
    assert look(BETTER, SAME, WORSE).verdict is Verdict.SLOWER
    assert look(BETTER, SAME, OPEN).verdict is Verdict.UNDECIDED
    assert look(SAME, SAME, SAME).verdict is Verdict.EQUIVALENT


def test_all_cases_are_told_with_what_they_say_together(look):
    (note,) = case_notes(look(SAME, BETTER, SAME))
    assert note.startswith("3 cases together, better on b and not worse on any: fast 1.000x")
    assert "worse on c" in case_notes(look(BETTER, SAME, WORSE))[0]
    assert "not sure not to be worse on c" in case_notes(look(BETTER, SAME, OPEN))[0]
    assert case_notes(look(BETTER)) == []


def test_each_case_is_chained_by_its_own_kept_steps(look, tell):
    story = tell(TERMS)
    story.iterated(look(SAME, BETTER, SAME))
    after = chained(story.state, look(SAME, (2.0, Verdict.FASTER), SAME))
    assert [c.cumulative.point for c in after.together] == pytest.approx([1.0, 3.0, 1.0])
    assert all(case.chained for case in after.together)


def test_what_has_lost_nothing_is_kept_and_logged(look, tell):
    story = tell(TERMS)
    story.iterated(look(SAME, BETTER, SAME))
    (iteration,) = story.state.iterations
    assert iteration.outcome is Outcome.KEPT
    assert keep_reason(iteration) == "better on b and not worse on any, output right"
    assert "3 cases together, better on b" in optimization_log(story.state)


def test_more_time_is_asked_for_where_every_open_case_may_be_decided(look):
    found = look(BETTER, OPEN, OPEN)
    b, c = (
        replace(case, budget_needed_ns=ns) for case, ns in zip(found.others, (5, 9), strict=True)
    )
    assert replace(found, others=(b, c)).budget_needed_ns == 9
    assert replace(found, others=(b, replace(c, budget_needed_ns=None))).budget_needed_ns is None
    assert found.reach == pytest.approx(1.5 * 1.005)


def test_the_error_of_a_look_is_shared_by_its_cases():
    request = BenchRequest("a", "b", 1, 0.97, 0.01, 1, False, cases=("b", "c"))
    assert request.of_each == pytest.approx(0.99)


def test_the_cases_are_named_where_the_campaign_is():
    assert case_words(replace(TERMS, full_case="full")) == "fast + b + c, validated on full"
    assert 'cases = ["fast", "b", "c"]' in next_campaign("x", TERMS)
