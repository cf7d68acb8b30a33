"""`harness adapters`: what is installed and what it finds on this machine."""

from __future__ import annotations

from harness.api import adapters
from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import format_option


@command(epilog="Example: harness adapters --json")
@format_option
def adapters_command(style: str) -> Answer:
    """List installed adapters with the toolchain that each finds, or how to get it.

    The plugins of all other kinds follow, and what had to be left out.

    The exit code is 0 whatever is missing: a machine need not have every language.
    """
    found = adapters()
    return Answer(
        result=found.to_dict(),
        text=str(found) if style == "plain" else found.table(style),
        next_actions=found.hints,
    )
