"""`harness test`: is the current tree still right?"""

from __future__ import annotations

from typing import Any

import click

from harness.bench.asking import CheckResult
from harness.cli.shared.base import Answer, command
from harness.cli.shared.measuring import progress, said, told_options
from harness.cli.shared.relaying import executor_option, relay_if_asked
from harness.cli.shared.workload import project_of, workload_options, workload_said
from harness.project.finding import read_config


@command(epilog="Example: harness test --full")
@workload_options
@executor_option
@click.option("--full", is_flag=True, help="On the larger case.")
@click.option("--given", help="On values in place of what is drawn, as JSON: '{\"seed\": 12}'.")
@click.option("--at", metavar="REVISION", help="Of this state of the code; else of the tree here.")
@told_options
def test_command(*, full: bool, **options: Any) -> Answer:
    """Build the current tree, run it, and check its outputs by the baseline's: PASS or FAIL.

    Runs in a throwaway copy of the tree, apart from the project. The exit code is 0 for PASS, 1 for
    a wrong output, 4 where it does not build, 5 where it does not run, 6 where the baseline was
    tampered with. In a campaign it is the TEST step, and is recorded; with --given or --at it is
    none, and shows a wrong output again: the baseline's build tells what is right there.
    """
    relay_if_asked(options)
    shows = bool(options["given"] or options["at"])
    made = None if shows else _of_campaign(options, full=full)
    if made is not None:
        return made
    shown = said(given=options["given"], at=options["at"])
    with progress() as listener:
        result = project_of(options).test(full=full, **shown, **workload_said(options, listener))
    return _answer(result)


def _of_campaign(options: dict[str, Any], *, full: bool) -> Answer | None:
    """The test as a step of the campaign that is under way here; None where there is none."""
    from harness.cli.campaign.steps import test_in_campaign

    if options["target"] is not None:
        return None
    return test_in_campaign(read_config(options["config_path"]), options["campaign"], full=full)


def _answer(result: CheckResult) -> Answer:
    """PASS or FAIL with the reasons."""
    return Answer(
        result=result.to_dict(),
        text=str(result),
        exit_code=result.exit_code,
        error=None if result.ok else f"wrong output on {result.report.case}",
        hint=None if result.ok else "Undo the change, or find out why the output differs.",
    )
