"""What a run gave, as values that a program, a notebook and the command line read alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import ExitCode
from harness.frozen import dataclass
from harness.model import Comparison, Measurement, Run, Verdict
from harness.model.jsonable import jsonable
from harness.plugins import Exporter
from harness.render.explaining import evidence_rows, explain, headline
from harness.render.main_table import measurement_table
from harness.render.rank_table import rank_table
from harness.render.tables import as_html, layout, metric_table, phase_table
from harness.running.exporting import Export, exported
from harness.running.reports import CellKey, Report


def code_of_lacking(lacking: Mapping[str, str]) -> ExitCode:
    """What a command answers where metric plugins that were asked for failed."""
    return ExitCode.ADAPTER if lacking else ExitCode.FINE


@dataclass(frozen=True, slots=True, repr=False)
class Reported:
    """What every result of a run says of it."""

    report: Report

    @property
    def run(self) -> Run:
        return self.report.run

    @property
    def folder(self) -> Path:
        """Where the run is stored."""
        return self.report.folder

    @property
    def warnings(self) -> tuple[str, ...]:
        return self.run.warnings

    @property
    def failures(self) -> Mapping[str, str]:
        """What went wrong, by target; empty where all went well."""
        return {key[2]: failure.message for key, failure in self.report.failures.items()}

    @property
    def interrupted(self) -> bool:
        return self.report.interrupted

    @property
    def lacking(self) -> Mapping[str, str]:
        """The metric plugins that were asked for by name and failed, each with its reason."""
        return self.report.lacking


@dataclass(frozen=True, slots=True, repr=False)
class Measured(Reported):
    """The result of a run that measured several targets, each to be had by its name."""

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        return self.run.measurements

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Each target against the reference of its task."""
        return self.run.comparisons

    def __getitem__(self, target: str) -> Measurement:
        """The measurement of a target; KeyError where there is none, or more than one."""
        found = [m for m in self.measurements if m.target == target]
        if len(found) != 1:
            names = ", ".join(dict.fromkeys(m.target for m in self.measurements))
            raise KeyError(f"{len(found)} measurements of {target!r}; targets: {names}")
        return found[0]


@dataclass(frozen=True, slots=True, repr=False)
class RunResult(Measured):
    """What a run measured: measurements, comparisons, failures, and where the trials are."""

    @property
    def id(self) -> str:
        return self.run.id

    @property
    def exit_code(self) -> ExitCode:
        """What `harness run` answers its shell: the worst that happened."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        codes = [failure.exit_code for failure in self.report.failures.values()]
        return ExitCode(max([*codes, code_of_lacking(self.lacking)]))

    @property
    def ok(self) -> bool:
        """Did every target run to its end, with the right output and the figures asked for?"""
        return self.exit_code is ExitCode.FINE

    def table(self, style: str = "plain") -> str:
        """The main table, as `harness run` prints it, in a style of `--format` or as `html`."""
        if style == "csv":
            return str(exported(Exporter.find("csv"), self.report))
        words: Mapping[CellKey, str] = {k: f.words for k, f in self.report.failures.items()}
        return measurement_table(self.measurements, self.comparisons, words, style)

    def export(self, path: str | Path, format: str | None = None) -> None:
        """Write the run to a file, by its suffix or by the name of an exporter."""
        Export.of(Path(path), format).write(self.report)

    def metrics(self, style: str = "plain") -> str:
        """The named figures of targets and metric plugins, as a table."""
        return metric_table(self.measurements, style)

    def phases(self, style: str = "plain") -> str:
        """The phases that targets report of themselves, as a table."""
        return phase_table(self.measurements, style)

    def ranks(self, style: str = "plain") -> str:
        """What each rank of launched targets takes, as a table; empty where there are none."""
        return rank_table(self.measurements, style)

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness run --json`."""
        values: dict[str, Any] = jsonable(self.run)
        values["run_id"] = values.pop("id")
        values["blocks"] = jsonable(self.report.counts)
        for measurement in values["measurements"]:
            key = (measurement["task"], measurement["case"], measurement["target"])
            failure = self.report.failures.get(key)
            measurement["failure"] = failure.message if failure else None
        return values

    def __str__(self) -> str:
        return self.table()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table("html")


@dataclass(frozen=True, slots=True, repr=False)
class ComparisonResult(Reported):
    """Which of two is faster, by how much, and how sure that is."""

    reference: str
    candidate: str

    @property
    def comparison(self) -> Comparison | None:
        """None where one of them failed, the run was interrupted, or no block has both."""
        # Blocks that one of them failed in are missing, and not by chance: the rest says too much.
        sound = not self.report.failures and not self.report.interrupted
        return self.run.comparisons[0] if sound and self.run.comparisons else None

    @property
    def verdict(self) -> Verdict:
        """The verdict on the candidate against the reference; undecided where none can be given."""
        return self.comparison.verdict if self.comparison else Verdict.UNDECIDED

    @property
    def exit_code(self) -> ExitCode:
        """What `harness compare` answers its shell."""
        if self.report.failures:
            return max(failure.exit_code for failure in self.report.failures.values())
        if self.interrupted:
            return ExitCode.INTERRUPTED
        if self.comparison is not None and self.comparison.broken:
            return ExitCode.ANSWER_IS_NO
        codes = {
            Verdict.SLOWER: ExitCode.ANSWER_IS_NO,
            Verdict.MIXED: ExitCode.ANSWER_IS_NO,
            Verdict.UNDECIDED: ExitCode.UNDECIDED,
        }
        return max(codes.get(self.verdict, ExitCode.FINE), code_of_lacking(self.lacking))

    @property
    def ok(self) -> bool:
        """Is the candidate surely not slower, and nothing went wrong?"""
        return self.exit_code is ExitCode.FINE

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness compare --json`."""
        values: dict[str, Any] = jsonable(self.run)
        if self.comparison is not None:
            values["comparison"] = jsonable(self.comparison)
        return values

    def __str__(self) -> str:
        return explain(self.comparison) if self.comparison else self._without_a_verdict()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        c = self.comparison
        if c is None:
            return as_html(self._without_a_verdict(), "")
        table = layout(["metric", "speed-up", ""], evidence_rows(c), "html")
        return as_html(headline(c), table)

    def _without_a_verdict(self) -> str:
        said: Sequence[str] = [f"{name}: {what}" for name, what in self.failures.items()]
        if self.interrupted:
            said = ["interrupted; everything measured is kept"]
        return (
            "; ".join(said)
            or f"no block has a figure of both {self.reference} and {self.candidate}"
        )
