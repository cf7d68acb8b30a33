"""`harness doctor`: what makes timings unreliable here, and what to do about it."""

from __future__ import annotations

import click

from harness.api import doctor
from harness.cli.shared.base import Answer, command
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
def doctor_command(watch_s: float) -> Answer:
    """Say what on this machine makes timings unreliable, and what to do about each.

    The exit code is 0 whatever is found: the findings are advice, not a test.
    """
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
