"""`--hosts` of `run` and `compare`: the same on several nodes of a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from harness.api.many_hosts import on_hosts
from harness.cli.shared.base import Answer
from harness.cli.shared.measuring import named_place, progress, what_is_run
from harness.errors import UsageError
from harness.running.host_results import HostsResult
from harness.running.listening import Told

hosts_option = click.option(
    "--hosts",
    metavar="N|NAMES|kinds",
    help="With a cluster's executor: repeat all of it on N nodes, on those named with commas, or on"
    " one of each kind, and say what holds for hosts not seen.",
)
_ONE_HOST = ("sweep", "matrix", "point", "tag", "resume", "stored", "dry_run", "fail_on", "export")


def measured_on_hosts(
    names: Sequence[str], options: Mapping[str, Any], arguments: Sequence[str]
) -> Answer:
    """Have several hosts run what was asked for; what each found, and what they say together."""
    for name in _ONE_HOST:
        if options.get(name) not in (None, False, ()):
            raise UsageError(f"--hosts does not go with --{name.replace('_', '-')}")
    with progress() as listener:
        found = on_hosts(
            *names,
            hosts=options["hosts"],
            **what_is_run(options, arguments),
            **named_place(options, Told(listener)),
        )
    return hosts_answer(found)


def hosts_answer(found: HostsResult) -> Answer:
    """What the hosts say together, the table of all of them, and where each one's run is."""
    failures = [
        f"{target} of {case}: {failure.message}"
        for (_, case, target), failure in sorted(found.report.failures.items())
    ]
    runs = [f"{host}: {found.folder.parent / run}" for host, run in found.runs.items()]
    return Answer(
        result=found.to_dict(),
        text="\n".join([str(found), "", *found.warnings, *runs]),
        exit_code=found.exit_code,
        error="\n".join(failures) or None,
    )
