"""`harness campaign`: start, status, finish, abandon, list."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.campaign.common import (
    answered,
    campaign_options,
    named_campaign,
    opened,
    spoken,
    workbench,
)
from harness.cli.campaign.started import started
from harness.cli.campaign.status import everything_option, status_answer
from harness.cli.shared.base import Answer, command
from harness.cli.shared.measuring import config_option
from harness.errors import ExitCode
from harness.project.finding import read_config


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def campaign_command() -> None:
    """Begin, show, end and list optimisation campaigns.

    \b
    harness campaign start       seal the baseline, branch off
    harness next                 then repeat this, and do what it says
    harness campaign abandon     end one that went wrong; nothing is lost
    """


@command(name="start", epilog="Example: harness campaign start --agent-files")
@click.option(
    "--agent-files", is_flag=True, help="Write AGENTS.md and a skill that say how to drive it."
)
@click.option(
    "--executor",
    metavar="NAME",
    help="Where everything is built and measured: a cluster's executor, such as slurm; it is agreed"
    " at the start.  [default: as harness.toml says, else this machine]",
)
@campaign_options
def start_command(*, agent_files: bool, **options: Any) -> Answer:
    """Seal the baseline, tag it, and switch to the campaign's branch. The tree must be clean."""
    with opened(options) as campaign:
        return started(campaign, agent_files=agent_files)


@command(name="status", epilog="Example: harness campaign status --json")
@everything_option
@campaign_options
def campaign_status_command(*, everything: bool, **options: Any) -> Answer:
    """Show where the campaign stands; the same as `harness status`."""
    with opened(options, lock=False) as campaign:
        return status_answer(campaign, everything=everything)


@command(name="finish", epilog='Example: harness campaign finish --exhausted "out of time"')
@click.option("--no-merge", is_flag=True, help="Leave the merge into the base branch to you.")
@click.option("--budget", help="Answer within this time, for each case; else the campaign's.")
@click.option(
    "--exhausted",
    callback=spoken,
    help="Decide first that the loop ends, as `harness decide --exhausted` does: why. It may be"
    " said between any two iterations.",
)
@campaign_options
def finish_command(*, no_merge: bool, budget: str | None, exhausted: str, **options: Any) -> Answer:
    """Measure the full workload against the tag, profile again, summarise, merge, tag the end."""
    from harness.campaign.endings import headline_words
    from harness.model.durations import parse_duration_ns
    from harness.model.jsonable import jsonable
    from harness.optimise import finish

    budget_ns = parse_duration_ns(budget, "--budget") if budget else None

    with opened(options) as campaign:
        with workbench(campaign) as bench:
            done = finish(
                *(campaign, bench), merge=not no_merge, budget_ns=budget_ns, exhausted=exhausted
            )
        word = f"merged {done.because}, tagged {done.tag}" if done.merged else done.because
        if done.merged and done.measured:
            word += f"\n{done.measured}"
        return answered(
            campaign,
            f"campaign {campaign.name} finished: {headline_words(campaign.state)}\n{word}"
            f"\nsummary: {campaign.folder / 'summary.md'}",
            jsonable(done),
            exit_code=done.exit_code,
            error=None if done.exit_code is ExitCode.FINE else done.because,
        )


@command(name="abandon", epilog="Example: harness campaign abandon")
@campaign_options
def abandon_command(**options: Any) -> Answer:
    """End the campaign where it stands; branch, tags, attempts and records are kept aside.

    Works with a damaged journal, without its branch, in the middle of a merge. The branch that it
    was started from is checked out again; what was not committed is kept under a ref. Afterwards a
    campaign of the same name can be started.
    """
    from harness.model.jsonable import jsonable
    from harness.optimise import abandon
    from harness.project.state_folder import lock_of
    from harness.system.store.lock import hold

    config = read_config(options["config_path"])
    name = named_campaign(config, options["campaign_name"])
    with hold(lock_of(config.root)):
        done = abandon(config, name)
    lines = [f"campaign {name} abandoned; checked out: {done.checked_out}"]
    lines += [f"{_short_ref(old)} is now {_short_ref(new)}" for old, new in done.moved.items()]
    lines.append(f"records: {done.records}")
    if done.code:
        lines.append(f"what was not committed: {done.code} (git diff {done.code}^ {done.code})")
    start = f"harness campaign start --campaign {name}"
    return Answer(
        result=jsonable(done),
        text="\n".join([*lines, f"next (START): {start}"]),
        next_actions=(start,),
    )


def _short_ref(ref: str) -> str:
    """A ref as it is spoken of: branches and tags by kind and name."""
    for prefix, kind in (("refs/heads/", "branch"), ("refs/tags/", "tag")):
        if ref.startswith(prefix):
            return f"{kind} {ref.removeprefix(prefix)}"
    return ref


@command(name="list", epilog="Example: harness campaign list")
@config_option
def list_command(**options: Any) -> Answer:
    """List the campaigns of harness.toml with their state, gain and predictions.

    A damaged one is named and makes the exit code 6; all others are still listed.
    """
    from harness.optimise.every_campaign import every_campaign

    found = every_campaign(read_config(options["config_path"]))
    return Answer(
        result=found.to_dict(),
        text=str(found),
        exit_code=found.exit_code,
        error="; ".join(found.damaged) or None,
        hint="`harness verify --campaign NAME` says how to mend it." if found.damaged else None,
    )


for _made in (
    start_command,
    campaign_status_command,
    finish_command,
    abandon_command,
    list_command,
):
    campaign_command.add_command(_made)
