"""`harness bisect`: the commit that made a target slower."""

from __future__ import annotations

from typing import Any

import click

from harness.api import Interrupted, bisect
from harness.cli.shared import offered_words
from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import make_settings, settings_options
from harness.cli.shared.measuring import (
    config_option,
    named_place,
    progress,
    results_option,
    said,
    told_options,
)
from harness.errors import ExitCode
from harness.running.listening import Told


@command(epilog="Example: harness bisect nbody-c v1.0 main --budget 30s")
@click.argument("target", shell_complete=offered_words.targets)
@click.argument("good", shell_complete=offered_words.revisions)
@click.argument("bad", shell_complete=offered_words.revisions)
@click.option(
    "--case", help="The case; otherwise the task's first one.", shell_complete=offered_words.cases
)
@settings_options(
    budget="Measure for at most this long per comparison, such as 20s. Left out: 60 s.",
    confidence="Of the whole search; its comparisons share the error level.",
)
@click.option("--anew", is_flag=True, help="Forget the answers that are kept of this search.")
@config_option
@results_option
@told_options
def bisect_command(target: str, good: str, bad: str, **options: Any) -> Answer:
    """Find the commit between GOOD and BAD that made TARGET slower.

    Each commit that is looked at runs interleaved with GOOD; of n commits at most log2 n, rounded
    up, and the first comparison of GOOD and BAD themselves. All of them share one error level.
    Merges are followed by their first parents. Commits that do not build, do not run or compute
    something else are skipped, and said.

    Every answer is kept: after a kill the same command goes on. The working tree is not touched.
    The exit code is 0 where the commit is found, 1 where BAD is not slower, 8 where commits are
    left that could not be told apart.
    """
    with progress() as listener:
        try:
            found = bisect(
                target,
                good,
                bad,
                settings=make_settings(options),
                **said(case=options["case"]),
                anew=options["anew"],
                **named_place(options, Told(listener)),
            )
        except Interrupted:
            return Answer(
                exit_code=ExitCode.INTERRUPTED,
                error="interrupted; every answer is kept",
                hint="The same command goes on.",
            )
    return Answer(
        result=found.to_dict(),
        text=str(found),
        exit_code=found.exit_code,
        error=None if found.ok else f"undecided: {len(found.suspects)} commits are left",
        hint=None if found.ok else "A larger --budget for these may decide it.",
        next_actions=found.next_actions,
    )
