"""What a test and a look answer a shell: the exit code, and what is wrong in words; pure."""

from __future__ import annotations

from harness.campaign.values import BenchOutcome, TestOutcome, TestStatus
from harness.errors import ExitCode
from harness.model import Verdict

_OF_A_TEST = {
    TestStatus.PASSED: ExitCode.FINE,
    TestStatus.WRONG: ExitCode.ANSWER_IS_NO,
    TestStatus.BUILD_FAILED: ExitCode.BUILD,
    TestStatus.CRASHED: ExitCode.TRIAL,
}


def answer_of_test(outcome: TestOutcome) -> tuple[ExitCode, str]:
    """The exit code of a test, and what is wrong; empty: nothing is."""
    code = _OF_A_TEST[outcome.status]
    return code, "" if code is ExitCode.FINE else f"{outcome.status.value}: {outcome.summary}"


def answer_of_look(outcome: BenchOutcome, *, strict: bool) -> tuple[ExitCode, str]:
    """The exit code of a look, and what is wrong; empty: nothing is, or it is undecided.

    The worst comes first. With `strict` a flag is a no, where there is none already.
    """
    if outcome.crashed:
        return ExitCode.TRIAL, f"crashed: {problem_of_look(outcome)}"
    if not outcome.correct:
        return ExitCode.ANSWER_IS_NO, f"wrong output: {problem_of_look(outcome)}"
    if outcome.verdict is Verdict.SLOWER:
        return ExitCode.ANSWER_IS_NO, "slower: a regression, to be reverted"
    if outcome.verdict is Verdict.UNDECIDED:
        return ExitCode.UNDECIDED, ""
    flags = [flag.line for flag in outcome.flagged.flags if not flag.note]
    return (ExitCode.ANSWER_IS_NO, flags[0]) if strict and flags else (ExitCode.FINE, "")


def problem_of_look(outcome: BenchOutcome) -> str:
    """What was wrong on its cases."""
    return " ".join(r.problem for r in (outcome.fast, outcome.full) if r is not None and r.problem)
