"""`harness run`: build, check, time, store and table."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import click
from click.core import ParameterSource

from harness.analysis import shared_notes
from harness.api import Interrupted, resume, run
from harness.api.planned_runs import planned_run
from harness.cli.attach import answer_of
from harness.cli.shared import offered_words
from harness.cli.shared.base import WORDS, Answer, OneEach, command
from harness.cli.shared.common_options import (
    format_option,
    make_settings,
    program_options,
    settings_options,
)
from harness.cli.shared.hosted import hosts_option, measured_on_hosts
from harness.cli.shared.measuring import (
    config_option,
    named_place,
    progress,
    results_option,
    run_executor_option,
    said,
    told_options,
    what_is_run,
)
from harness.cli.shared.swept import is_swept, measured_sweep, sweep_answer, sweep_options
from harness.errors import HarnessError, UsageError
from harness.render.explaining import shown_again
from harness.render.tables import legend
from harness.running.exporting import Export
from harness.running.listening import Progress, Told
from harness.running.resuming import refuse_new_settings
from harness.running.run_results import RunResult


class DashedCommand(OneEach):
    """Keeps what follows `--` apart as the program's own arguments."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[WORDS] = tuple(args)
        mine, rest = args, []
        if "--" in args:
            at = args.index("--")
            mine, rest = args[:at], args[at + 1 :]
        ctx.meta["arguments"] = tuple(rest)
        try:
            return super().parse_args(ctx, mine)
        except click.MissingParameter as problem:
            if not rest:
                raise
            what = problem.param.make_metavar(ctx) if problem.param else "a target"
            raise nothing_named(what, rest) from None


def nothing_named(what: str, rest: Sequence[str]) -> UsageError:
    """What to say where all words follow the two dashes."""
    return UsageError(
        f"{what} is missing: what follows `--` are the program's own arguments, here"
        f" {shlex.join(rest)}",
        hint="Name targets and files before `--`; a file whose name begins with a dash is"
        " written ./-name.",
    )


@command(
    cls=DashedCommand,
    epilog="Example: harness run --adapter c --case fast --phases",
)
@click.argument(
    "names", nargs=-1, metavar="[TARGET|FILE]...", shell_complete=offered_words.targets_or_files
)
@click.option(
    "--adapter",
    help="Only targets of this adapter; for a FILE, the one to use.",
    shell_complete=offered_words.adapter_names,
)
@program_options
@click.option("--task", help="Only targets of this task.", shell_complete=offered_words.tasks)
@click.option(
    "--case", help="The case; otherwise each task's first one.", shell_complete=offered_words.cases
)
@settings_options()
@sweep_options
@config_option
@results_option
@click.option(
    "--resume",
    metavar="[RUN]",
    is_flag=False,
    flag_value="",
    help="Top up an interrupted run by its stored settings; the latest one if bare.",
)
@run_executor_option
@hosts_option
@click.option(
    "--dry-run",
    is_flag=True,
    help="With a cluster's executor: print what would be submitted, and make nothing.",
)
@click.option(
    "--export",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the run to this file too; its suffix says how: .csv, .md, .json or a plugin's.",
)
@click.option("--export-format", metavar="NAME", help="The exporter to use, whatever the suffix.")
@click.option("--phases", is_flag=True, help="Show the phases that targets mark.")
@format_option
@told_options
def run_command(**options: Any) -> Answer:
    """Build, check, time and table targets of harness.toml, or one file or program.

    \b
    harness run                               every target, each task's first case
    harness run nbody-c nbody-julia           two targets by name
    harness run tool.py -- 1000               a file, without configuration
    harness run './prog --size 3'             any program
    """
    context = click.get_current_context()
    arguments = context.meta["arguments"]
    export = _export(options["export"], options["export_format"])
    if options["hosts"] is not None:
        return measured_on_hosts(options["names"], options, arguments)
    if is_swept(options) and not options["dry_run"]:
        swept = measured_sweep(options["names"], options, arguments)
        answer = sweep_answer(swept, options["style"])
        return answer if export is None else _exported(answer, export, swept)
    if options["resume"] is not None:
        _check_resume(context, arguments)
    if options["dry_run"]:
        return _planned(arguments, options)
    with progress() as listener:
        result = _run(arguments, options, Told(listener))
    if not isinstance(result, RunResult):  # a comparison that a cluster ran
        return answer_of(result)
    answer = _answer(result, options)
    return answer if export is None else _exported(answer, export, result)


def _exported(answer: Answer, export: Export, result: RunResult) -> Answer:
    """The answer, once the file is written; what was measured is told though an exporter fails."""
    try:
        export.write(result.report)
    except HarnessError as problem:
        return replace(
            answer,
            exit_code=answer.exit_code or problem.exit_code,
            error="\n".join(filter(None, (answer.error, problem.message))),
            hint=answer.hint or problem.hint,
        )
    return answer


def _export(path: Path | None, name: str | None) -> Export | None:
    """The file to write at the end, with an exporter that was found before anything runs."""
    if path is None and name is not None:
        raise UsageError("--export-format says how --export FILE is written; which file?")
    return Export.of(path, name) if path is not None else None


def _run(arguments: Sequence[str], options: Mapping[str, Any], told: Progress) -> RunResult:
    """The run asked for; one that was interrupted gives what it has."""
    place = named_place(options, told)
    try:
        if options["resume"] is not None:
            return resume(options["resume"], **place)
        return run(*options["names"], **what_is_run(options, arguments), **place)
    except Interrupted as stop:
        if stop.result is None:
            raise
        return cast(RunResult, stop.result)


def _planned(arguments: Sequence[str], options: Mapping[str, Any]) -> Answer:
    """What would be submitted to a cluster."""
    named = what_is_run(options, arguments)
    swept = said(**{name: options[name] or None for name in ("sweep", "matrix", "yes")})
    found = planned_run(*options["names"], **named, **swept, **named_place(options))
    return Answer(result=found.to_dict(), text=str(found))


def _check_resume(context: click.Context, arguments: Sequence[str]) -> None:
    """Refuse options that the stored settings of the run decide: none is ignored silently."""
    free = {"resume", "results", "config_path", "phases", "style", "as_json"}
    free |= {"export", "export_format", "quiet", "verbose"}
    if context.params["metrics"] == "":  # which only asks to show what is there
        free.add("metrics")
    given = [
        parameter.opts[0] if isinstance(parameter, click.Option) else " ".join(context.params[name])
        for parameter in context.command.params
        if (name := parameter.name) not in free
        and context.get_parameter_source(name or "") is ParameterSource.COMMANDLINE
    ]
    given += ["-- " + " ".join(arguments)] * bool(arguments)
    refuse_new_settings(given)


def _answer(result: RunResult, options: Mapping[str, Any]) -> Answer:
    """The result as a table or as JSON; the exit code says the worst that happened."""
    errors = [f"{k[2]}: {failure.message}" for k, failure in sorted(result.report.failures.items())]
    errors += [f"metric {name}: {why}" for name, why in result.lacking.items()]
    errors += ["interrupted; everything measured is kept"] * result.interrupted
    in_part = not result.run.finished
    return Answer(
        result=result.to_dict(),
        text=partial(_text, result, options),
        exit_code=result.exit_code,
        error="\n".join(errors) or None,
        hint=_resume_command(result, options) if in_part else _shown_again(errors, options),
        next_actions=(_resume_command(result, options),) if in_part else (),
    )


def _shown_again(errors: Sequence[str], options: Mapping[str, Any]) -> str | None:
    return None if options["given"] else shown_again("\n".join(errors), "the same command, with")


def _text(result: RunResult, options: Mapping[str, Any]) -> str:
    """The tables, and what they cannot say."""
    style = options["style"]
    parts = [result.table(style)]
    if options["metrics"] is not None:
        parts.append(result.metrics(style))
        if style == "plain" and options["resume"] is None:
            parts += filter(None, [_no_figures(result, make_settings(options).metrics)])
    if options["phases"]:
        parts.append(result.phases(style))
    if style != "csv":
        parts += filter(None, [result.ranks(style)])
        parts += filter(None, [legend(result.measurements)])
    if style == "plain":
        parts += filter(None, ["\n".join(_warnings(result))])
        parts.append(f"{result.run.parquet or result.folder}")
    return "\n\n".join(parts)


def _no_figures(result: RunResult, asked: Sequence[str]) -> str:
    """Which of the metric plugins that were asked for had nothing to say."""
    gave = {figure.info.source for m in result.measurements for figure in m.metrics}
    silent = [name for name in asked if name not in gave and name not in result.lacking]
    return f"no figures here by: {', '.join(silent)}" if silent else ""


def _resume_command(result: RunResult, options: Mapping[str, Any]) -> str:
    places = (("--results", options["results"]), ("--config", options["config_path"]))
    given = [word for name, path in places if path is not None for word in (name, str(path))]
    return shlex.join(["harness", "run", "--resume", result.id, *given])


def _warnings(result: RunResult) -> list[str]:
    """What the table cannot say: of single measurements first, then of the whole run."""
    measured = shared_notes(result.measurements)
    of_blocks = [
        f"{c.task} {c.case}: {c.disturbed} of {c.blocks} blocks were disturbed (kept)"
        for c in result.report.counts
        if c.disturbed
    ]
    ended = [
        f"{c.task} {c.case}: {c.blocks} block{'s' * (c.blocks != 1)}: {c.stopped}"
        for c in result.report.counts
        if c.stopped
    ]
    return [*ended, *measured, *of_blocks, *result.warnings]
