"""`harness import`: what another tool measured, in the history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.api.exchange import import_results
from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import settings_options
from harness.cli.shared.measuring import config_option, named_place, results_option, said


@command(epilog="Example: harness import hyperfine.json --task sort")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "tool",
    help="Whose JSON it is: hyperfine, pyperf, pytest-benchmark, google-benchmark, or in-process"
    " for functions that were called in turns; otherwise it is looked at.",
)
@click.option("--task", help="What the targets are of; otherwise the tool's name.")
@settings_options("metric", "confidence", "threshold")
@config_option
@results_option
def import_command(file: Path, **options: Any) -> Answer:
    """Put what another tool measured into the history, as a run of its own.

    Nothing runs. Trials of other tools were not interleaved: `harness history` marks them, `harness
    export` and `harness sql` have them, and no verdict rests on them. Functions that
    harness_compare.h (C, C++) or HarnessCompare (Julia) called in turns within one process are
    judged, and the verdict says that it rests on one process. A file that the task has already is
    refused.
    """
    keywords = ("tool", "task", "metric", "confidence", "threshold")
    asked = said(**{name: options[name] for name in keywords})
    result = import_results(file, **asked, **named_place(options))
    table = result.table()
    notes = "\n".join(result.warnings)
    return Answer(result=result.to_dict(), text="\n\n".join((table, notes, str(result.folder))))
