"""`harness loop`: the whole loop, unattended."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.campaign.common import answered, campaign_options, opened, workbench
from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import MOST
from harness.errors import UsageError
from harness.model.durations import parse_duration_ns


@command(epilog='Example: harness loop --agent "my-agent --yes" --iterations 5 --budget 2h')
@click.option("--agent", help="A command that reads its task on standard input and edits files.")
@click.option("--proposer", help="An installed proposer instead: flags, patches, or another's.")
@click.option("--from", "folder", help="For patches: the folder of NAME.patch and NAME.toml.")
@click.option("--iterations", type=click.IntRange(1, MOST), help="The most in this call.")
@click.option("--budget", help="Begin no further iteration after this time, such as 2h.")
@click.option(
    "--agent-timeout", default="10m", show_default=True, help="An agent that takes longer is ended."
)
@campaign_options
def loop_command(**options: Any) -> Answer:
    """Let an agent or a proposer run the campaign, iteration by iteration, until it stops.

    It thinks, and only then changes code, in a private worktree; the campaign tests, measures, and
    keeps or reverts. `harness campaign finish` is left to you. See docs/proposers.md.
    """
    from harness.model.jsonable import jsonable
    from harness.optimise.loop import Loop, run_loop
    from harness.plugins import Proposer
    from harness.running.session import open_session

    name = _proposer_name(options)
    proposer = Proposer.find(name)
    with opened(options) as campaign, workbench(campaign) as bench:
        with open_session(campaign.config, apart=True) as session:
            plan = _plan(options)
            loop = Loop(campaign, bench, proposer, session.runner, session.worktrees, plan)
            report = run_loop(loop)
        lines = [f"iteration {n}: {title}: {outcome}" for n, title, outcome in report.iterations]
        lines.append(f"ended: {report.ended}")
        return answered(
            campaign,
            "\n".join(lines),
            jsonable(report),
            exit_code=report.exit_code,
            error=f"the loop ended early: {report.ended}" if report.failed else None,
        )


def _proposer_name(options: dict[str, Any]) -> str:
    if (options["agent"] is None) == (options["proposer"] is None):
        raise UsageError(
            "want either --agent COMMAND or --proposer NAME",
            hint="For example: harness loop --proposer flags.",
        )
    if options["agent"] is None:
        return str(options["proposer"])
    if options["folder"] is not None:
        raise UsageError(
            "--from is for a proposer: an agent is told what to do on its standard input",
            hint="Leave one of the two away; patches are --proposer patches --from FOLDER.",
        )
    return "agent"


def _plan(options: dict[str, Any]) -> Any:
    from harness.optimise.loop import LoopPlan

    seconds = parse_duration_ns(options["agent_timeout"], "--agent-timeout") / 1e9
    given = {
        "command": options["agent"],
        "from": options["folder"],
        "timeout_s": f"{seconds:g}",
    }
    budget = options["budget"]
    return LoopPlan(
        max_iterations=options["iterations"],
        budget_s=parse_duration_ns(budget, "--budget") / 1e9 if budget else None,
        options={key: value for key, value in given.items() if value is not None},
    )
