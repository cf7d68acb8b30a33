"""What the logs say of an iteration's output; pure."""

from __future__ import annotations

from harness.campaign.gates import keep_reason
from harness.campaign.iteration import Iteration, Outcome


def correctness_words(iteration: Iteration) -> str:
    """Whether its output was right, and what was wrong with it."""
    if iteration.taken_back or iteration.since:
        return f"FAIL: {in_one_line(keep_reason(iteration))}"
    if iteration.outcome is Outcome.WRONG:
        problem = iteration.test.summary if iteration.test else ""
        if iteration.bench is not None:
            wrong = (c.problem for c in reversed(iteration.bench.results) if not c.correct)
            problem = next(filter(None, wrong), problem)
        return f"FAIL (reverted): {in_one_line(problem)}"
    if iteration.outcome is Outcome.BUILD_FAILED:
        return "FAIL (did not build, reverted)"
    if iteration.outcome is Outcome.CRASHED:
        bench, test = iteration.bench, iteration.test
        cases = bench.results if bench is not None else ()
        said = next((c.problem for c in cases if c.crashed), test.summary if test else "")
        return f"FAIL (did not end well, reverted): {in_one_line(said)}"
    passed = any(test.status.value == "passed" for _, test in iteration.tests)
    if not passed:
        return "FAIL (given up before it was tested, reverted)"
    further = iteration.result.further_draws if iteration.result is not None else 0
    return f"PASS; right on {further} further draws beside its blocks" if further else "PASS"


def in_one_line(text: str) -> str:
    """A text in one line, so that it cannot be taken for another field."""
    return " ".join(text.split())
