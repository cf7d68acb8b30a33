"""`harness run`: build, check, time, store and table."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from harness.cli.selecting import Options, select, stored_cells
from harness.cli.shared.base import Answer, OneEach, command
from harness.cli.shared.explaining import shared_notes
from harness.cli.shared.options import (
    DECLARED,
    format_option,
    input_option,
    make_settings,
    settings_options,
)
from harness.cli.shared.session import (
    RESUMABLE,
    config_option,
    open_session,
    progress,
    read_config,
    results_of,
    results_option,
)
from harness.errors import DataDamaged, ExitCode, UsageError
from harness.model.jsonable import jsonable
from harness.project.config import Config
from harness.render.tables import legend, measurement_table, metric_table, phase_table
from harness.running import Cell
from harness.running.experiment import Experiment, perform
from harness.running.reading_back import report_of
from harness.running.reports import Report
from harness.running.settings import of_plan
from harness.system.store.run_file import StoredRun, find_run, read_run, run_folders
from harness.system.store.runs import check_run, making_sense


class DashedCommand(OneEach):
    """Keeps what follows `--` apart as the program's own arguments."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        mine, rest = args, []
        if "--" in args:
            at = args.index("--")
            mine, rest = args[:at], args[at + 1 :]
        ctx.meta["arguments"] = tuple(rest)
        return super().parse_args(ctx, mine)


@command(
    cls=DashedCommand,
    epilog="Example: harness run --adapter c --case fast --phases",
)
@click.argument("names", nargs=-1, metavar="[TARGET|FILE]...")
@click.option("--adapter", help="Only targets of this adapter; for a FILE, the one to use.")
@input_option
@click.option("--task", help="Only targets of this task.")
@click.option("--case", help="The case; otherwise each task's first one.")
@settings_options()
@config_option
@results_option
@click.option(
    "--resume",
    metavar="[RUN]",
    is_flag=False,
    flag_value="",
    help="Top up an interrupted run by its plan; the latest one if bare.",
)
@click.option("--phases", is_flag=True, help="Show the phases that targets mark.")
@format_option
def run_command(**options: Any) -> Answer:
    """Build, check, time and table targets of harness.toml, or one file or program.

    \b
    harness run                               every target, each task's first case
    harness run nbody-c nbody-julia           two targets by name
    harness run --adapter python tool.py      a file, without configuration
    harness run --adapter command -- ./prog 1 any program
    """
    context = click.get_current_context()
    arguments = context.meta["arguments"]
    if options["resume"] is not None:
        _check_resume(context, arguments)
    rest = {name: value for name, value in options.items() if name not in DECLARED}
    rest["show_metrics"] = options["metrics"] is not None
    return run(Options(arguments=arguments, settings=make_settings(options), **rest))


def _check_resume(context: click.Context, arguments: Sequence[str]) -> None:
    """What is measured, and how often, is the stored plan's to say: nothing is ignored silently."""
    free = {"resume", "results", "config_path", "phases", "style", "as_json"}
    if context.params["metrics"] == "":  # which only asks to show what is there
        free.add("metrics")
    given = [
        parameter.opts[0] if isinstance(parameter, click.Option) else " ".join(context.params[name])
        for parameter in context.command.params
        if (name := parameter.name) not in free
        and context.get_parameter_source(name or "") is ParameterSource.COMMANDLINE
    ]
    given += ["-- " + " ".join(arguments)] * bool(arguments)
    if given:
        raise UsageError(
            f"--resume goes on by the plan of its run, which {', '.join(given)} cannot change",
            hint="Begin a new run for another plan, or leave that out.",
        )


def run(options: Options) -> Answer:
    """Perform the run that the options ask for, or go on with a stored one."""
    if options.resume is not None:
        return _resume(options)
    config, cells, origin = select(options)
    return _perform(config, options, Experiment(tuple(cells), options.settings, origin=origin))


def _perform(
    config: Config, options: Options, experiment: Experiment, folder: Path | None = None
) -> Answer:
    with (
        progress() as listener,
        open_session(
            config, options.results, listener, metrics=experiment.settings.metrics
        ) as session,
    ):
        report = perform(session.orchestrator, session.results, experiment, folder)
    return _answer(report, options)


def _resume(options: Options) -> Answer:
    config = read_config(options.config_path, required=False)
    results = options.results or results_of(config.root)
    stored = read_run(find_run(results, options.resume)) if options.resume else _latest(results)
    if stored.finished:
        check_run(stored)
        with making_sense(stored.folder):
            return _answer(report_of(stored), options)
    with making_sense(stored.folder):
        config, cells = stored_cells(stored, config)
        experiment = _stored_experiment(stored.plan, cells)
    return _perform(config, options, experiment, stored.folder)


def _stored_experiment(plan: Mapping[str, Any], cells: Sequence[Cell]) -> Experiment:
    """What an interrupted run was to find out."""
    return Experiment(tuple(cells), of_plan(plan), origin=plan["origin"])


def _latest(results: Path) -> StoredRun:
    """The latest run that was interrupted and can go on."""
    for folder in reversed(run_folders(results)):
        with contextlib.suppress(DataDamaged):
            stored = read_run(folder)
            if not stored.finished and stored.plan.get("origin", {}).get("kind") in RESUMABLE:
                return stored
    raise UsageError(
        f"no run in {results} was interrupted", hint="`harness history` lists all runs."
    )


def _answer(report: Report, options: Options) -> Answer:
    """The report as a table and as JSON; the exit code says the worst that happened."""
    values = result(report)
    failures = {key: failure.words for key, failure in report.failures.items()}
    parts = [
        measurement_table(report.run.measurements, report.run.comparisons, failures, options.style)
    ]
    if options.show_metrics:
        parts.append(metric_table(report.run.measurements, options.style))
        if options.style == "plain":
            parts += filter(None, [_no_figures(report, options.settings.metrics)])
    if options.phases:
        parts.append(phase_table(report.run.measurements, options.style))
    if options.style != "csv":
        parts += filter(None, [legend(report.run.measurements)])
    if options.style == "plain":
        parts += filter(None, ["\n".join(_warnings(report))])
        parts.append(f"{report.run.parquet or report.folder}")
    code = ExitCode(max((f.exit_code for f in report.failures.values()), default=ExitCode.FINE))
    errors = [f"{key[2]}: {failure.message}" for key, failure in sorted(report.failures.items())]
    errors += ["interrupted; everything measured is kept"] * report.interrupted
    return Answer(
        result=values,
        text="\n\n".join(parts),
        exit_code=ExitCode.INTERRUPTED if report.interrupted else code,
        error="\n".join(errors) or None,
        hint=_resume_command(report, options) if report.interrupted else None,
        next_actions=(_resume_command(report, options),) if report.interrupted else (),
    )


def _no_figures(report: Report, asked: Sequence[str]) -> str:
    """Which of the metric plugins that were asked for had nothing to say."""
    gave = {figure.info.source for m in report.run.measurements for figure in m.metrics}
    silent = [name for name in asked if name not in gave]
    return f"no figures here by: {', '.join(silent)}" if silent else ""


def _resume_command(report: Report, options: Options) -> str:
    places = (("--results", options.results), ("--config", options.config_path))
    given = [word for name, path in places if path is not None for word in (name, str(path))]
    return shlex.join(["harness", "run", "--resume", report.run.id, *given])


def _warnings(report: Report) -> list[str]:
    """What the table cannot say: of single measurements first, then of the whole run."""
    of_blocks = [
        f"{c.task} {c.case}: {c.disturbed} of {c.blocks} blocks were disturbed (kept)"
        for c in report.counts
        if c.disturbed
    ]
    return [*shared_notes(report.run.measurements), *of_blocks, *report.run.warnings]


def result(report: Report) -> dict[str, Any]:
    """The `result` of the JSON envelope."""
    values: dict[str, Any] = jsonable(report.run)
    values["run_id"] = values.pop("id")
    values["blocks"] = jsonable(report.counts)
    for measurement in values["measurements"]:
        key = (measurement["task"], measurement["case"], measurement["target"])
        failure = report.failures.get(key)
        measurement["failure"] = failure.message if failure else None
    return values
