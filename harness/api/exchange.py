"""Runs for other tools, and figures of other tools."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from harness.api.documenting import documented
from harness.errors import UsageError
from harness.plugins import Exporter
from harness.running.exporting import Export, exported
from harness.running.import_keywords import ImportOptions
from harness.running.keywords import Place, check_keywords, config_of, runs_of
from harness.running.reading_back import checked_report
from harness.running.reports import Report
from harness.running.run_results import RunResult
from harness.running.selecting import going_on
from harness.running.settings import read_settings
from harness.system.store.run_file import find_run, read_run

if TYPE_CHECKING:
    import pandas as pd


@documented(Place)
def read_stored(run_id: str = "", **options: Unpack[Place]) -> RunResult:
    """What a stored run found, by its id or an unambiguous beginning of it; empty: the latest one.

    Nothing runs. Raises UsageError where there is no such run, or where it was not finished, and
    DataUnreadable where it cannot be read.
    """
    check_keywords("read_stored", options, Place)
    return RunResult(_stored_report(runs_of(options, config_of(options)), run_id))


def _stored_report(results: Path, run_id: str) -> Report:
    stored = read_run(find_run(results, run_id or None))
    if not stored.finished:
        raise UsageError(
            f"{stored.id} was not finished: it has no measurements yet",
            hint=going_on(stored),
        )
    return checked_report(stored)


def export_text(result: RunResult, name: str) -> str:
    """A run in an exporter's format, to be printed; UsageError for a format that is a folder."""
    exporter = Exporter.find(name)
    if exporter.writes_folder():
        raise UsageError(f"{name} is a folder of files", hint="Say which: -o FOLDER.")
    content = exported(exporter, result.report)
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)


def export_file(result: RunResult, path: str | PathLike[str], name: str | None = None) -> Path:
    """Write a run to a file or folder, by its suffix or by an exporter's name."""
    export = Export.of(Path(path), name)
    export.write(result.report)
    return export.path


@documented(ImportOptions)
def import_results(path: str | PathLike[str], **options: Unpack[ImportOptions]) -> RunResult:
    """Put what another tool measured into the history, as a run of its own.

    It reads the JSON of hyperfine, pyperf, pytest-benchmark and google-benchmark. Such trials were
    not interleaved: no verdict rests on them. Functions that `harness_compare.h` or HarnessCompare
    called in turns within one process are compared, by `metric`, `confidence` and `threshold`, and
    the verdict rests on that one process. Raises UsageError, and stores nothing, where the
    file is none of these or something in it makes no sense; NotAllowed for a file that the task
    has already.
    """
    from harness.running.importing import import_file

    check_keywords("import_results", options, ImportOptions)
    results = runs_of(options, config_of(options)).absolute()
    asked = {key: options.get(key) for key in ("metric", "confidence", "threshold")}
    question = read_settings(asked).question
    tool, task = options.get("tool"), options.get("task")
    return RunResult(import_file(Path(path), tool, task, results, question))


@documented(Place)
def sql(statement: str, **options: Unpack[Place]) -> pd.DataFrame:
    """The answer to a question in SQL about the stored runs, as a table of pandas; by DuckDB.

    The tables are `trials`, `measurements` and `sweeps`. Raises UsageError for a statement that
    makes no sense, and ToolchainMissing without DuckDB (`pip install duckdb`).
    """
    from harness.running.querying import query

    check_keywords("sql", options, Place)
    return query(runs_of(options, config_of(options)), statement)
