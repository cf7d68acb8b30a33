"""`harness history`: what was measured, when, and where the files are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.api import history, trends
from harness.cli.shared import offered_words
from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import format_option
from harness.cli.shared.measuring import config_option, named_place, results_option, said
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.running.trends import TrendsResult


@command(epilog="Example: harness history --task nbody --since 7d")
@click.option("--task", help="Only measurements of this task.", shell_complete=offered_words.tasks)
@click.option(
    "--target", help="Only measurements of this target.", shell_complete=offered_words.targets
)
@click.option("--since", help="A UTC date such as 2026-01-31, or an age such as 30m, 12h, 7d, 2w.")
@click.option("--plot", is_flag=True, help="Show how times went from run to run, and changes.")
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --plot: a file to write, .html or .md, or .svg or .png of a single trend.",
)
@click.option(
    "--metric",
    help="With --plot: of which figure: wall (the default), cpu, memory or a stored one.",
)
@click.option(
    "--per-comparison",
    is_flag=True,
    help="With --plot: let the error level hold for each trend, not for all of them together.",
)
@format_option
@config_option
@results_option
def history_command(**options: Any) -> Answer:
    """List stored runs and their measurements, oldest first.

    A damaged file is named and makes the exit code 6, one of a newer harness 2; all others are
    still listed.

    With --plot each target has a line of bars, oldest commit first, and the changes of level that
    are sure, with the commands that measure both commits again, interleaved: runs of different days
    were not, and the machine may have changed.
    """
    asked = said(**{name: options[name] for name in ("task", "target", "since")})
    if options["plot"] or options["path"] is not None:
        alone = options["per_comparison"] or None
        told = said(path=options["path"], metric=options["metric"], per_comparison=alone)
        return _plotted(trends(**asked, **told, **named_place(options)))
    if options["metric"] is not None:
        raise UsageError("--metric says what is plotted: add --plot")
    found = history(**asked, **named_place(options))
    which = " that fit" if asked else ""
    return Answer(
        result=found.to_dict(),
        text=found.table(options["style"]) if found.runs else f"no runs{which} in {found.results}",
        exit_code=found.exit_code,
        error="; ".join(found.damaged) or None,
        hint=found.hint or None,
    )


def _plotted(found: TrendsResult) -> Answer:
    """The trends, or the file that they were written to, and what to measure again."""
    text = "\n".join(map(str, found.written)) or str(found)
    if found.next_actions:
        text = "\n".join((text, "", "measure again, interleaved:", *found.next_actions))
    return Answer(
        result=found.to_dict(),
        text=text,
        exit_code=found.exit_code,
        error="; ".join(found.damaged) or None,
        hint=found.hint or None,
        next_actions=found.next_actions,
    )
