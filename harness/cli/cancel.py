"""`harness cancel`: end the jobs of a run on a cluster."""

from __future__ import annotations

from typing import Any

import click

from harness.api.on_clusters import cancel
from harness.cli.shared.base import Answer, command
from harness.cli.shared.measuring import config_option, named_place, results_option
from harness.model.jsonable import jsonable


@command(epilog="Example: harness cancel 20260131-1759")
@click.argument("run_id", required=False, default="", metavar="[RUN]")
@config_option
@results_option
def cancel_command(run_id: str, **options: Any) -> Answer:
    """End all jobs of a run on a cluster: of its id, or the latest one.

    What finished shards found is kept: `harness run --resume RUN` submits the others again.
    """
    found = cancel(run_id, **named_place(options))
    return Answer(result=jsonable(found), text=f"cancelled: {found}")
