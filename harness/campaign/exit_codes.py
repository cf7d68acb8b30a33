"""What a test and a look answer a shell: the exit code, and what is wrong in words; pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.campaign.iteration import Outcome
from harness.campaign.values import BenchOutcome, TestOutcome, TestStatus
from harness.errors import AnswerIsNo, ExitCode
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
    if outcome.verdict is Verdict.MIXED:
        return ExitCode.ANSWER_IS_NO, "mixed: a usual run gains, and all runs together do not"
    if outcome.verdict is Verdict.UNDECIDED:
        return ExitCode.UNDECIDED, ""
    flags = [flag.line for flag in outcome.flagged.flags if not flag.note]
    return (ExitCode.ANSWER_IS_NO, flags[0]) if strict and flags else (ExitCode.FINE, "")


def answer_of_flags(flags: Sequence[str]) -> AnswerIsNo | None:
    """What is answered to flags by who is strict; None where there is none."""
    if not flags:
        return None
    more = f" (and {len(flags) - 1} more)" if len(flags) > 1 else ""
    return AnswerIsNo(
        f"{flags[0]}{more}",
        hint="Look at the change: docs/security.md says what each flag asks.",
    )


def answer_of_iteration(outcome: Outcome | None, waits: str) -> tuple[ExitCode, str] | None:
    """The exit code of the rest of an iteration in one call, and what is wrong.

    None: that of its last test or look, which holds for one that was kept, or that is still open.
    What was reverted is a no, and a note that was not taken is not allowed.
    """
    if outcome is None:
        return (ExitCode.NOT_ALLOWED, f"nothing was logged: {waits}") if waits else None
    if outcome is Outcome.KEPT:
        return None
    return ExitCode.ANSWER_IS_NO, f"reverted: {outcome.value}"


def answer_of_trust(changes: Sequence[object]) -> tuple[ExitCode, str]:
    """The exit code of a look at what decides beside the code; what is wrong, or nothing."""
    if not changes:
        return ExitCode.FINE, ""
    return ExitCode.ANSWER_IS_NO, "what decides has changed since it was taken"


def problem_of_look(outcome: BenchOutcome) -> str:
    """What was wrong on its cases."""
    return " ".join(r.problem for r in outcome.results if r.problem)
