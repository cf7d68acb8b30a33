"""`harness compare`: which of two is faster, by how much, and how sure is that."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import click

from harness.analysis import shared_notes
from harness.api import Interrupted, compare, compare_stored
from harness.cli.run import DashedCommand, nothing_named
from harness.cli.shared import offered_words
from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import (
    DECLARED,
    QUESTION,
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
from harness.errors import ExitCode, UsageError
from harness.model import Comparison, TraceShape, Verdict
from harness.render.explaining import extended, next_steps, shown_again, what_would_do
from harness.render.guard_rows import broken_words, open_guard_words
from harness.render.tables import legend, metric_table
from harness.running.listening import Told
from harness.running.run_results import ComparisonResult
from harness.running.sweep_results import SweepResult
from harness.running.table_results import TableResult

ONCE = ("budget", "trials", "max_trials", "seed")
"""Settings that a repetition of the command shall choose anew."""

REPEATED = (
    *("adapter", "stdin", "prepare", "conclude", "shell", "ignore_output"),
    *("task", "tag", "case", "executor"),
    *(keyword for keyword in DECLARED if keyword not in ONCE),
    *("config_path", "results"),
)
"""Options that a repetition of the command shall have too."""

WORDS = {"config_path": "config", "stdin": "input"}
"""Options that the command line calls by another name."""


@command(
    cls=DashedCommand,
    epilog="Example: harness compare nbody-c@main nbody-c --budget 30s",
)
@click.argument(
    "names",
    nargs=-1,
    metavar="REFERENCE CANDIDATE...",
    shell_complete=offered_words.targets_or_files,
)
@click.option(
    "--adapter",
    help="Of files and programs, where it shall not be guessed.",
    shell_complete=offered_words.adapter_names,
)
@program_options
@click.option(
    "--case",
    shell_complete=offered_words.cases,
    help="The case; otherwise the task's first one. Of two targets several with commas: better is"
    " what is better on one and not worse on any.",
)
@settings_options(
    budget="Measure for at most this long, such as 20s; building and checking come before. Left"
    " out: 60 s, or as long as --trials take.",
)
@sweep_options
@run_executor_option
@hosts_option
@click.option("--resume", is_flag=True, help="Go on with the same sweep, which was interrupted.")
@click.option("--task", help="All targets of a task side by side; of several tasks with commas.")
@click.option("--tag", help="With --task: only targets that have this tag.")
@click.option(
    "--fail-on",
    type=click.Choice(["slower", "mixed"]),
    help="Exit with 1 where one is surely slower than the first (or also where it is mixed), and"
    " with 0 where none is.",
)
@click.option("--stored", is_flag=True, help="Run nothing: judge all blocks of both in the store.")
@config_option
@results_option
@told_options
def compare_command(names: tuple[str, ...], **options: Any) -> Answer:
    """Compare programs, files or targets: which is the fastest, by how much, how sure is that.

    \b
    harness compare ./old ./new               two programs
    harness compare 'sort -n x' 'sort -g x'   two command lines; no shell runs
    harness compare a.c b.c -- 1000           two files, given the same arguments
    harness compare nbody-c@main nbody-c      a target at two revisions
    harness compare ./a ./b ./c               three or more, ranked
    harness compare --task nbody              all targets of a task, cold and steady

    No configuration is needed for programs and files: their adapters are guessed and said. All run
    interleaved, in fresh processes, until the verdict is sure or the budget ends. The ratio is the
    speed-up, reference time / candidate time: above 1 the candidate is faster. The exit code is 0
    for faster and equivalent, 1 for slower, mixed (faster in the median, worse in the mean or the
    slow runs) or a wrong output, 8 for undecided. Three or more are
    ranked in sets, at an error level that holds for the whole table; that one is slower than the
    first is no failure then, unless --fail-on says so.

    With --stored nothing runs: the blocks of all stored runs in which both took part are judged
    together, those of each machine, case, mode and pair of builds by themselves. Names are those of
    the store; builds are judged as they were when they ran, and the worst verdict on those that ran
    last sets the exit code.
    """
    arguments = click.get_current_context().meta["arguments"]
    if options["hosts"] is not None:
        return measured_on_hosts(names, options, arguments)
    if is_swept(options):
        _refuse_stored(options)
        return _of_sweep(measured_sweep(names, options, arguments), options["fail_on"])
    if options["resume"]:
        raise UsageError("--resume is of a sweep", hint="Say what is swept: --sweep, --matrix.")
    if options["stored"]:
        return _from_store(names, options)
    if not names and arguments and options["task"] is None:
        raise nothing_named("REFERENCE", arguments)
    result = _compared(names, arguments, options)
    found = _answered(result, _again(names, options))
    if options["fail_on"] is not None and not result.failures and not result.interrupted:
        found = _failing(found, result.run.comparisons, options["fail_on"])
    if options["metrics"] is None:
        return found
    return replace(found, text=f"{found.text}\n\n{metric_table(result.run.measurements)}")


def _compared(
    names: tuple[str, ...], arguments: tuple[str, ...], options: dict[str, Any]
) -> ComparisonResult | TableResult:
    """What was asked for; one that was interrupted gives what it has."""
    with progress() as listener:
        try:
            result: ComparisonResult | TableResult = compare(
                *names,
                **what_is_run(options, arguments),
                **named_place(options, Told(listener)),
            )
        except Interrupted as stop:
            if stop.result is None:
                raise
            result = cast("ComparisonResult | TableResult", stop.result)
    return result


def _of_sweep(result: SweepResult, fail_on: str | None) -> Answer:
    """The sweep; with `--fail-on slower` it ends as a comparison does that is said so."""
    answer = sweep_answer(result)
    if fail_on is None or result.report.failures or result.interrupted:
        return answer
    return _failing(answer, result.comparisons, fail_on)


def _refuse_stored(options: dict[str, Any]) -> None:
    if options["stored"]:
        raise UsageError("--stored runs nothing, and a sweep is run")


def _failing(answer: Answer, comparisons: Sequence[Comparison], fail_on: str) -> Answer:
    """The answer with the exit code of --fail-on."""
    bad = [c for c in comparisons if c.verdict in {Verdict.SLOWER, Verdict(fail_on)}]
    if not bad:  # undecided is no failure; a figure that was asked for and is lacking is one
        lacks = answer.exit_code is ExitCode.ADAPTER
        return answer if lacks else replace(answer, exit_code=ExitCode.FINE)
    names = ", ".join(dict.fromkeys(c.candidate for c in bad))
    words = " or ".join(dict.fromkeys(c.verdict.value for c in bad))
    error = f"{words} {'than' if words == 'slower' else 'against'} {bad[0].reference}: {names}"
    return replace(answer, exit_code=ExitCode.ANSWER_IS_NO, error=error, hint=None)


def _answered(result: ComparisonResult | TableResult, again: str) -> Answer:
    if isinstance(result, ComparisonResult):
        return _answer(result, again)
    open_ones = [c for c in result.comparisons if c.verdict is Verdict.UNDECIDED]
    errors = ["interrupted; everything measured is kept"] * result.interrupted
    errors += [
        said for c in result.comparisons for said in (broken_words(c), open_guard_words(c)) if said
    ]
    errors += [f"metric {name}: {why}" for name, why in result.lacking.items()]
    if not result.interrupted:
        errors += result.complaints()
    errors += [f"{name}: {what}" for name, what in result.failures.items()]
    needed = max(open_ones, key=lambda c: c.budget_needed_ns or 0, default=None)
    text = [*result.sentences(), "", result.table(), "", legend(result.measurements)]
    text += [*result.warnings, str(result.run.parquet or result.folder)]
    return Answer(
        result=result.to_dict(),
        text="\n".join(text),
        exit_code=result.exit_code,
        error="\n".join(errors) or None,
        hint=shown_again("\n".join(errors), again) or (what_would_do(needed) if needed else None),
        next_actions=next_steps(needed, again)[:1] if needed is not None else (),
    )


def _from_store(names: tuple[str, ...], options: dict[str, Any]) -> Answer:
    if len(names) != 2:
        raise UsageError(f"--stored judges two targets, got {len(names)}")
    reference, candidate = names
    # What was not said is None here (its default is the settings' own), and no reason to refuse.
    for name in DECLARED.keys() - {*QUESTION, "mode"}:
        if options[name] not in (None, ()):
            flag = DECLARED[name].flag
            raise UsageError(f"{flag} is about new trials: --stored makes none")
    asked = said(**{name: options[name] for name in ("case", "mode", *QUESTION)})
    found = compare_stored(reference, candidate, **asked, **named_place(options))
    again = _again(names, options)
    problem, hint = found.problem or (None, None)
    steps: tuple[str, ...] = ()
    if found.exit_code is ExitCode.UNDECIDED and found.undecided is not None:
        steps = next_steps(found.undecided, again) or (again,)
    return Answer(
        result=found.to_dict(),
        text=str(found),
        exit_code=found.exit_code,
        error=problem,
        hint=hint,
        next_actions=steps,
    )


def _again(specs: tuple[str, ...], options: dict[str, Any]) -> str:
    """The command once more, with the options that were given, but for its budget."""
    given = [word for name in REPEATED for word in _as_given(name, options[name])]
    arguments = click.get_current_context().meta["arguments"]
    after = ["--", *arguments] if arguments else []
    return shlex.join(["harness", "compare", *specs, *given, *after])


def _as_given(name: str, value: Any) -> list[str]:
    """An option as the command line had it."""
    if value is None:
        return []
    flag = "--" + WORDS.get(name, name).replace("_", "-")
    if isinstance(value, tuple):
        return [word for each in value for word in (flag, str(each))]
    if isinstance(value, bool):
        return [flag if value else flag.replace("--", "--no-", 1)]
    return [flag, str(value)]


def _answer(result: ComparisonResult, again: str) -> Answer:
    """The comparison in words, numbers and an exit code; `again` is the command to repeat it."""
    found, code, comparison = result.to_dict(), result.exit_code, result.comparison
    if result.failures:
        message = "; ".join(f"{name}: {what}" for name, what in result.failures.items())
        hint = shown_again(message, again)
        return Answer(result=found, error=message, exit_code=code, hint=hint)
    if result.interrupted:
        return Answer(
            result=found,
            error="interrupted; everything measured is kept",
            exit_code=code,
            hint=extended(again, "--stored"),
            next_actions=(extended(again, "--stored"),),
        )
    if comparison is None:
        return _without_pairs(result)
    undecided = comparison.verdict is Verdict.UNDECIDED
    text = [str(result), *_remarks(result), str(result.run.parquet or result.folder)]
    errors = [f"undecided: {comparison.stopped_because}"] if undecided else []
    errors += filter(None, [broken_words(comparison), open_guard_words(comparison)])
    errors += [f"metric {name}: {why}" for name, why in result.lacking.items()]
    return Answer(
        result=found,
        text="\n".join(text),
        exit_code=code,
        error="\n".join(errors) or None,
        hint=what_would_do(comparison) if undecided else None,
        next_actions=next_steps(comparison, again) if undecided else (),
    )


def _without_pairs(result: ComparisonResult) -> Answer:
    """Nothing failed, and yet no block has a figure of both."""
    reasons = {count.stopped for count in result.report.counts if count.stopped}
    unsteady = any(TraceShape.NO_STEADY_STATE in m.shapes for m in result.run.measurements)
    return Answer(
        result=result.to_dict(),
        text="\n".join(_remarks(result)),
        exit_code=result.exit_code,
        error=f"undecided: no block with a figure of both ({', '.join(sorted(reasons))})",
        hint="More time will not help: make the work longer or repeatable, or compare it cold."
        if unsteady
        else "Give it more time with --budget.",
    )


def _remarks(result: ComparisonResult) -> list[str]:
    """What the run and its measurements warn of."""
    return [*result.warnings, *shared_notes(result.run.measurements, of_times=False)]
