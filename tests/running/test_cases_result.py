"""Two targets on several cases: which cases are named, and what all of them say together."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ExitCode, UsageError
from harness.model import Comparison, Estimate, Measurement, Metric, Mode, Run, Verdict
from harness.running.cases_result import CasesResult, cases_named
from harness.running.reports import Report
from harness.testing.makers import make_host


def test_cases_are_named_with_commas_but_for_those_within_a_name():
    assert cases_named(None) == [None]
    assert cases_named("a") == ["a"]
    assert cases_named("a, b,a") == ["a", "b"]
    assert cases_named("a (n=1, m=2),b") == ["a (n=1, m=2)", "b"]
    with pytest.raises(UsageError):
        cases_named("a,,b")


def result(*verdicts: tuple[Verdict, float]) -> CasesResult:
    """Targets a and b on cases 0, 1, ...; each with its verdict and the low end of its ratio."""
    wall = Estimate("median", 1e6, 9e5, 1.1e6, 0.95)
    cases = [str(n) for n in range(len(verdicts))]
    run = Run(
        *("id", 1, (), 7, make_host()),
        measurements=tuple(
            Measurement("t", case, name, "x", "X", Mode.COLD, 9, 0, wall, None, 5, None)
            for case in cases
            for name in "ab"
        ),
        comparisons=tuple(
            Comparison(
                *("b", "a", Metric.WALL, Estimate("ratio", max(1.0, low), low, 1.2, 0.975)),
                *(verdict, 9, 0.01, "sure"),
                task="t",
                case=case,
            )
            for case, (verdict, low) in zip(cases, verdicts, strict=True)
        ),
        finished=True,
    )
    return CasesResult(Report(run, Path("/x"), {}), reference="a", candidate="b")


BETTER, SAME, WORSE = (Verdict.FASTER, 1.1), (Verdict.EQUIVALENT, 0.995), (Verdict.SLOWER, 0.8)
NEARLY, OPEN = (Verdict.UNDECIDED, 0.995), (Verdict.UNDECIDED, 0.9)


@pytest.mark.parametrize(
    ("verdicts", "code", "words"),
    [
        ((BETTER, NEARLY), ExitCode.FINE, "better on 0 and not worse on any"),
        ((SAME, SAME), ExitCode.FINE, "the same on all"),
        ((BETTER, OPEN), ExitCode.UNDECIDED, "better on 0, and not sure not to be worse on 1"),
        ((BETTER, WORSE), ExitCode.ANSWER_IS_NO, "worse on 1"),
    ],
)
def test_all_cases_have_one_answer(verdicts, code, words):
    found = result(*verdicts)
    assert found.exit_code is code
    first, second = found.sentences()
    assert first == f"b against a: {words}"
    assert second.endswith("(all verdicts together at 95 %)")
    assert found.to_dict()["together"] == found.together.value
    assert found.to_dict()["together_words"] == words
    assert "case" in found.table().splitlines()[0]


def test_what_leaves_the_answer_open_is_named():
    assert list(result(BETTER, OPEN).complaints()) == ["undecided: 1"]
    assert list(result(BETTER, NEARLY).complaints()) == []
    assert list(result(BETTER, WORSE).complaints()) == ["slower: 1"]
