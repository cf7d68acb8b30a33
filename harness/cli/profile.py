"""`harness profile`: where the time goes, by phase, function and line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import click

from harness.api import profile
from harness.cli.run import DashedCommand
from harness.cli.shared import offered_words
from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import MOST
from harness.cli.shared.measuring import config_option, progress, said, told_options
from harness.cli.shared.relaying import executor_option, relay_if_asked
from harness.errors import UsageError
from harness.model import ProfileBy
from harness.profiling.asking import ProfileResult
from harness.project.finding import read_config
from harness.render.profile import case_table, move_table, report_text
from harness.running.listening import Told

WORDS = {"tool": "with"}
"""Options that the command line calls by another name."""
OF_A_TARGET = (
    *("adapter", "case", "cases", "by", "tool", "function", "memory", "against", "trials"),
)
OF_THE_ANSWER = ("name", "top", "config_path")


@command(
    cls=DashedCommand,
    epilog="Example: harness profile nbody-c --by line --function forces",
)
@click.argument(
    "name", required=False, metavar="[TARGET|FILE]", shell_complete=offered_words.targets_or_files
)
@click.option(
    "--adapter",
    help="For a FILE: c, julia or python; its arguments follow `--`.",
    shell_complete=offered_words.adapter_names,
)
@click.option(
    "--case", help="The case; otherwise the task's first one.", shell_complete=offered_words.cases
)
@click.option("--cases", help="Several, such as fast,full: also says how shares change.")
@click.option(
    "--by",
    type=click.Choice([by.value for by in ProfileBy]),
    help="How fine; function unless something else asks for lines.",
)
@click.option("--with", "tool", help="The profiler: perf, callgrind, counters; cProfile, sample...")
@click.option("--function", help="Only lines of functions of this name; implies --by line.")
@click.option("--memory", is_flag=True, help="Allocations by line instead of time (Julia).")
@click.option("--against", help="baseline, last, a stored profile's name, or a revision.")
@click.option(
    "--campaign",
    help="Whose baseline --against baseline means.",
    shell_complete=offered_words.campaigns,
)
@click.option(
    "--trials", type=click.IntRange(2, MOST), help="Plain trials, for the phases' intervals."
)
@click.option(
    "--top", type=click.IntRange(1, MOST), default=15, show_default=True, help="Rows shown."
)
@executor_option
@config_option
@told_options
def profile_command(**options: Any) -> Answer:
    """Say where TARGET spends its time: phases first, then functions or lines.

    Phases come from plain trials, the rest from a profiler that fits the language. Every row has
    Amdahl's bound: how much faster the program could be at most with all of it gone. TARGET may
    be TARGET@REVISION. A profile is never used as a timing.

    Without TARGET it is the PROFILE step of the campaign that is under way.
    """
    relay_if_asked(options)
    arguments = click.get_current_context().meta["arguments"]
    if options["name"] is None:
        return of_campaign(options)
    top = options["top"]
    given = {key: value for key, value in options.items() if value and key not in OF_THE_ANSWER}
    with progress() as listener:
        result = profile(
            options["name"],
            arguments=arguments,
            **given,
            **said(config=options["config_path"], progress=Told(listener)),
        )
    return _answer(result, top)


def of_campaign(options: dict[str, Any]) -> Answer:
    """The campaign's own profile; UsageError where none waits for one, or more is asked."""
    from harness.cli.campaign.steps import profile_in_campaign

    given = [option for option in OF_A_TARGET if options[option]]
    if given:
        raise UsageError(
            f"--{WORDS.get(given[0], given[0])} says how a target is profiled, and none is named",
            hint="Name it: harness profile nbody-c. A campaign's own step takes none of these.",
        )
    made = profile_in_campaign(read_config(options["config_path"]), options["campaign"])
    if made is None:
        raise UsageError(
            "which target? No campaign that is under way here waits for a profile",
            hint="Name a target or a file: harness profile nbody-c.",
        )
    return made


def _answer(result: ProfileResult, top: int) -> Answer:
    """The tables and the JSON of all cases; where a profiler failed, its exit code."""
    failure = result.failure
    return Answer(
        result=result.to_dict(top),
        text="\n\n".join(_texts(result, top)),
        exit_code=result.exit_code,
        error=failure.message if failure else None,
        hint=failure.hint if failure else None,
    )


def _texts(result: ProfileResult, top: int) -> Iterator[str]:
    for one in result.found:
        yield report_text(one.report, top)
        if one.before is not None:
            yield move_table(one.before, one.report, one.changes, top)
    shares = result.shares
    with contextlib.suppress(IndexError):
        if shares[0].shift > 0:
            yield "How shares change with the case:\n" + case_table(shares, top)
