"""Stored runs as pandas tables, of trials or of measurements; read by columns."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import DataUnreadable, UsageError
from harness.model import Estimate, Measurement, Mode
from harness.model.jsonable import jsonable
from harness.model.suggesting import did_you_mean
from harness.running.by_target import check_figures, rows_of_targets
from harness.running.catalogue import folders_with
from harness.running.many import each_run, has_target
from harness.running.reading_back import report_of
from harness.running.where_measured import HostsOf
from harness.system.store.columns import table_of
from harness.system.store.frames import METRICS, frame_of
from harness.system.store.rows import trials_schema
from harness.system.store.run_file import RUN_NAME, StoredRun, run_folders

if TYPE_CHECKING:
    import pandas as pd

WALL = ("wall_ns",)

KINDS = ("trials", "measurements", "targets")


def load_frame(
    results: Path | str,
    of: str = "trials",
    columns: str | Sequence[str] | None = None,
    target: str | None = None,
) -> pd.DataFrame:
    """Stored runs, or one, as a table: a row per trial, per measurement, or per target of all runs.

    Of a target on a kind of machine there are the trials that ended well, and of each figure in
    `columns` (left out: the wall time) the median, `NAME.min` and `NAME.max`; no table of its
    trials is made.
    Runs are in the order of time, those that are not finished among them. `columns` names the ones
    (or the one) that are read, `target` the only target; each metric is a column `metrics.NAME`.
    What is damaged, or of a newer harness, is left out, warned of, and named in
    `attrs["damaged"]`; where one run is asked for, it is raised. Raises UsageError for a kind or a
    column that there is not.
    """
    columns = _checked(of, columns, target)
    folder = Path(results)
    one = (folder / RUN_NAME).exists()
    if not folder.is_dir():
        raise UsageError(f"no such folder of runs: {folder}", hint="`harness run` makes one.")
    parts: list[Any] = []
    damaged: list[str] = []
    if one:
        folders = [folder]
    else:
        folders = run_folders(folder) if target is None else folders_with(folder, (target,))
    for part in _found(folders, of, columns, target):
        if not isinstance(part, DataUnreadable):
            parts.append(part)
        elif one:
            raise part
        else:
            damaged.append(part.message)
            warnings.warn(f"left out: {part.message}", stacklevel=_level_of_the_caller())
    if of == "targets":
        frame = _target_frame(parts, columns or WALL)
    elif of == "trials":
        frame = frame_of([part for part in parts if part is not None])
    else:
        frame = _measurement_frame([row for p in parts for row in p])
    frame.attrs["damaged"] = tuple(damaged)
    found_any = any(part is not None and part != [] for part in parts)
    return frame if columns is None or of == "targets" else _chosen(frame, columns, found_any)


def _checked(of: str, columns: object, target: object) -> list[str] | None:
    """The columns as a list; UsageError for an argument of no use."""
    if of not in KINDS:
        raise UsageError(f"of: want one of {', '.join(KINDS)}, got {of!r}")
    if target is not None and not isinstance(target, str):
        raise UsageError(f"target: want a text, got {target!r}")
    if columns is None:
        return None
    names = [columns] if isinstance(columns, str) else columns
    if isinstance(names, Mapping) or not isinstance(names, Iterable):
        raise UsageError(f"columns: want names of columns, got {columns!r}")
    listed = list(names)
    if not all(isinstance(name, str) for name in listed):
        raise UsageError(f"columns: want names of columns, got {columns!r}")
    if of == "targets":
        check_figures(listed)
    return listed


def _level_of_the_caller() -> int:
    """How far up the first code stands that is not ours: a warning names its line."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals["__name__"].startswith("harness."):
        level, frame = level + 1, frame.f_back
    return level


def _found(
    folders: Sequence[Path], of: str, columns: Sequence[str] | None, target: str | None
) -> Iterator[Any]:
    """What each run has of what is asked for, or why it cannot be read."""
    if of == "targets":
        from harness.running.figures_kept import figures_of_runs

        return figures_of_runs(folders, columns or WALL, target)
    if of == "measurements":
        return each_run(folders, lambda run: list(_measurements(run, target)))
    names = None if columns is None else [name.partition(".")[0] for name in columns]
    return each_run(folders, lambda run: _trials(run, names, target))


def _trials(run: StoredRun, names: Sequence[str] | None, target: str | None) -> Any:
    if target is not None and not has_target(run, target):
        return None
    return table_of(run, names, target)


def _target_frame(parts: Sequence[Any], names: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows_of_targets(parts, names))


def _chosen(frame: pd.DataFrame, columns: Sequence[str], found_any: bool) -> pd.DataFrame:
    """The columns asked for, in that order; a metric that no trial has is an empty one."""
    chosen: list[str] = []
    for name in columns:
        if name == METRICS:
            chosen += [n for n in frame.columns if n.startswith(f"{METRICS}.")]
            continue
        if found_any and name not in frame.columns and not name.startswith(f"{METRICS}."):
            raise UsageError(
                f"no column {name!r} in these runs",
                hint=did_you_mean(name, [*frame.columns, *trials_schema().names])
                or "Without `columns` the table has all that there are.",
            )
        chosen.append(name)
    return frame.reindex(columns=chosen)


# -- measurements -----------------------------------------------------------------------------


def _measurements(run: StoredRun, target: str | None) -> Iterator[dict[str, Any]]:
    """A row of each measurement of a finished run; the others have none yet."""
    report = report_of(run)
    host, hosts = report.run.host, HostsOf(run.plan)
    for measurement in report.run.measurements:
        if target in (None, measurement.target):
            place = hosts.place_of(*measurement.key)
            own = place.host
            where = (
                own.get("id", host.id),
                own.get("hostname", host.hostname),
                own.get("cpu", host.cpu),
                place.job,
                place.attempt,
            )
            of_run = zip(_OF_RUN, (run.id, report.run.started_at_ns, *where), strict=True)
            yield {**dict(of_run), **_figures(measurement)}


def _measurement_frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """A row per measurement; with the columns of one where there is none."""
    import pandas as pd

    if rows:
        return pd.DataFrame(rows)
    nothing = Measurement("", "", "", "", "", Mode.COLD, 0, 0, None, None, None, None)
    return pd.DataFrame(columns=[*_OF_RUN, *_figures(nothing)])


_OF_RUN = ("run_id", "started_at_ns", "host_id", "hostname", "cpu_model", "job", "attempt")
_ESTIMATES = ("wall_ns", "cpu_ns", "ready_ns", "first_call_ns")


def _figures(measurement: Measurement) -> dict[str, Any]:
    """The plain fields by their names, and the ends of each estimate beside its point."""
    found: dict[str, Any] = {}
    for field in fields(Measurement):
        value = getattr(measurement, field.name)
        if field.name in _ESTIMATES:
            found.update(_ends(field.name, value))
        elif not isinstance(value, (Mapping, tuple)):
            found[field.name] = jsonable(value)
    return found


def _ends(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    """`wall_ns`, `wall_low_ns` and `wall_high_ns`."""
    stem = name.removesuffix("_ns")
    ends = (estimate.point, estimate.low, estimate.high) if estimate else (None, None, None)
    return dict(zip((name, f"{stem}_low_ns", f"{stem}_high_ns"), ends, strict=True))
