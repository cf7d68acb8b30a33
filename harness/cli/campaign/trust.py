"""`harness trust`: what decides in a campaign beside its code, and what of it has changed."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.campaign.common import answered, campaign_options, opened, spoken
from harness.cli.shared.base import Answer, command


@command(name="trust", epilog='Example: harness trust --reason "gcc was upgraded on this machine"')
@click.option("--reason", callback=spoken, help="Accept what has changed; the record says why.")
@campaign_options
def trust_command(*, reason: str, **options: Any) -> Answer:
    """Show what decides beside the code, and what of it has changed since it was taken.

    The harness, its launcher, Python, the toolchain's programs, git's settings: they are taken at
    the start of a campaign, and held against what they were at every step. Exit code 1 where one
    of them is not what it was.
    """
    from harness.campaign.exit_codes import answer_of_trust
    from harness.model.jsonable import jsonable
    from harness.optimise.trusting import accept, look

    with opened(options, lock=bool(reason)) as campaign:
        if reason:
            found = accept(campaign, reason)
            words = "\n".join(f"accepted: {difference.words}" for difference in found)
            return answered(campaign, words, {"accepted": jsonable(found)})
        trusted = campaign.state.trusted
        if trusted is None:
            return answered(
                campaign, "the campaign was begun before this was taken: nothing is held"
            )
        _, found = look(campaign)
        code, error = answer_of_trust(found)
        lines = [f"{n}: {h.version or h.digest[:12] or 'none'}" for n, h in trusted.held.items()]
        lines += [f"note: {note}" for note in trusted.notes]
        lines += [f"{'refused' if d.refused else 'recorded'}: {d.words}" for d in found]
        return answered(
            campaign,
            "\n".join(lines),
            {"trusted": jsonable(trusted), "differences": jsonable(found)},
            exit_code=code,
            error=error or None,
        )
