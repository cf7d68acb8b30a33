"""`harness sql`: questions about the stored runs."""

from __future__ import annotations

import json
from typing import Any

import click

from harness.api.exchange import sql
from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import format_option
from harness.cli.shared.measuring import config_option, named_place, results_option
from harness.render.tables import layout


@command(epilog="Example: harness sql 'SELECT target, median(wall_ns) FROM trials GROUP BY target'")
@click.argument("statement")
@format_option
@config_option
@results_option
def sql_command(statement: str, **options: Any) -> Answer:
    """Answer a question in SQL about the stored runs, by DuckDB (pip install duckdb).

    The tables are `trials` (a row per trial), `measurements` (a row per target, case and run) and
    `sweeps` (a row per target and point). Nothing can be changed by it.
    """
    answer = sql(statement, **named_place(options))
    rows = json.loads(answer.to_json(orient="values", date_format="iso", default_handler=str))
    names = [str(name) for name in answer.columns]
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    return Answer(
        result={"columns": names, "rows": rows}, text=layout(names, cells, options["style"])
    )
