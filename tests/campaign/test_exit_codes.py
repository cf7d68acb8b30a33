"""What a test and a look answer a shell."""

from __future__ import annotations

import pytest

from harness.campaign.exit_codes import answer_of_test
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
