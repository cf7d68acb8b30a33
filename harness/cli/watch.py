"""`harness watch`: what a campaign and runs are at, live, without being in their way."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

import click

from harness.cli.campaign.common import campaign_option, named_campaign
from harness.cli.shared.base import Answer, command
from harness.cli.shared.escaping import visible
from harness.cli.shared.measuring import config_option, results_option
from harness.errors import DataDamaged, NotAllowed, UsageError
from harness.frozen import dataclass
from harness.project.config import lookup
from harness.project.finding import read_config, required_config
from harness.project.state_folder import results_of

if TYPE_CHECKING:
    from harness.cluster.followed import ClusterUnderWay
    from harness.optimise.watched import WatchedCampaign
    from harness.project.config import Config
    from harness.running.under_way import RunUnderWay

_NOTIFIED_S = 60.0
"""A command that is told of an end is ended after this time."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What there is to see at one moment."""

    campaigns: tuple[WatchedCampaign, ...]
    runs: tuple[RunUnderWay, ...]
    clusters: tuple[ClusterUnderWay, ...] = ()

    @property
    def ended(self) -> bool:
        """Is nothing under way any more?"""
        if self.runs or any(run.done < run.shards for run in self.clusters):
            return False
        return all(campaign.ended for campaign in self.campaigns)

    def lines(self) -> dict[str, str]:
        """What is said of each thing, by a key that stays."""
        said = {}
        for campaign in self.campaigns:
            for iteration in campaign.iterations:
                said[f"{campaign.name}/{iteration.number}"] = iteration.line
            said[f"{campaign.name}/"] = campaign.line
        said |= {run.id: run.line for run in self.runs}
        said |= {run.id: run.line for run in self.clusters}
        return {key: visible(line).replace("\n", " ") for key, line in said.items()}

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness watch --json`."""
        from harness.model.jsonable import jsonable

        return {
            "campaigns": [campaign.to_dict() for campaign in self.campaigns],
            "runs": [jsonable(run) for run in self.runs],
            "clusters": [jsonable(run) for run in self.clusters],
        }


@command(epilog="Example: harness watch --notify 'notify-send harness'")
@click.option("--stop", "asked", flag_value="stop", help="Ask the loop to end after its iteration.")
@click.option("--pause", "asked", flag_value="pause", help="Ask the loop to wait before each step.")
@click.option("--continue", "asked", flag_value="continue", help="Take back a stop or a pause.")
@click.option(
    "--notify",
    metavar="CMD",
    help="Run this at the end of an iteration or campaign, without a shell: JSON stands on its"
    " standard input, HARNESS_EVENT and HARNESS_CAMPAIGN in its environment.",
)
@click.option("--once", is_flag=True, help="Show what there is now, and end.")
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(0.1, 3600),
    default=2.0,
    show_default=True,
    help="Look again after so many seconds.",
)
@campaign_option
@config_option
@results_option
def watch_command(**options: Any) -> Answer:
    """Watch campaigns, sweeps and runs: iterations, predicted against measured, blocks to go.

    Of a run on a cluster it says how many shards are done, by their files.

    It reads only: nothing is locked, and nothing is written, so that it is in nobody's way. On a
    terminal it is a live view, elsewhere a line per change. It ends when all has ended.

    --pause, --continue and --stop are for `harness loop`, which looks at what is asked of it
    between its steps: a pause keeps everything as it is, a stop ends it after the iteration. Where
    no loop is at work they are refused.
    """
    config = read_config(options["config_path"], required=False)
    if options["asked"]:
        return _asked(config, options["campaign_name"], options["asked"])
    results = options["results"] or results_of(config.root)
    notify = _words(options["notify"])
    seen = None
    runs: dict[str, None] = {}  # all that were seen, oldest first
    with _shown() as show:
        while True:
            now = _sighting(config, options["campaign_name"], results, seen)
            show(now)
            if seen is not None and notify:
                _tell(notify, seen, now)
            seen = now
            runs |= {run.id: None for run in now.runs}
            if options["once"] or now.ended:
                break
            sleep(options["every_s"])
    if runs and not seen.runs:
        from harness.running.under_way import ended_run

        return Answer(result=seen.to_dict(), text="\n".join(ended_run(results, r) for r in runs))
    nothing = "nothing is under way" if not seen.lines() else ""
    return Answer(result=seen.to_dict(), text=nothing)


def _asked(config: Config, name: str | None, asked: str) -> Answer:
    from harness.optimise.loop_requests import (
        LoopRequest,
        ask_loop,
        forget_request,
        loop_is_at_work,
    )

    if name is None and not required_config(config).campaigns:
        raise UsageError(
            f"--{asked}: {config.path} has no campaign, and it is for the loop of one",
            hint="Ctrl-C ends a run or a sweep: what was measured is kept, and --resume goes on.",
        )
    campaign = named_campaign(required_config(config), name)
    lookup(config.campaigns, campaign, "campaign", config.path)
    if asked == "continue":
        there = forget_request(config.root, campaign)
        words = "taken back" if there else "nothing was asked for"
    elif not loop_is_at_work(config.root, campaign):
        # The next loop forgets it, lest it heeds what was meant for another one.
        raise NotAllowed(
            f"--{asked}: no loop of the campaign {campaign} is at work, and nothing was asked for",
            hint="`harness loop` begins one; it heeds what is asked for while it is at work.",
        )
    else:
        ask_loop(config.root, campaign, LoopRequest(asked))
        words = {
            "stop": "asked for: the loop ends after the iteration that is under way",
            "pause": "asked for: the loop waits before its next step; --continue ends that",
        }[asked]
    return Answer(result={"campaign": campaign, "asked": asked}, text=f"{campaign}: {words}")


def _words(notify: str | None) -> list[str]:
    """The words of the command that is told; UsageError for what is none."""
    if notify is None:
        return []
    try:
        words = shlex.split(notify)
    except ValueError as problem:
        raise UsageError(f"--notify: {problem}") from None
    if not words:
        raise UsageError("--notify is empty", hint="For a shell: --notify \"sh -c '...'\"")
    return words


def _sighting(config: Config, name: str | None, results: Path, before: Sighting | None) -> Sighting:
    """What there is now: the campaign that is named, or those under way now or a moment ago."""
    from harness.cluster.followed import clusters_under_way
    from harness.optimise.watched import watched_campaign
    from harness.running.under_way import runs_under_way

    names = config.campaigns if name is None else [name]
    known = {campaign.name for campaign in before.campaigns} if before else set()
    found = []
    for each in names:
        try:
            campaign = watched_campaign(config, each)
        except DataDamaged:
            if name is not None:
                raise
            continue  # of many, one that cannot be read hides no other
        if name is not None or campaign.under_way or each in known:
            found.append(campaign)
    return Sighting(tuple(found), runs_under_way(results), clusters_under_way(results))


def _tell(notify: list[str], before: Sighting, now: Sighting) -> None:
    """Run the command for each iteration and campaign that has ended since."""
    closed = {(c.name, i.number) for c in before.campaigns for i in c.iterations if i.closed}
    open_ones = {c.name for c in before.campaigns if not c.ended}
    for campaign in now.campaigns:
        whole = campaign.to_dict()
        for iteration in whole["iterations"]:
            if iteration["closed"] and (campaign.name, iteration["number"]) not in closed:
                told = {"event": "iteration", "campaign": campaign.name, "iteration": iteration}
                _run(notify, told)
        if campaign.ended and campaign.name in open_ones:
            _run(notify, {"event": "campaign", **whole})


def _run(words: list[str], told: dict[str, Any]) -> None:
    from harness.system.process.calling import Call, StillRunningError, call

    event = {"HARNESS_EVENT": told["event"], "HARNESS_CAMPAIGN": told["campaign"]}
    text = json.dumps(told).encode()
    asked = Call(
        words, env={**os.environ, **event}, stdin=text, timeout_s=_NOTIFIED_S, touches=False
    )
    try:
        ended = call(asked)
    except (OSError, ValueError, StillRunningError) as problem:
        click.echo(f"harness: --notify: {words[0]}: {problem or 'took too long'}", err=True)
        return
    if ended.returncode:
        said = ended.stderr.decode("utf-8", "replace").strip()[-300:]
        click.echo(
            f"harness: --notify: {words[0]} ended with {ended.returncode}: {visible(said)}",
            err=True,
        )


@contextlib.contextmanager
def _shown() -> Iterator[Callable[[Sighting], None]]:
    """How sightings are shown: a live view on a terminal, elsewhere a line per change."""
    as_json = click.get_current_context().params.get("as_json", False)
    if as_json or not sys.stdout.isatty():
        yield _Changes(to_stderr=as_json).show
        return
    from rich.live import Live
    from rich.text import Text

    with Live(refresh_per_second=4) as live:
        yield lambda now: live.update(Text("\n".join(now.lines().values())), refresh=True)


class _Changes:
    """Says what is new or has changed since the last sighting."""

    def __init__(self, *, to_stderr: bool) -> None:
        self._to_stderr = to_stderr
        self._said: dict[str, str] = {}

    def show(self, now: Sighting) -> None:
        """Print a line for each change."""
        lines = now.lines()
        for key, line in lines.items():
            if self._said.get(key) != line:
                click.echo(line, err=self._to_stderr)
        self._said = lines
