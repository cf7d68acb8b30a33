"""Markdown: the table of `harness run`, as GitHub shows it, with what made each target."""

from __future__ import annotations

from collections.abc import Mapping

from harness.hookspecs import hookimpl
from harness.model import Run
from harness.render.main_table import measurement_table
from harness.render.tables import legend


@hookimpl
def harness_suffix() -> str:
    return ".md"


@hookimpl
def harness_export(run: Run, failures: Mapping[tuple[str, str, str], str]) -> str:
    table = measurement_table(run.measurements, run.comparisons, failures, "github")
    return "\n\n".join(filter(None, [table, legend(run.measurements)]))
