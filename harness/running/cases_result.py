"""What comparing two targets on several cases gave: a row for each, and one verdict on all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from harness.errors import ExitCode, UsageError
from harness.frozen import dataclass
from harness.model import Verdict
from harness.model.families import verdict_of_cases
from harness.render.benchmark_table import Rows, benchmark_table, counted
from harness.render.case_words import words_of_cases
from harness.running.suite_results import SuiteResult

_OUTSIDE = re.compile(r",(?![^(]*\))")
"""A comma that is not within the parameters which a case's name may have in parentheses."""

_CODES: Mapping[Verdict, ExitCode] = {
    Verdict.SLOWER: ExitCode.ANSWER_IS_NO,
    Verdict.MIXED: ExitCode.ANSWER_IS_NO,
    Verdict.UNDECIDED: ExitCode.UNDECIDED,
}


def cases_named(case: str | None) -> list[str | None]:
    """The cases that a text with commas names, each once; None: the task's first one."""
    if case is None:
        return [None]
    names = [part.strip() for part in _OUTSIDE.split(case)]
    if not all(names):
        raise UsageError(f"case: want names with commas between them, got {case!r}")
    return list(dict.fromkeys(names))


@dataclass(frozen=True, slots=True, repr=False)
class CasesResult(SuiteResult):
    """Two targets on several cases; the error level holds for all together."""

    @property
    def together(self) -> Verdict:
        """Better where one case is, and every other one is surely not worse: see `families`."""
        found = [(c.verdict, c.not_below) for c in self.comparisons]
        cases = {m.case for m in self.measurements}
        if len(found) < len(cases):
            found.append((Verdict.UNDECIDED, 0.0))
        threshold = self.comparisons[0].threshold if self.comparisons else 0.0
        return verdict_of_cases(found, threshold)

    @property
    def words(self) -> str:
        """The verdict on all cases, with the names of those that make it."""
        known = {c.case: c.verdict for c in self.comparisons}
        cases = dict.fromkeys(m.case for m in self.measurements)
        found = [(case, known.get(case, Verdict.UNDECIDED)) for case in cases]
        return words_of_cases(found, self.together)

    @property
    def exit_code(self) -> ExitCode:
        """What `harness compare` answers its shell."""
        if self.report.failures or self.interrupted:
            # By name: a class with slots is made anew, and a bare super() would mean the old one.
            return super(CasesResult, self).exit_code  # noqa: UP008
        if any(comparison.broken for comparison in self.comparisons):
            return ExitCode.ANSWER_IS_NO
        return _CODES.get(self.together, ExitCode.ADAPTER if self.lacking else ExitCode.FINE)

    def table(self, style: str = "plain") -> str:
        """One row for each case, in the order in which they were named."""
        words = {key: failure.words for key, failure in self.report.failures.items()}
        rows = Rows(self.reference, self.candidate, "case")
        return benchmark_table(rows, self.measurements, self.comparisons, words, style)

    def sentences(self) -> Iterator[str]:
        """What all cases say together, how many say what, and what went wrong."""
        verdicts = Counter(c.verdict for c in self.comparisons)
        confidence = self.report.run.comparisons[0].ratio.confidence if verdicts else None
        sides = (self.candidate, self.reference)
        yield f"{self.candidate} against {self.reference}: {self.words}"
        yield counted(*sides, verdicts, confidence, what="case")
        for (_, case, name), failure in self.report.failures.items():
            yield f"{case}: {name}: {failure.message}"

    def complaints(self) -> Iterator[str]:
        """Which cases are worse, and which leave the answer open."""
        found = self.together
        for verdict in (Verdict.SLOWER, Verdict.MIXED, Verdict.UNDECIDED):
            cases = [c.case for c in self.comparisons if c.verdict is verdict]
            if cases and not (verdict is Verdict.UNDECIDED and found is Verdict.FASTER):
                yield f"{verdict.value}: {', '.join(cases)}"

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness compare --json`, with the verdict on all cases."""
        said = {"together": self.together.value, "together_words": self.words}
        return {**super(CasesResult, self).to_dict(), **said}  # noqa: UP008
