"""Several cases as one: better on at least one, and not worse on any."""

import pytest

from harness.model import Verdict
from harness.model.families import each_confidence, verdict_of_cases

BETTER, SAME, OPEN = (Verdict.FASTER, 1.02), (Verdict.EQUIVALENT, 0.995), (Verdict.UNDECIDED, 0.9)
WORSE, MIXED = (Verdict.SLOWER, 0.9), (Verdict.MIXED, 1.01)
NEARLY = (Verdict.UNDECIDED, 0.9905)
"""Not decided, and surely no worse than by 1 %."""


@pytest.mark.parametrize(
    ("found", "together"),
    [
        ([BETTER, SAME, NEARLY], Verdict.FASTER),
        ([BETTER, SAME, OPEN], Verdict.UNDECIDED),
        ([BETTER, BETTER], Verdict.FASTER),
        ([SAME, SAME], Verdict.EQUIVALENT),
        ([SAME, NEARLY], Verdict.UNDECIDED),
        ([BETTER, SAME, MIXED], Verdict.MIXED),
        ([BETTER, MIXED, WORSE], Verdict.SLOWER),
        ([BETTER] * 99 + [WORSE], Verdict.SLOWER),
        ([], Verdict.UNDECIDED),
    ],
)
def test_what_cases_say_together(found, together):
    assert verdict_of_cases(found, 0.01) is together


def test_a_case_alone_says_what_it_says():
    for verdict in Verdict:
        assert verdict_of_cases([(verdict, 0.5)], 0.01) is (verdict)


def test_the_error_is_shared_out_among_the_cases():
    assert 1 - each_confidence(0.95, 100) == pytest.approx(0.0005)
