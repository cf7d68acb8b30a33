"""`harness bench`: the current tree against the baseline, phase by phase."""

from __future__ import annotations

from typing import Any

import click

from harness.bench.asking import BenchResult
from harness.cli.campaign.common import note_options, then_option
from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import MOST, QUESTION, format_option, settings_options
from harness.cli.shared.measuring import progress, said, told_options
from harness.cli.shared.relaying import executor_option, relay_if_asked
from harness.cli.shared.workload import project_of, workload_options, workload_said
from harness.errors import ExitCode, UsageError
from harness.model import BenchReport
from harness.project.finding import read_config
from harness.render.units import show_ns

OF_THE_BENCH = (
    *("budget", "trials", "seed", "validate_full", "against", "stored", "startup"),
    *("max_trials", "cpus", "jail", *QUESTION),
)
"""Options of the command that `Project.bench` takes under the same names."""

_OF_AN_ENTRY = ("file", "surprise", "notes", "why", "lesson")


@command(epilog="Example: harness bench --validate-full")
@workload_options
@click.option("--validate-full", is_flag=True, help="Measure the larger case too.")
@click.option("--against", multiple=True, metavar="REVISION", help="A further reference.")
@click.option("--budget", help="Answer within this time, for each case; else the campaign's.")
@click.option("--trials", type=click.IntRange(2, MOST), help="The number of trials of each side.")
@click.option("--stored", is_flag=True, help="Compare with the stored trials; weaker.")
@click.option("--startup", is_flag=True, help="Measure start-up too, where there is steady mode.")
@click.option("--again", is_flag=True, help="In a campaign: look again with the same budget.")
@executor_option
@click.option("--strict", is_flag=True, help="In a campaign: exit code 1 where there is a FLAG.")
@then_option
@note_options
@settings_options("max_trials", "seed", "cpus", "jail", *QUESTION)
@format_option
@told_options
def bench_command(**options: Any) -> Answer:
    """Compare the current tree with the baseline: correctness first, then time.

    Builds the baseline's commit beside the current tree and runs both interleaved. TOTAL is timed
    by the harness and decides; phases are what the target reports of itself. The exit code is 1
    for a wrong output or a regression, 8 for undecided, 6 where the baseline was tampered with.
    In a campaign it is the BENCHMARK step: against the last kept state too, at a confidence that
    follows from how often was looked before, and recorded. With --then it is all that is left of
    the iteration: the test where there was none, the look, the entry given ahead, and commit or
    revert, with 0 where it was kept and 1 where it was reverted (and with --then profile the
    profile that the next thought rests on). It stops where something is left to choose.
    """
    relay_if_asked(options)
    made = _of_campaign(options)
    if made is not None:
        return made
    given = said(**{key: options[key] for key in OF_THE_BENCH})
    with progress() as listener:
        result = project_of(options).bench(**workload_said(options, listener), **given)
    return _answer(result, options["style"])


def _of_campaign(options: dict[str, Any]) -> Answer | None:
    """The bench as a step of the campaign that is under way here; None where there is none.

    Nor where something is asked that no step of a campaign is: a further reference, stored trials.
    """
    from harness.cli.campaign.steps import bench_in_campaign

    config, made = read_config(options["config_path"]), None
    if options["target"] is None and not options["against"] and not options["stored"]:
        made = bench_in_campaign(config, options["campaign"], options)
    if made is None and (options["then"] or any(options[name] for name in _OF_AN_ENTRY)):
        raise UsageError(
            "--then and the fields of an entry are for an iteration of a campaign: none is under"
            " way here",
            hint="`harness campaign start`, on the branch that it makes.",
        )
    return made


def _answer(result: BenchResult, style: str = "plain") -> Answer:
    """The report as text and JSON; the exit code says the worst."""
    code, error = result.problem
    folders = [str(case.folder) for case in result.report.cases if case.folder]
    return Answer(
        result=result.to_dict(),
        text="\n\n".join(filter(None, [result.text(style), "\n".join(folders)])),
        exit_code=code,
        error=error,
        hint=_more(result.report) if code is ExitCode.UNDECIDED else None,
    )


def _more(report: BenchReport) -> str:
    needed = [c.budget_needed_ns for case in report.cases for c in case.comparisons.values()]
    known = [budget for budget in needed if budget is not None]
    if not known:
        return "No budget can be named that would decide."
    return f"A budget of about {show_ns(max(known), 2)} would decide."
