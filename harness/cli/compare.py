"""`harness compare`: which of two is faster, by how much, and how sure is that."""

from __future__ import annotations

import contextlib
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from harness.cli.run import DashedCommand
from harness.cli.selecting import refuse_input
from harness.cli.shared.base import Answer, command
from harness.cli.shared.explaining import explain, extended, next_steps, shared_notes, what_would_do
from harness.cli.shared.options import (
    DECLARED,
    QUESTION,
    input_option,
    make_settings,
    settings_options,
)
from harness.cli.shared.session import (
    ad_hoc_cell,
    config_option,
    find_results,
    open_session,
    progress,
    read_config,
    results_option,
)
from harness.cli.shared.stored import stored_answer
from harness.errors import ExitCode, UsageError
from harness.model import Case, Task, TraceShape, Verdict
from harness.model.jsonable import jsonable
from harness.project.config import Config
from harness.project.revisions import split_revision, target_at
from harness.render.tables import metric_table
from harness.running import Cell, Settings
from harness.running.experiment import Experiment, perform
from harness.running.pooling import pool
from harness.running.reports import Report
from harness.running.session import Session

ONCE = ("budget", "trials", "max_trials", "seed")
"""Settings that a repetition of the command shall choose anew."""

REPEATED = (
    *("adapter", "stdin", "case"),
    *(keyword for keyword in DECLARED if keyword not in ONCE),
    *("config_path", "results"),
)
"""Options that a repetition of the command shall have too."""

DEFAULT_BUDGET_NS = 60_000_000_000
"""How long a comparison measures at most where nothing else is asked for."""

WORDS = {"config_path": "config", "stdin": "input"}
"""Options that the command line calls by another name."""


@command(
    cls=DashedCommand,
    epilog="Example: harness compare nbody-c@main nbody-c --budget 30s",
)
@click.argument("reference")
@click.argument("candidate")
@click.option("--adapter", help="Compare two files or programs; their arguments follow `--`.")
@input_option
@click.option("--case", help="The case; otherwise the task's first one.")
@settings_options(
    budget="Measure for at most this long, such as 20s; building and checking come before. Left"
    " out: 60 s, or as long as --trials take.",
)
@click.option("--stored", is_flag=True, help="Run nothing: judge all blocks of both in the store.")
@config_option
@results_option
def compare_command(reference: str, candidate: str, **options: Any) -> Answer:
    """Compare CANDIDATE with REFERENCE, each a target or TARGET@REVISION.

    With --adapter each is a file or a program, and no configuration is needed:
    `harness compare ./old ./new --adapter command --input data.txt`.

    Both run interleaved, in fresh processes, until the verdict is sure or the budget ends. The
    ratio is the speed-up, reference time / candidate time: above 1 the candidate is faster. The
    exit code is 0 for faster and equivalent, 1 for slower or a wrong output, 8 for undecided.

    With --stored nothing runs: the blocks of all stored runs in which both took part are judged
    together, those of each machine, case, mode and pair of builds by themselves. Names are those of
    the store; builds are judged as they were when they ran, and the worst verdict on those that ran
    last sets the exit code.
    """
    if reference == candidate:
        raise UsageError(
            f"{reference} against itself has no answer",
            hint=f"Compare two targets, or one at two revisions: {reference}@main {reference}.",
        )
    if options["stored"]:
        return _from_store(reference, candidate, options)
    settings = _settings(options)
    files = _files((reference, candidate), options)
    config = Config(root=Path.cwd()) if files else read_config(options["config_path"])
    with (
        progress() as listener,
        open_session(
            config, options["results"], listener, apart=not files, metrics=settings.metrics
        ) as session,
        contextlib.ExitStack() as stack,
    ):
        cells = files or tuple(
            _cell(session, spec, options["case"], stack) for spec in (reference, candidate)
        )
        _check_comparable(*cells)
        experiment = Experiment(
            cells=cells,
            settings=settings,
            pairs=((reference, candidate),),
            origin={"kind": "compare", "specs": [reference, candidate]},
        )
        report = perform(session.orchestrator, session.results, experiment)
        doubts = _one_program(session, report, (reference, candidate))
        report = replace(report, run=replace(report.run, warnings=(*report.run.warnings, *doubts)))
    found = _answer(report, _again((reference, candidate), options))
    if options["metrics"] is None:
        return found
    return replace(found, text=f"{found.text}\n\n{metric_table(report.run.measurements)}")


def _files(specs: tuple[str, str], options: dict[str, Any]) -> tuple[Cell, ...]:
    """Two files or programs as cells of one task; nothing where targets are meant."""
    arguments = click.get_current_context().meta["arguments"]
    if options["adapter"] is None:
        if options["stdin"] is not None:
            refuse_input()
        if arguments:
            raise UsageError(
                "what follows `--` are a file's or program's arguments; which adapter?",
                hint="Say --adapter c, julia, python or command; a target's stand in harness.toml.",
            )
        return ()
    for name in ("case", "config_path"):
        if options[name] is not None:
            option = name.removesuffix("_path")
            raise UsageError(f"--{option} is of harness.toml; a file or program has none")
    task = Task("program", (Case("default"),))
    made = []
    for spec in specs:
        cell = ad_hoc_cell(options["adapter"], spec, arguments, Path.cwd(), stdin=options["stdin"])
        made.append(Cell(task, task.case(), replace(cell.target, task=task.name), spec))
    return tuple(made)


def _settings(options: dict[str, Any]) -> Settings:
    """The settings asked for, with the budget of a comparison where nothing else ends it."""
    settings = make_settings(options)
    if settings.trials is None and settings.budget_ns is None:
        return replace(settings, budget_ns=DEFAULT_BUDGET_NS)
    return settings


def _from_store(reference: str, candidate: str, options: dict[str, Any]) -> Answer:
    for name in DECLARED.keys() - {*QUESTION, "mode"}:
        if options[name] is not None:
            flag = DECLARED[name].flag
            raise UsageError(f"{flag} is about new trials: --stored makes none")
    pooled = pool(
        find_results(options["config_path"], options["results"]),
        reference,
        candidate,
        make_settings(options).question,
    )
    mode = options["mode"]
    findings = tuple(
        finding
        for finding in pooled.findings
        if options["case"] in (None, finding.setting.case)
        and mode in (None, finding.setting.mode.value)
    )
    again = _again((reference, candidate), options)
    return stored_answer(replace(pooled, findings=findings), (reference, candidate), again)


def _again(specs: tuple[str, str], options: dict[str, Any]) -> str:
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
    if isinstance(value, bool):
        return [flag if value else flag.replace("--", "--no-", 1)]
    return [flag, str(value)]


def _cell(session: Session, spec: str, case: str | None, stack: contextlib.ExitStack) -> Cell:
    """The target of a spec, at a revision in a private copy that lasts as long as `stack`."""
    from harness.running.copies import private_copy, settle
    from harness.system.git.writing import Git

    config = session.config
    name, revision = split_revision(spec)
    if revision is None:
        target = config.target(name)
        current = target
    else:
        commit = Git(config.root).resolve(revision)
        copy = stack.enter_context(private_copy(session, config, commit))
        target = settle(session, copy, target_at(config, name, copy.root), revision)
        current = config.targets[name]
    return Cell(config.task(current.task), config.case_of(current, case), target, spec)


def _one_program(session: Session, report: Report, specs: tuple[str, str]) -> list[str]:
    """What is to be said of two revisions of one target that ran the same program."""
    from harness.bench.doubts import same_program
    from harness.system.git.writing import Git
    from harness.system.process.executed import program_of

    (name, one), (other_name, other) = map(split_revision, specs)
    builds = [m.build for group in report.groups for m in group.members if m.build is not None]
    if name != other_name or len(builds) != 2 or program_of(builds[0]) != program_of(builds[1]):
        return []
    git = Git(session.config.root)
    commits = [git.resolve(revision) for revision in (one, other) if revision is not None]
    two = len(commits) == 2
    differing = git.diff_names(*commits) if two else git.differing_here(commits[0])
    return list(same_program(specs, differing))


def _check_comparable(reference: Cell, candidate: Cell) -> None:
    if reference.task.name != candidate.task.name:
        raise UsageError(
            f"{reference.name} computes {reference.task.name}, {candidate.name} computes"
            f" {candidate.task.name}: only targets of one task can be compared"
        )
    if reference.case.name != candidate.case.name:
        raise UsageError(
            f"{reference.name} runs {reference.case.name}, {candidate.name} runs"
            f" {candidate.case.name}: times of different parameters have no ratio",
            hint="Compare them on a case that harness.toml gives both the same parameters of.",
        )


def _answer(report: Report, again: str) -> Answer:
    """The comparison in words, numbers and an exit code; `again` is the command to repeat it."""
    run = jsonable(report.run)
    if report.failures:
        worst = max(report.failures.values(), key=lambda f: f.exit_code)
        message = "; ".join(f"{key[2]}: {f.message}" for key, f in report.failures.items())
        return Answer(result=run, error=message, exit_code=worst.exit_code)
    if report.interrupted:
        return Answer(
            result=run,
            error="interrupted; everything measured is kept",
            exit_code=ExitCode.INTERRUPTED,
            hint=extended(again, "--stored"),
            next_actions=(extended(again, "--stored"),),
        )
    if not report.run.comparisons:
        return _without_pairs(report, run)
    comparison = report.run.comparisons[0]
    undecided = comparison.verdict is Verdict.UNDECIDED
    codes = {Verdict.SLOWER: ExitCode.ANSWER_IS_NO, Verdict.UNDECIDED: ExitCode.UNDECIDED}
    text = [explain(comparison), *_remarks(report), str(report.run.parquet or report.folder)]
    return Answer(
        result={**run, "comparison": jsonable(comparison)},
        text="\n".join(text),
        exit_code=codes.get(comparison.verdict, ExitCode.FINE),
        error=f"undecided: {comparison.stopped_because}" if undecided else None,
        hint=what_would_do(comparison) if undecided else None,
        next_actions=next_steps(comparison, again) if undecided else (),
    )


def _without_pairs(report: Report, run: dict[str, Any]) -> Answer:
    """Nothing failed, and yet no block has a figure of both."""
    reasons = {count.stopped for count in report.counts if count.stopped}
    unsteady = any(TraceShape.NO_STEADY_STATE in m.shapes for m in report.run.measurements)
    return Answer(
        result=run,
        text="\n".join(_remarks(report)),
        exit_code=ExitCode.UNDECIDED,
        error=f"undecided: no block with a figure of both ({', '.join(sorted(reasons))})",
        hint="More time will not help: make the work longer or repeatable, or compare it cold."
        if unsteady
        else "Give it more time with --budget.",
    )


def _remarks(report: Report) -> list[str]:
    """What the run and its measurements warn of."""
    return [*report.run.warnings, *shared_notes(report.run.measurements, of_times=False)]
