"""`harness attach`: wait for a run on a cluster, and show what it found."""

from __future__ import annotations

from typing import Any

import click

from harness.api.on_clusters import attach
from harness.cli.shared.base import Answer, command
from harness.cli.shared.hosted import hosts_answer
from harness.cli.shared.measuring import (
    config_option,
    named_place,
    progress,
    results_option,
    told_options,
)
from harness.errors import ExitCode
from harness.running.host_results import HostsResult
from harness.running.listening import Told
from harness.running.run_results import ComparisonResult, RunResult
from harness.running.table_results import TableResult


@command(epilog="Example: harness attach 20260131-1759")
@click.argument("run_id", required=False, default="", metavar="[RUN]")
@config_option
@results_option
@told_options
def attach_command(run_id: str, **options: Any) -> Answer:
    """Wait for a run that was submitted to a cluster, and show it: by its id, or the latest one.

    Says meanwhile how many shards are done and why jobs do not run yet. Ctrl-C leaves the jobs to
    themselves. One that was gathered before is shown again.
    """
    with progress() as listener:
        found = attach(run_id, **named_place(options, Told(listener)))
    return answer_of(found)


def answer_of(found: RunResult | ComparisonResult | TableResult) -> Answer:
    """A result as its own command would show it, in short."""
    if isinstance(found, HostsResult):
        return hosts_answer(found)
    failures = [f"{name}: {what}" for name, what in found.failures.items()]
    text = [str(found), "", *found.warnings, str(found.run.parquet or found.folder)]
    missing = not found.run.finished and found.exit_code is not ExitCode.FINE
    again = f"harness run --resume {found.run.id}"
    return Answer(
        result=found.to_dict(),
        text="\n".join(text),
        exit_code=found.exit_code,
        error="\n".join(failures) or None,
        hint=f"{again} submits what is missing" if missing else None,
        next_actions=(again,) if missing else (),
    )
