"""The command line: one module per command, loaded when it is called.

`harness --help` needs the table of their names and little else: even click is not imported for it.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

from harness.cli.command_names import COMMANDS
from harness.on_demand import loaded_when_used

if TYPE_CHECKING:
    from harness.cli.root import LazyGroup as LazyGroup
    from harness.cli.root import cli as cli

__all__ = ["COMMANDS", "LazyGroup", "cli", "main"]

__getattr__ = loaded_when_used(__name__, {"root": "LazyGroup cli"})

_FEW_COLLECTIONS = (50_000, 20, 20)
"""Of garbage that refers to itself there is little, and much of what is imported is looked through
again and again by Python's own thresholds: 5 % of a short command."""
_STEPS_OF_CAMPAIGNS = ("baseline", "test", "bench", "profile", "try")
"""Commands outside of `campaign` that are steps of one where one is under way."""


def main() -> None:
    """The console script: run the command line and exit with its code."""
    gc.set_threshold(*_FEW_COLLECTIONS)
    name = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    if name in _STEPS_OF_CAMPAIGNS or COMMANDS.get(name, ("",))[0].startswith("campaign."):
        from harness.system.process.isolated import start_isolated

        start_isolated(sys.argv[1:])
    from harness.cli.streams import output_problem, take_streams

    take_streams()
    code = 0 if _is_help(sys.argv[1:]) else _answered(sys.argv[1:])
    if words := output_problem():
        sys.stderr.write(f"harness: {words}\n")
        code = code or 2
    # Python looks for garbage once more while it ends, through all that was imported and made: a
    # quarter of a short command's CPU time. What ends with the process needs no such look.
    gc.freeze()
    sys.exit(code)


def _is_help(arguments: list[str]) -> bool:
    """Print the help of all commands where that is asked for; else False."""
    if arguments not in (["--help"], ["-h"]):
        return False
    from harness.cli.help_text import help_text, terminal_columns

    sys.stdout.write(help_text(terminal_columns()))
    return True


def _answered(arguments: list[str]) -> int:
    from harness.cli.root import cli
    from harness.cli.shared.base import guard
    from harness.system.launcher.watching import stop_as_told

    stop_as_told()
    return guard(cli, arguments)
