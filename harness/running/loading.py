"""Stored runs as tables of pandas, for people who go on with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.system.store.run_file import read_run, run_folders
from harness.system.store.runs import load_rows

if TYPE_CHECKING:
    import pandas as pd

_ESTIMATES = ("wall_ns", "cpu_ns", "ready_ns", "first_call_ns")


def trials_frame(folder: Path) -> pd.DataFrame:
    """Every stored trial below a folder of runs, or of one run: a row each, columns as stored.

    Raises DataDamaged where a run cannot be read.
    """
    import pandas as pd

    return pd.DataFrame([row for run in _runs(folder) for row in load_rows(run)])


def measurements_frame(folder: Path) -> pd.DataFrame:
    """Every measurement of a finished run: a row each, estimates as point, low and high."""
    import pandas as pd

    return pd.DataFrame([row for run in _runs(folder) for row in _measurements(run)])


def _runs(folder: Path) -> list[Path]:
    found = [folder] if (folder / "run.json").exists() else run_folders(folder)
    if not found and not folder.is_dir():
        raise UsageError(f"no such folder of runs: {folder}", hint="`harness run` makes one.")
    return found


def _measurements(folder: Path) -> Iterator[dict[str, Any]]:
    run = read_run(folder)
    for measured in run.summary.get("measurements", ()):
        plain = {k: v for k, v in measured.items() if not isinstance(v, (dict, list))}
        ends = {
            name: value
            for of in _ESTIMATES
            for name, value in _ends(of, measured.get(of))
            if of in measured
        }
        yield {
            "run_id": run.id,
            "started_at_ns": run.plan.get("started_at_ns"),
            **{k: v for k, v in plain.items() if k not in _ESTIMATES},
            **ends,
        }


def _ends(name: str, estimate: Mapping[str, Any] | None) -> Iterator[tuple[str, Any]]:
    """`wall_ns`, `wall_low_ns` and `wall_high_ns`."""
    stem = name.removesuffix("_ns")
    for column, key in ((name, "point"), (f"{stem}_low_ns", "low"), (f"{stem}_high_ns", "high")):
        yield column, (estimate or {}).get(key)
