"""What `run` and `compare` do where something is swept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import click

from harness.api import Interrupted
from harness.api.sweeps import sweep
from harness.cli.shared.base import Answer
from harness.cli.shared.measuring import named_place, progress, said, what_is_run
from harness.errors import UsageError
from harness.render.guard_rows import broken_words, open_guard_words
from harness.render.rank_table import rank_table
from harness.render.sweep import sweep_text
from harness.running.listening import Told
from harness.running.sweep_results import SweepResult


def sweep_options(function: Any) -> Any:
    """The options of a sweep, as options of a command."""
    for made in (
        click.option(
            "--yes", is_flag=True, help="Begin a sweep although it may take longer than 30 minutes."
        ),
        click.option(
            "--point",
            type=click.IntRange(min=0),
            metavar="N",
            help="Measure this point of the sweep alone, counted from 0: an executor says so to the"
            " parts of a sweep.",
        ),
        click.option(
            "--matrix",
            multiple=True,
            metavar="NAME=VALUES",
            help="Vary an option of the build or a variable, side by side: compiler=gcc,clang.",
        ),
        click.option(
            "--sweep",
            multiple=True,
            metavar="NAME=VALUES",
            help="Sweep a parameter, env.NAME or threads: n=1000,2000 or n=1e3..1e6*2 or n=1..9+2.",
        ),
    ):
        function = made(function)
    return function


def is_swept(options: Mapping[str, Any]) -> bool:
    """Is something swept? UsageError for what only a sweep takes, without one."""
    if options["sweep"] or options["matrix"]:
        return True
    for name in ("yes", "point"):
        if options[name] is not None and options[name] is not False:  # 0 is a point
            raise UsageError(
                f"--{name} is of a sweep", hint="Say what is swept: --sweep, --matrix."
            )
    return False


def measured_sweep(
    names: Sequence[str], options: Mapping[str, Any], arguments: Sequence[str]
) -> SweepResult:
    """The sweep that was asked for; one that was interrupted gives what it has."""
    if options.get("tag") is not None:
        raise UsageError("a sweep takes targets by their names or their --task, not by a --tag")
    if options["resume"] not in (None, False, True, ""):
        raise UsageError(
            "of a sweep --resume names no run: it goes on with the latest that was asked for so"
        )
    with progress() as listener:
        try:
            return sweep(
                *names,
                sweep=options["sweep"],
                matrix=options["matrix"],
                resume=options["resume"] not in (None, False),
                yes=options["yes"],
                **said(point=options["point"]),
                **what_is_run(options, arguments),
                **named_place(options, Told(listener)),
            )
        except Interrupted as stop:
            if stop.result is None:
                raise
            return cast(SweepResult, stop.result)


def sweep_answer(result: SweepResult, style: str = "plain") -> Answer:
    """The sweep as a table and in words; a target that failed at a point sets the exit code."""
    text = [sweep_text(result.document(), style)]
    if style != "csv":
        text += filter(None, [rank_table(result.measurements, style)])
    if style == "plain":
        text += filter(None, ["\n".join(result.warnings), str(result.folder / "sweep.json")])
    errors = [
        f"{target} at {case}: {failure.message}"
        for (_, case, target), failure in sorted(result.report.failures.items())
    ]
    errors += [
        f"{c.case}: {said}"
        for c in result.comparisons
        for said in (broken_words(c), open_guard_words(c))
        if said
    ]
    errors += [f"metric {name}: {why}" for name, why in result.lacking.items()]
    errors += ["interrupted; everything measured is kept"] * result.interrupted
    return Answer(
        result=result.to_dict(),
        text="\n\n".join(text),
        exit_code=result.exit_code,
        error="\n".join(errors) or None,
        hint="The same command with --resume goes on." if result.interrupted else None,
    )
