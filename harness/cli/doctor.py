"""`harness doctor`: what makes timings unreliable here, and what to do about it."""

from __future__ import annotations

from typing import Any

import click

from harness.api import doctor
from harness.cli.shared.base import Answer, command
from harness.cli.shared.measuring import config_option, named_place, progress, told_options
from harness.errors import UsageError
from harness.running.listening import Told
from harness.system.machine.diagnosis import Severity


@command(epilog="Example: harness doctor --json")
@click.option(
    "--watch",
    "watch_s",
    type=click.FloatRange(0, 60),
    default=1.0,
    show_default=True,
    help="Seconds to watch the CPUs for stolen time.",
)
@click.option(
    "--executor",
    metavar="NAME",
    help="Rank the nodes of a cluster instead, such as slurm: a short job on each.",
)
@click.option("--partition", help="With --executor: the nodes of this partition.")
@click.option(
    "--at-once", type=click.IntRange(1), metavar="N", help="With --executor: N nodes at a time."
)
@click.option(
    "--wait",
    default="10m",
    show_default=True,
    help="With --executor: a node that has not answered by then is named, and not waited for.",
)
@config_option
@told_options
def doctor_command(watch_s: float, **options: Any) -> Answer:
    """Say what on this machine makes timings unreliable, and what to do about each.

    With --executor the nodes of a cluster do the same short work, by a processor and by its memory,
    and are ranked: each one's time over that of the median node of its kind, with an interval, and
    which is slow, throttled (two speeds over time), noisy, down, or does not answer. The exit code
    is 0 whatever is found: the findings are advice, not a test.
    """
    if options["executor"] is not None:
        return _of_nodes(options)
    given = [name for name in ("partition", "at_once") if options[name] is not None]
    if given:
        raise UsageError(f"--{given[0].replace('_', '-')} goes with --executor")
    report = doctor(watch_s=watch_s)
    advice = [
        "\n  ".join(filter(None, (f"{f.name}: {f.meaning}", f.remedy, f.command)))
        for f in report.findings
        if f.severity is not Severity.FINE and f.meaning
    ]
    return Answer(
        result=report.to_dict(),
        text="\n\n".join([report.table(), "\n".join(advice)]),
        next_actions=[f.command for f in report.problems if f.command],
    )


def _of_nodes(options: dict[str, Any]) -> Answer:
    from harness.api.node_doctor import NodesAsked, doctor_nodes
    from harness.model.durations import parse_duration_ns

    asked = NodesAsked(
        executor=options["executor"],
        partition=options["partition"],
        at_once=options["at_once"],
        wait_s=parse_duration_ns(options["wait"], "--wait") / 1e9,
    )
    with progress() as listener:
        report = doctor_nodes(asked, **named_place(options, Told(listener)))
    return Answer(result=report.to_dict(), text=str(report))
