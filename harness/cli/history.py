"""`harness history`: what was measured, when, and where the files are."""

from __future__ import annotations

from typing import Any

import click

from harness.api import history
from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import format_option
from harness.cli.shared.measuring import config_option, named_place, results_option, said


@command(epilog="Example: harness history --task nbody --since 7d")
@click.option("--task", help="Only measurements of this task.")
@click.option("--target", help="Only measurements of this target.")
@click.option("--since", help="A UTC date such as 2026-01-31, or an age such as 30m, 12h, 7d, 2w.")
@format_option
@config_option
@results_option
def history_command(**options: Any) -> Answer:
    """List stored runs and their measurements, oldest first.

    A damaged file is named and makes the exit code 6, one of a newer harness 2; all others are
    still listed.
    """
    asked = said(**{name: options[name] for name in ("task", "target", "since")})
    found = history(**asked, **named_place(options))
    which = " that fit" if asked else ""
    return Answer(
        result=found.to_dict(),
        text=found.table(options["style"]) if found.runs else f"no runs{which} in {found.results}",
        exit_code=found.exit_code,
        error="; ".join(found.damaged) or None,
        hint=found.hint or None,
    )
