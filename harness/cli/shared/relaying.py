"""`--executor` of commands that a node of a cluster runs as they stand: bench, test, profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import click

from harness.cli.shared.base import WORDS
from harness.cli.shared.measuring import progress, said
from harness.errors import UsageError
from harness.running.executing import LOCAL
from harness.running.listening import Told

if TYPE_CHECKING:
    from harness.running.keywords import Surroundings

executor_option = click.option(
    "--executor",
    metavar="NAME",
    help="Where to run: a cluster's executor, such as slurm.  [default: local, this machine]",
)


def relay_if_asked(options: dict[str, Any]) -> None:
    """Have a node run this very command where `--executor` says so, and end as it ended.

    Takes the option away. A step of a campaign that agreed on the very executor is left to it;
    UsageError for one that did not: what it records would stay there.
    """
    executor = options.pop("executor")
    if executor in (None, LOCAL):
        return
    from harness.api.on_clusters import relayed
    from harness.optimise import active_campaign
    from harness.project.finding import read_config

    if options.get("results") is not None:
        raise UsageError("`results` is where this machine keeps runs: a node brings its own there")
    config = read_config(options["config_path"])
    campaign = active_campaign(config, options.get("campaign"))
    if campaign is not None and campaign.state.agreed.executor == executor:
        return
    if campaign is not None:
        agreed = campaign.state.agreed.executor or "on this machine"
        raise UsageError(
            f"a campaign is under way here, whose steps are made as it was agreed: {agreed}",
            hint="Leave `executor` out; it is agreed by `harness campaign start --executor`.",
        )
    context = click.get_current_context()
    words = [context.info_name or "", *_without(context.meta[WORDS])]
    with progress() as listener:
        around = said(config=options["config_path"], progress=Told(listener))
        code, out, error = relayed(executor, words, cast("Surroundings", around))
    click.echo(out, nl=False)
    click.echo(error, nl=False, err=True)
    raise SystemExit(code)


def _without(words: Sequence[str]) -> list[str]:
    """The words but for `--executor NAME`."""
    at = next(n for n, word in enumerate(words) if word.partition("=")[0] == "--executor")
    return [*words[:at], *words[at + (1 if "=" in words[at] else 2) :]]
