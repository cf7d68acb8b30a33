"""A command that failed is not advised again as if nothing had happened."""

import pytest

from harness.campaign.advice import Advice
from harness.campaign.failing import FailedCommand, after_failure

START = Advice("START", "nothing has been started", "harness campaign start")


def failed(times: int, *, outside: bool = True) -> FailedCommand:
    return FailedCommand(
        START.command, "here", "no compiler", "apt-get install gcc", times, outside
    )


def test_a_start_that_the_machine_refuses_is_mended_outside():
    advice = after_failure(None, START, failed(1))
    assert (advice.action, advice.command) == ("REPAIR", START.command)
    assert "apt-get install gcc" in advice.first
    assert advice.should_continue


def test_a_start_that_the_machine_refuses_twice_ends_the_loop():
    advice = after_failure(None, START, failed(2))
    assert not advice.should_continue
    assert advice.why.startswith("2 times `harness campaign start` failed: no compiler")
    assert "harness campaign abandon" in advice.first


@pytest.mark.parametrize("times", [1, 2])
def test_a_start_that_the_code_refuses_waits_for_a_commit(times: int):
    advice = after_failure(None, START, failed(times, outside=False))
    assert advice.action == "REPAIR"
    assert advice.command.startswith("git commit --all")


def test_another_command_s_failure_changes_nothing():
    assert (
        after_failure(None, Advice("PROFILE", "", "harness profile"), failed(2)).action == "PROFILE"
    )
