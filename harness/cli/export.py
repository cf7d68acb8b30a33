"""`harness export`: a stored run in the format of another tool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.api.exchange import export_file, export_text, read_stored
from harness.cli.shared.base import Answer, command
from harness.cli.shared.measuring import config_option, named_place, results_option
from harness.errors import UsageError


@command(epilog="Example: harness export --format pyperf -o result.json")
@click.argument("run_id", metavar="[RUN]", default="")
@click.option("--format", "name", help="The exporter; otherwise it follows from the file's suffix.")
@click.option(
    *("-o", "--output"),
    type=click.Path(path_type=Path),
    help="The file or folder to write; otherwise the run is printed.",
)
@config_option
@results_option
def export_command(run_id: str, **options: Any) -> Answer:
    """Write a stored run, the latest one or the one of an id, for another tool.

    Formats are those of `harness run --export`: csv, markdown, json, hyperfine, pyperf, asv,
    github-action, bencher, and those of installed plugins. Nothing runs.
    """
    name, output = options["name"], options["output"]
    if name is None and output is None:
        raise UsageError(
            "in which format, or to which file?", hint="harness export --format csv, or -o run.csv"
        )
    result = read_stored(run_id, **named_place(options))
    if output is None:
        text = export_text(result, name)
        return Answer(result={"run_id": result.id, "content": text}, text=text.rstrip("\n"))
    path = export_file(result, output, name)
    return Answer(result={"run_id": result.id, "path": str(path)}, text=f"{result.id}: {path}")
