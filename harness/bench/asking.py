"""What baseline, test and bench are asked for and give, for programs and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.baseline import Baseline, BaselineSettings, TestReport, load_baseline
from harness.bench.settings import BenchSettings
from harness.campaign.wrongs import Counterexample
from harness.errors import ExitCode
from harness.frozen import dataclass
from harness.model import BenchReport, Verdict
from harness.model.durations import parse_duration_ns
from harness.model.jsonable import jsonable
from harness.project.config import Config
from harness.project.revisions import split_revision
from harness.project.workload import Wanted, Workload, find_workload
from harness.render.bench import bench_text, cases_together, correctness_text
from harness.render.guard_rows import broken_words
from harness.render.tables import as_html, layout
from harness.render.units import show_bytes, show_ns, show_speed_up
from harness.running.settings import Settings, read_settings
from harness.system.git.writing import Git


def wanted_of(options: Mapping[str, Any]) -> Wanted:
    """The workload that the options name."""
    return Wanted(*(options.get(key) for key in ("campaign", "target", "case", "full_case")))


def shown_by(config: Config, options: Mapping[str, Any]) -> tuple[Workload, Counterexample]:
    """The workload, and the case and values of it, that a test on given values names.

    Of a declared campaign the case is any of its own; otherwise it says which workload is meant.
    """
    case, full = options.get("case"), bool(options.get("full"))
    wanted = wanted_of({**options, "case": None} if config.campaigns else options)
    workload = find_workload(config, wanted)
    name = case if case and config.campaigns else workload.chosen(full).name
    return workload, Counterexample(name, options.get("given") or "")


def case_budget_ns(given: str | float | None, workload: Workload) -> int:
    """The budget asked for, else the campaign's, else a minute."""
    section = workload.section
    value = given or (section.bench_budget if section else "60s")
    return parse_duration_ns(value, "budget")


def baseline_settings(options: Mapping[str, Any], workload: Workload) -> BaselineSettings:
    """How the baseline is measured."""
    return BaselineSettings(
        budget_ns=case_budget_ns(options.get("budget"), workload),
        trials=options.get("trials"),
        seed=options.get("seed"),
    )


def bench_settings(options: Mapping[str, Any], workload: Workload) -> BenchSettings:
    """How the current tree is compared; UsageError for what makes no sense."""
    # Read by the rules of a run, so that a bench refuses what a run refuses, in the same words.
    shared = ("max_trials", "seed", "cpus", "jail", "metric", "confidence", "threshold", "guard")
    settings = read_settings({key: options.get(key) for key in shared})
    question, section = settings.question, workload.section
    guards = question.guards or (section.all_guards if section else ())
    together = [case.name for case in (workload.case, *workload.further)]
    question = question.shared_by(len(together))
    weighed = {} if question.noise is None else dict.fromkeys(together, question.noise)
    return BenchSettings(
        budget_ns=case_budget_ns(options.get("budget"), workload),
        full=bool(options.get("validate_full")),
        noise=weighed,
        confidence=question.confidence,
        of_all=question.of_all,
        threshold=question.threshold,
        metric=question.metric,
        max_blocks=settings.max_blocks,
        trials=options.get("trials"),
        seed=settings.seed,
        cpus=settings.cpus,
        jail=settings.jail,
        startup=bool(options.get("startup")),
        guards=guards,
        references={revision: revision for revision in options.get("against") or ()},
    )


def judged_by(settings: BenchSettings) -> Settings:
    """The settings of a run that is judged as a bench is: they name the plugins that it takes."""
    return Settings(question=settings.question, jail=settings.jail)


@dataclass(frozen=True, slots=True, repr=False)
class BaselineResult:
    """The sealed baseline that was made, and its tag."""

    workload: Workload
    baseline: Baseline
    tag: str

    def table(self, style: str = "plain") -> str:
        """One row per case."""
        rows = [
            [
                record.case.name,
                show_ns(record.timing.wall_ns.point),
                show_bytes(record.timing.max_rss_bytes),
                str(record.timing.trials),
                ", ".join(record.outputs),
            ]
            for record in self.baseline.document.cases
        ]
        headers = ["case", "wall (median)", "peak memory", "trials", "outputs"]
        return layout(headers, rows, style)

    @property
    def exit_code(self) -> ExitCode:
        """What `harness baseline` answers its shell: one that cannot be made is an error."""
        return ExitCode.FINE

    @property
    def ok(self) -> bool:
        return True

    @property
    def heading(self) -> str:
        name = self.workload.campaign or self.workload.target.name
        return f"baseline of {name} at {self.baseline.commit[:12]}, tag {self.tag}"

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness baseline --json`."""
        document = self.baseline.document
        values: dict[str, Any] = jsonable(
            {
                "campaign": self.workload.campaign,
                "target": self.workload.target.name,
                "commit": self.baseline.commit,
                "dirty": document.dirty,
                "tag": self.tag,
                "seal": self.baseline.root,
                "folder": self.baseline.folder,
                "cases": {r.case.name: r.timing.wall_ns.point for r in document.cases},
            }
        )
        return values

    def __str__(self) -> str:
        return f"{self.heading}\n\n{self.table()}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self.heading, self.table("html"))


@dataclass(frozen=True, slots=True, repr=False)
class CheckResult:
    """Does the current tree still compute what the baseline did?"""

    report: TestReport

    @property
    def ok(self) -> bool:
        return self.report.ok

    @property
    def exit_code(self) -> ExitCode:
        """What `harness test` answers its shell."""
        return ExitCode.FINE if self.ok else ExitCode.ANSWER_IS_NO

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness test --json`."""
        return {
            "verdict": "PASS" if self.ok else "FAIL",
            "case": self.report.case,
            "agreement": jsonable(self.report.agreement),
            "build_digest": self.report.build.digest,
            "warnings": list(self.report.warnings),
        }

    def __str__(self) -> str:
        notes = (f"note: {warning}" for warning in self.report.warnings)
        return "\n".join([correctness_text(self.report.agreement), *notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(str(self), "")


@dataclass(frozen=True, slots=True, repr=False)
class BenchResult:
    """The current tree against its baseline."""

    report: BenchReport

    @property
    def verdict(self) -> Verdict | None:
        """None where an output is wrong or a side crashed."""
        return self.report.verdict

    @property
    def problem(self) -> tuple[ExitCode, str | None]:
        """The worst of what was found, in words; FINE and None where there is nothing."""
        report = self.report
        if report.crashed:
            return ExitCode.TRIAL, report.crashed
        if not report.correct:
            return ExitCode.ANSWER_IS_NO, "wrong output"
        broken = report.broken
        if broken:
            return ExitCode.ANSWER_IS_NO, "; ".join(map(broken_words, broken))
        if report.verdict is Verdict.SLOWER:
            return ExitCode.ANSWER_IS_NO, "slower than the baseline"
        if report.verdict is Verdict.MIXED:
            return (
                ExitCode.ANSWER_IS_NO,
                "mixed: its mean or slow runs are worse",
            )
        if report.verdict is Verdict.UNDECIDED or report.verdict is None:
            return ExitCode.UNDECIDED, "undecided within the budget"
        return ExitCode.FINE, None

    @property
    def exit_code(self) -> ExitCode:
        """What `harness bench` answers its shell."""
        return self.problem[0]

    @property
    def ok(self) -> bool:
        return self.exit_code is ExitCode.FINE

    def text(self, style: str = "plain") -> str:
        """Correctness and the tables of all cases."""
        return bench_text(self.report, style)

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness bench --json`."""
        word = self.verdict.value if self.verdict else None
        found = {"correct": self.report.correct, "verdict": word}
        words = cases_together(self.report)
        return {**jsonable(self.report), **found, **({"together_words": words} if words else {})}

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [
            [case.case, name, show_speed_up(c.ratio), c.verdict.value]
            for case in self.report.cases
            for name, c in case.comparisons.items()
        ]
        table = layout(["case", "against", "speed-up", "verdict"], rows, "html")
        return as_html(self.problem[1] or "correct, and not slower than the baseline", table)


def baseline_commit(config: Config, target: str, campaign: str | None) -> str:
    """The commit that the campaign's sealed baseline is of."""
    name, _ = split_revision(target)
    if campaign is None and config.campaigns:
        of_target = [key for key, section in config.campaigns.items() if section.target == name]
        campaign = of_target[0] if len(of_target) == 1 else None
    wanted = Wanted(campaign=campaign, target=None if config.campaigns else name)
    return load_baseline(find_workload(config, wanted), Git(config.root)).commit
