"""`harness verify`: re-derive every number, log and decision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli.campaign.common import (
    campaign_options,
    opened,
    strict_option,
    workbench,
)
from harness.cli.shared.base import Answer, command
from harness.errors import ExitCode


@command(epilog="Example: harness verify --campaign nbody-c")
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    help="Hold the events against this witness; otherwise against the campaign's own, if any.",
)
@strict_option
@campaign_options
def verify_command(*, against: Path | None, strict: bool, **options: Any) -> Answer:
    """Derive the campaign again from its events, trials and commits; name the first misfit.

    Exit code 6 where something does not fit. What a clone does not have (tags, refs/harness) is
    said and does not count. FLAG lines are what a human should look at; with --strict they are
    answered with exit code 1.
    """
    from harness.optimise.verify import wrong_with
    from harness.optimise.verify_beside import verified_beside

    with opened(options, lock=False) as campaign, workbench(campaign) as bench:
        found = verified_beside(campaign, bench, against)
    checked = ", ".join(f"{count} {what}" for what, count in found.checked.items())
    lines = [f"checked: {checked or 'nothing'}"]
    lines += [f"not checked: {what}" for what in found.unchecked]
    lines += [f"note: {what}" for what in found.remarks]
    lines += found.flags
    lines += [f"does not fit: {problem}" for problem in found.problems]
    if found.ok:
        lines.append("everything fits")
    error = wrong_with(found, strict=strict)
    return Answer(
        result={
            "campaign": campaign.name,
            "checked": found.checked,
            "unchecked": found.unchecked,
            "remarks": found.remarks,
            "flags": found.flags,
            "problems": found.problems,
        },
        text="\n".join(lines),
        exit_code=ExitCode.FINE if error is None else error.exit_code,
        error=error.message if error else None,
        hint=error.hint if error else None,
        state=campaign.progress.step.value,
    )
