"""What comparing several gave: one table, and who is best in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from harness.analysis import overall
from harness.errors import ExitCode
from harness.frozen import dataclass
from harness.model import Measurement, Overall, Ranking, Verdict
from harness.model.jsonable import jsonable
from harness.render.main_table import Beside, measurement_table
from harness.render.standings import overall_line, ranking_line
from harness.running.run_results import Measured, code_of_lacking


@dataclass(frozen=True, slots=True, repr=False)
class TableResult(Measured):
    """Several that compute one thing, side by side: their figures, and which are the best.

    The error level holds for all comparisons of the table.
    """

    steady: Mapping[tuple[str, str, str], Measurement] = field(default_factory=dict)
    """The measurements of the same targets in steady mode, by task, case and target."""
    whole: bool = False
    """Does the table show all that is known of each target?"""

    @property
    def rankings(self) -> tuple[Ranking, ...]:
        """The targets of each task and case in sets, the best set first."""
        return self.run.rankings

    @property
    def rankings_by_tag(self) -> tuple[Ranking, ...]:
        """Those among them that share a tag, and those that have none: like with like."""
        return self.run.rankings_by_tag

    @property
    def best(self) -> tuple[str, ...]:
        """Those whom none is surely faster than; of several tasks, those of all of them."""
        sets = [set(ranking.best) for ranking in self.rankings]
        first = self.rankings[0].best if self.rankings else ()
        return tuple(name for name in first if all(name in names for names in sets))

    @property
    def overall(self) -> tuple[Overall, ...]:
        """Of several tasks, the geometric mean of each implementation's speed-ups."""
        return overall(self.comparisons)

    @property
    def exit_code(self) -> ExitCode:
        """What `harness compare` answers its shell: that one is slower is no failure of a table."""
        if self.report.failures:
            return max(failure.exit_code for failure in self.report.failures.values())
        if self.interrupted:
            return ExitCode.INTERRUPTED
        unsure = any(c.verdict is Verdict.UNDECIDED for c in self.comparisons)
        undecided = ExitCode.UNDECIDED if unsure or not self.comparisons else ExitCode.FINE
        return max(undecided, code_of_lacking(self.lacking))

    @property
    def ok(self) -> bool:
        """Is every verdict sure, every output right, and did nothing go wrong?"""
        return self.exit_code is ExitCode.FINE

    def table(self, style: str = "plain") -> str:
        """The table of all figures, the best first, in a style of `--format` or as `html`."""
        words = {key: failure.words for key, failure in self.report.failures.items()}
        beside = Beside((*self.rankings, *self.rankings_by_tag), self.steady, self.whole)
        return measurement_table(self.measurements, self.comparisons, words, style, beside)

    def sentences(self) -> Iterator[str]:
        """Who is best, on each task and over all of them; and who computes something else."""
        several = len(self.rankings) > 1
        for ranking in self.rankings:
            stopped = next(
                (c for c in self.report.counts if (c.task, c.case) == (ranking.task, ranking.case)),
                None,
            )
            because = f"{stopped.blocks} blocks: {stopped.stopped}" if stopped else ""
            yield ranking_line(ranking, because, named=several)
            for each in self.rankings_by_tag:
                if (each.task, each.case) == (ranking.task, ranking.case):
                    yield ranking_line(each, named=several)
        if several:
            yield from map(overall_line, self.overall)
        for (task, case, name), failure in self.report.failures.items():
            where = f"{task} {case}: " if several else ""
            yield f"{where}{name}: {failure.message}"

    def complaints(self) -> Iterator[str]:
        """What keeps the answer from being a plain yes, beside what failed."""
        unsure = [c for c in self.comparisons if c.verdict is Verdict.UNDECIDED]
        if unsure:
            names = ", ".join(c.candidate for c in unsure)
            yield f"undecided against {unsure[0].reference}: {names}"

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness compare --json`."""
        values: dict[str, Any] = jsonable(self.run)
        values["best"] = list(self.best)
        values["overall"] = jsonable(self.overall)
        for measurement, m in zip(values["measurements"], self.measurements, strict=True):
            failure = self.report.failures.get(m.key)
            steady = self.steady.get(m.key)
            measurement["failure"] = failure.message if failure else None
            measurement["steady"] = jsonable(steady) if steady else None
        return values

    def __str__(self) -> str:
        return "\n\n".join(filter(None, ["\n".join(self.sentences()), self.table()]))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        import html

        said = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in self.sentences())
        return said + self.table("html")
