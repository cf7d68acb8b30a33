"""What comparing two builds of a suite gave: a row for each of its benchmarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from harness.errors import ExitCode
from harness.frozen import dataclass
from harness.model import Verdict
from harness.render.benchmark_table import Rows, benchmark_table, counted
from harness.running.table_results import TableResult


@dataclass(frozen=True, slots=True, repr=False)
class SuiteResult(TableResult):
    """Two builds of one suite, benchmark by benchmark; the error level holds for all together."""

    reference: str = ""
    candidate: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """What `harness compare` answers its shell: 1 where a benchmark is surely slower."""
        sound = not self.report.failures and not self.interrupted
        if sound and any(c.verdict is Verdict.SLOWER for c in self.comparisons):
            return ExitCode.ANSWER_IS_NO
        # By name: a class with slots is made anew, and a bare super() would mean the old one.
        return super(SuiteResult, self).exit_code  # noqa: UP008

    def table(self, style: str = "plain") -> str:
        """One row for each benchmark, in the suite's order."""
        words = {key: failure.words for key, failure in self.report.failures.items()}
        rows = Rows(self.reference, self.candidate)
        return benchmark_table(rows, self.measurements, self.comparisons, words, style)

    def sentences(self) -> Iterator[str]:
        """How many are faster, slower, and so on; and what went wrong."""
        verdicts = Counter(c.verdict for c in self.comparisons)
        confidence = self.report.run.comparisons[0].ratio.confidence if verdicts else None
        yield counted(self.candidate, self.reference, verdicts, confidence)
        for (_, case, name), failure in self.report.failures.items():
            yield f"{case}: {name}: {failure.message}"

    def complaints(self) -> Iterator[str]:
        """Which benchmarks are slower, and which are undecided."""
        words = {
            Verdict.SLOWER: f"slower than {self.reference}",
            Verdict.UNDECIDED: "undecided",
        }
        for verdict, said in words.items():
            cases = [c.case for c in self.comparisons if c.verdict is verdict]
            if cases:
                yield f"{said}: {', '.join(cases)}"
