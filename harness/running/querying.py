"""Questions in SQL about stored runs, answered by DuckDB over the tables that `load` makes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ToolchainMissing, UsageError
from harness.running.loading import load_frame
from harness.running.sweeping import SWEEP_NAME
from harness.system.store.files import damaged, read_kept
from harness.system.store.run_file import run_folders

if TYPE_CHECKING:
    import pandas as pd


_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "lock_configuration": "true",
}
"""A statement reads and writes nothing but the tables that it is given."""


def query(results: Path, statement: str) -> pd.DataFrame:
    """The answer to one statement about the tables `trials`, `measurements` and `sweeps`.

    Only tables that the statement names are read, each held against its digests. Nothing else can
    be read or written by it. Raises UsageError for a statement that DuckDB refuses, and
    ToolchainMissing without DuckDB.
    """
    try:
        import duckdb
    except ImportError:
        raise ToolchainMissing(
            "questions in SQL want DuckDB, which is not installed",
            hint="pip install duckdb; without it: docs/questions.md, in pandas.",
        ) from None
    if not isinstance(statement, str) or not statement.strip():
        raise UsageError("the statement is empty", hint="Such as: SELECT * FROM measurements")
    with duckdb.connect(":memory:", config=_CLOSED) as connection:
        for name, read in TABLES.items():
            if re.search(rf"\b{name}\b", statement, re.IGNORECASE):
                frame = read(results)
                # A table without columns is none to DuckDB.
                connection.register(name, frame if len(frame.columns) else frame.assign(target=[]))
        try:
            answer: pd.DataFrame = connection.execute(statement).df()
        except duckdb.Error as problem:
            raise UsageError(
                str(problem).strip(), hint=f"The tables are {', '.join(TABLES)}."
            ) from None
    return answer


def _sweeps(results: Path) -> pd.DataFrame:
    """The rows of every sweep, with the run that each is of; a parameter is a column."""
    import pandas as pd

    rows = []
    for folder in run_folders(results):
        path = folder / SWEEP_NAME
        if not path.exists():
            continue
        try:
            found = json.loads(read_kept(path))["rows"]
            rows += [{"run_id": folder.name, **row} for row in found]
        except (ValueError, LookupError, TypeError, RecursionError) as problem:
            raise damaged(path, f"{type(problem).__name__}: {problem}") from None
    return pd.DataFrame(rows)


TABLES: Mapping[str, Callable[[Path], pd.DataFrame]] = {
    "trials": lambda results: load_frame(results, "trials"),
    "measurements": lambda results: load_frame(results, "measurements"),
    "sweeps": _sweeps,
}
"""What a statement may ask of."""
