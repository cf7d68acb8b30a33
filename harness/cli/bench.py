"""`harness bench`: the current tree against the baseline, phase by phase."""

from __future__ import annotations

from typing import Any

import click

from harness.baseline import load_baseline
from harness.bench import BenchSettings, run_bench, run_stored
from harness.cli.baseline import budget_ns
from harness.cli.shared.base import Answer, command
from harness.cli.shared.options import (
    QUESTION,
    format_option,
    make_settings,
    settings_options,
)
from harness.cli.shared.workload import wanted_workload, workload_options, workload_session
from harness.errors import ExitCode
from harness.model import BenchReport, Verdict
from harness.model.jsonable import jsonable
from harness.project.finding import read_config
from harness.project.workload import Workload
from harness.render.bench import bench_text
from harness.render.units import show_ns
from harness.system.git.writing import Git


@command(epilog="Example: harness bench --validate-full")
@workload_options
@click.option("--validate-full", is_flag=True, help="Measure the larger case too.")
@click.option("--against", multiple=True, metavar="REVISION", help="A further reference.")
@click.option("--budget", help="Answer within this time, for each case; else the campaign's.")
@click.option("--trials", type=click.IntRange(2), help="The number of trials of each side.")
@click.option("--stored", is_flag=True, help="Compare with the stored trials; weaker.")
@click.option("--startup", is_flag=True, help="Measure start-up too, where there is steady mode.")
@click.option("--again", is_flag=True, help="In a campaign: look again with the same budget.")
@settings_options("max_trials", "seed", "cpus", *QUESTION)
@format_option
def bench_command(**options: Any) -> Answer:
    """Compare the current tree with the baseline: correctness first, then time.

    Builds the baseline's commit beside the current tree and runs both interleaved. TOTAL is timed
    by the harness and decides; phases are what the target reports of itself. The exit code is 1
    for a wrong output or a regression, 8 for undecided, 6 where the baseline was tampered with.
    In a campaign it is the BENCHMARK step: against the last kept state too, at a confidence that
    follows from how often was looked before, and recorded.
    """
    made = _of_campaign(options)
    if made is not None:
        return made
    workload = wanted_workload(options)
    plan = make_plan(options, workload)
    baseline = load_baseline(workload, Git(workload.root))
    with workload_session(workload, options["results"]) as session:
        run = run_stored if options["stored"] else run_bench
        report = run(session, workload, baseline, plan)
    return _answer(report, options["style"])


def _of_campaign(options: dict[str, Any]) -> Answer | None:
    """The bench as a step of the campaign that is under way here; None where there is none.

    Nor where something is asked that no step of a campaign is: a further reference, stored trials.
    """
    from harness.cli.campaign.steps import bench_in_campaign

    if options["target"] is not None or options["against"] or options["stored"]:
        return None
    return bench_in_campaign(read_config(options["config_path"]), options["campaign"], options)


def make_plan(options: dict[str, Any], workload: Workload) -> BenchSettings:
    """The plan that the command line asks for."""
    settings = make_settings({**options, "budget": None, "trials": None})
    return BenchSettings(
        budget_ns=budget_ns(options["budget"], workload),
        full=options["validate_full"],
        confidence=settings.question.confidence,
        threshold=settings.question.threshold,
        metric=settings.question.metric,
        max_blocks=settings.max_blocks,
        trials=options["trials"],
        seed=settings.seed,
        cpus=settings.cpus,
        startup=options["startup"],
        references={revision: revision for revision in options["against"]},
    )


def _answer(report: BenchReport, style: str = "plain") -> Answer:
    """The report as text and JSON; the exit code says the worst."""
    code, error = _judge(report)
    folders = [str(case.folder) for case in report.cases if case.folder]
    return Answer(
        result={**jsonable(report), "correct": report.correct, "verdict": _word(report)},
        text="\n\n".join(filter(None, [bench_text(report, style), "\n".join(folders)])),
        exit_code=code,
        error=error,
        hint=_more(report) if code is ExitCode.UNDECIDED else None,
    )


def _word(report: BenchReport) -> str | None:
    return report.verdict.value if report.verdict else None


def _judge(report: BenchReport) -> tuple[ExitCode, str | None]:
    if report.crashed:
        return ExitCode.TRIAL, report.crashed
    if not report.correct:
        return ExitCode.ANSWER_IS_NO, "wrong output"
    if report.verdict is Verdict.SLOWER:
        return ExitCode.ANSWER_IS_NO, "slower than the baseline"
    if report.verdict is Verdict.UNDECIDED or report.verdict is None:
        return ExitCode.UNDECIDED, "undecided within the budget"
    return ExitCode.FINE, None


def _more(report: BenchReport) -> str:
    needed = [c.budget_needed_ns for case in report.cases for c in case.comparisons.values()]
    known = [budget for budget in needed if budget is not None]
    if not known:
        return "No budget can be named that would decide."
    return f"A budget of about {show_ns(max(known), 2)} would decide."
