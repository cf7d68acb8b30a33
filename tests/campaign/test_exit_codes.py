"""What a test and a look answer a shell."""

from __future__ import annotations

import pytest

from harness.campaign.exit_codes import (
    answer_of_flags,
    answer_of_iteration,
    answer_of_test,
    answer_of_trust,
)
from harness.campaign.iteration import Outcome
from harness.campaign.values import TestOutcome as Tested
from harness.campaign.values import TestStatus as Status
from harness.errors import ExitCode


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.PASSED, ExitCode.FINE),
        (Status.WRONG, ExitCode.ANSWER_IS_NO),
        (Status.BUILD_FAILED, ExitCode.BUILD),
        (Status.CRASHED, ExitCode.TRIAL),
    ],
)
def test_a_test_answers_by_its_status(status: Status, code: ExitCode):
    found, problem = answer_of_test(Tested(status, "fast", "what is wrong"))
    assert found is code
    assert bool(problem) == (code is not ExitCode.FINE)
    assert not problem or problem == f"{status.value}: what is wrong"


def test_flags_are_a_no_to_who_is_strict():
    assert answer_of_flags(()) is None
    told = answer_of_flags(("FLAG one", "FLAG two"))
    assert told is not None
    assert (told.message, told.exit_code) == ("FLAG one (and 1 more)", ExitCode.ANSWER_IS_NO)


def test_the_rest_of_an_iteration_answers_by_its_end_or_as_its_last_step():
    assert answer_of_iteration(None, "") is answer_of_iteration(Outcome.KEPT, "") is None
    code, words = answer_of_iteration(None, "the surprise is missing") or (None, "")
    assert (code, words) == (ExitCode.NOT_ALLOWED, "nothing was logged: the surprise is missing")
    for outcome in Outcome:
        if outcome is not Outcome.KEPT:
            assert answer_of_iteration(outcome, "") == (
                ExitCode.ANSWER_IS_NO,
                f"reverted: {outcome.value}",
            )


def test_what_has_changed_beside_the_code_is_a_no():
    assert answer_of_trust(()) == (ExitCode.FINE, "")
    assert answer_of_trust(("gcc",))[0] is ExitCode.ANSWER_IS_NO
