"""`harness surprises`: what earlier iterations taught, across campaigns."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.shared.base import Answer, command
from harness.cli.shared.measuring import config_option
from harness.errors import UsageError
from harness.project.finding import read_config


@command(epilog="Example: harness surprises threads --failed")
@click.argument("words", nargs=-1)
@click.option("--phase", default="", help="A part of the bottleneck's name.")
@click.option("--pattern", default="", help="A pattern by number or name: 8.4, parallelism.")
@click.option("--failed", is_flag=True, help="Only attempts that were not kept.")
@config_option
def surprises_command(words: tuple[str, ...], **options: Any) -> Answer:
    """Search surprises, lessons and failed attempts of all campaigns for WORDS.

    Without words: everything. Ends with the score of the predictions that were found. A damaged
    campaign is named, and the others are searched.
    """
    from harness.campaign.patterns import PATTERNS, pattern_named
    from harness.campaign.scoring import describe_scores, score
    from harness.campaign.surprises import Query, search, skipped
    from harness.model.jsonable import jsonable
    from harness.optimise.archive import all_states

    if options["pattern"] and pattern_named(options["pattern"]) is None:
        known = ", ".join(f"{p.number} {p.name}" for p in PATTERNS)
        raise UsageError(f"no pattern {options['pattern']!r}; there are: {known}")
    query = Query(words, options["phase"], options["pattern"], options["failed"])
    archive = all_states(read_config(options["config_path"]))
    states = archive.states
    found, given_up = search(states, query), skipped(states, query)
    scored = score(i for state in states for i in state.iterations)
    lines = [finding.text for finding in found]
    lines += [f"{name}: skipped {what}: {reason}" for name, what, reason in given_up]
    lines.append(f"predictions over {len(states)} campaigns: {describe_scores(scored)}")
    return Answer(
        result={
            "findings": jsonable(found),
            "skipped": [
                {"campaign": name, "bottleneck": what, "reason": reason}
                for name, what, reason in given_up
            ],
            "predictions": jsonable(scored),
            "damaged": list(archive.damaged),
        },
        text="\n\n".join(lines),
        exit_code=archive.exit_code,
        error="; ".join(archive.damaged) or None,
        hint="`harness verify` names the first event that does not fit."
        if archive.damaged
        else None,
    )
