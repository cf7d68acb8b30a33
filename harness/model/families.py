"""Several cases judged together: better on at least one, and not worse on any; pure.

Each of N cases is asked at 1/N of the error (Bonferroni), so that all intervals hold at once with
at least the confidence that was asked for, however the cases depend on one another. Then both
halves of the claim follow from the intervals: that one case is better, which is one of N claims
that could each be false; and that none is worse, which needs every single one (an
intersection-union test: Berger, Technometrics 24, 1982), and so costs no level of its own: that a
case is not worse is asked at the whole error, where what decides it can be (`Comparison.least`).

Whatever decides a case within its blocks is an e-value, of which N/level wants only log N more than
1/level does; the mean of e-values (Vovk & Wang, Annals of Statistics 49, 2021), which is the
sharper one, reaches 1/level as soon as one of them has N/level, so that little is lost, and each
verdict says the same as the interval that is shown with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.results import Comparison, Verdict


def each_confidence(confidence: float, comparisons: int) -> float:
    """The confidence of each verdict that keeps the error of all of them: Bonferroni's bound."""
    return 1 - (1 - confidence) / max(1, comparisons)


def verdict_of_cases(found: Sequence[tuple[Verdict, float]], threshold: float) -> Verdict:
    """What the verdicts of all cases, each with what its ratio is not below, say together.

    Better where one case is, and every other one is surely not worse by more than the threshold.
    One that is surely worse, or mixed, decides at once.
    """
    verdicts = [verdict for verdict, _ in found]
    for bad in (Verdict.SLOWER, Verdict.MIXED):
        if bad in verdicts:
            return bad
    if Verdict.FASTER not in verdicts:
        same = all(verdict is Verdict.EQUIVALENT for verdict in verdicts)
        return Verdict.EQUIVALENT if same and verdicts else Verdict.UNDECIDED
    least = 1 / (1 + threshold)
    sure = all(verdict is not Verdict.UNDECIDED or low >= least for verdict, low in found)
    return Verdict.FASTER if sure else Verdict.UNDECIDED


def verdict_of_comparisons(found: Sequence[Comparison]) -> Verdict:
    """The same of comparisons, one at least, which have one threshold."""
    return verdict_of_cases([(c.verdict, c.not_below) for c in found], found[0].threshold)
