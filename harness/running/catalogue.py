"""Which runs are stored and what each has measured; of many, by an index that is checked first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import DataUnreadable
from harness.frozen import dataclass
from harness.render.units import show_ns
from harness.running.many import each_run, imported_from
from harness.running.selecting import RESUMABLE
from harness.running.where_measured import HostsOf
from harness.system.store.at_work import is_being_written
from harness.system.store.columns import lists_of, unknown_columns
from harness.system.store.run_file import StoredRun, entry_names, is_run, run_folders
from harness.system.store.runs import check_run

if TYPE_CHECKING:
    from harness.system.store.run_index import Entry, FilesSeen, RunIndex


FEW = 50
"""Runs that are read sooner than an index of them is looked for."""


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Which measurements are asked for; None: all."""

    task: str | None = None
    target: str | None = None
    earliest_ns: int = 0

    def fits(self, task: str, target: str) -> bool:
        return self.task in (None, task) and self.target in (None, target)


def described_runs(
    results: Path, wanted: HistoryQuery
) -> Iterator[dict[str, Any] | DataUnreadable]:
    """The stored runs that have what is wanted, oldest first, and what is damaged, each once."""
    names = entry_names(results)
    if len(names) > FEW:
        from harness.system.store.run_index import IndexUnusable, open_index

        try:
            with open_index(results) as index:
                found = list(_by_index(index, results, names, wanted))
        except IndexUnusable:
            pass
        else:
            yield from found
            return
    for run in each_run(run_folders(results), lambda run: describe_run(run, wanted)):
        if run is not None:
            yield run


def folders_with(results: Path, targets: Sequence[str]) -> list[Path]:
    """The folders of the runs that may have trials of each target, oldest first.

    What cannot be read is among them: whoever reads it says why.
    """
    names = entry_names(results)
    if len(names) <= FEW:
        return run_folders(results)
    from harness.system.store.run_index import IndexUnusable, open_index

    try:
        with open_index(results) as index:
            missing = set(_renew(index, results, names))
            chosen = set(names).intersection(*map(index.with_target, targets))
    except IndexUnusable:
        return run_folders(results)
    return [results / name for name in names if name in chosen or name in missing]


# -- by the index ---------------------------------------------------------------------------------


def _by_index(
    index: RunIndex, results: Path, names: Sequence[str], wanted: HistoryQuery
) -> list[dict[str, Any] | DataUnreadable]:
    """As without an index: of a run that it has not, what is wanted is read by itself."""
    missing = _renew(index, results, names)
    folders = [results / name for name in missing]
    alone = each_run(folders, lambda run: describe_run(run, wanted))
    found = {name: run for name, run in zip(missing, alone, strict=True) if run is not None}
    for name, head, measured in index.listed(wanted.task, wanted.target, wanted.earliest_ns):
        found[name] = _now({**head, "measurements": measured}, results / name)
    return [found[name] for name in names if name in found]


def _renew(index: RunIndex, results: Path, names: Sequence[str]) -> list[str]:
    """Enter anew the runs that changed; returns those that cannot be: damaged, or just written."""
    missing = []
    folders = [folder for name in index.changed(names) if is_run(folder := results / name)]
    for folder, found in zip(folders, each_run(folders, _read), strict=True):
        if isinstance(found, DataUnreadable) or not index.enter(folder.name, *found):
            missing.append(folder.name)
    return missing


def _read(run: StoredRun) -> tuple[FilesSeen | None, Entry]:
    """What the index keeps of a run, and what its files were like all the while."""
    from harness.system.store.run_index import Entry, files_seen

    before = files_seen(run)
    every = list(_measurements(run, HistoryQuery()))
    started_at_ns = _started_at_ns(run)
    cells = run.plan.get("cells")
    entry = Entry(
        started_at_ns=started_at_ns,
        head=_described(run, started_at_ns, ()),
        measured=every,
        targets=None if cells is None else [cell[2] for cell in cells],
    )
    return (before if files_seen(run) == before else None), entry


def _now(run: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A run as it was read, with what may change without a change of its files."""
    running = not run["finished"] and is_being_written(folder)
    return {**run, "folder": str(folder), "running": running}


# -- one run --------------------------------------------------------------------------------------


def describe_run(run: StoredRun, wanted: HistoryQuery) -> dict[str, Any] | None:
    """A run's summary; of an unfinished one, the trials counted; None where it has nothing wanted.

    Trials are looked at only where something is wanted. DataDamaged where it is broken.
    """
    started_at_ns = _started_at_ns(run)
    if started_at_ns < wanted.earliest_ns:
        return None
    measurements = list(_measurements(run, wanted))
    return _described(run, started_at_ns, measurements) if measurements else None


def _started_at_ns(run: StoredRun) -> int:
    return int(run.summary.get("started_at_ns") or run.plan.get("started_at_ns") or 0)


def _measurements(run: StoredRun, wanted: HistoryQuery) -> Iterator[Mapping[str, Any]]:
    if run.finished:
        hosts = HostsOf(run.plan)
        failed = _failed_ones(run.summary)
        found = [
            {**_with_host(shown(m), hosts), "failed": failed is None or _cell_of(m) in failed}
            for m in run.summary.get("measurements", ())
        ]
        fitting = [m for m in found if wanted.fits(m["task"], m["target"])]
        if fitting or not found:
            check_run(run)
        yield from fitting
        return
    cells = [cell for cell in run.plan.get("cells", ()) if wanted.fits(cell[0], cell[2])]
    if cells or "cells" not in run.plan:
        for counted in count_trials(lists_of(run, COUNTED), cells):
            if wanted.fits(counted["task"], counted["target"]):
                yield counted


def _failed_ones(summary: Mapping[str, Any]) -> set[tuple[str, ...]] | None:
    """The (task, case, target) that failed; None of an older run, which does not say which did."""
    failures = summary.get("failures")
    return None if failures is None else set(map(_cell_of, failures))


def _cell_of(said: Mapping[str, Any]) -> tuple[str, ...]:
    """What is said of which task, case and target."""
    return said["task"], said["case"], said["target"]


def _with_host(measurement: Mapping[str, Any], hosts: HostsOf) -> Mapping[str, Any]:
    place = hosts.place_of(measurement["task"], measurement["case"], measurement["target"])
    named = {"host_id": "id", "hostname": "hostname", "cpu_model": "cpu"}
    where = {name: place.host.get(key) for name, key in named.items()}
    return {**measurement, **where, "job": place.job, "attempt": place.attempt}


def _described(
    run: StoredRun, started_at_ns: int, measurements: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "started_at_ns": started_at_ns,
        "finished": run.finished,
        "resumable": run.plan.get("origin", {}).get("kind") in RESUMABLE,
        "imported": imported_from(run),
        "running": not run.finished and is_being_written(run.folder),
        "folder": str(run.folder),
        "host": run.plan.get("host"),
        "unknown_columns": list(unknown_columns(run)),
        "measurements": measurements,
    }


def shown(measurement: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stored measurement that has what the table shows of it; else LookupError or TypeError."""
    for key in ("task", "case", "target", "trials"):
        _ = measurement[key]
    wall = measurement.get("wall_ns")
    if wall is not None:
        show_ns(wall["point"])
    return measurement


COUNTED = ("task", "case", "target", "warmup", "status")
"""The columns of the trials that `count_trials` reads."""


def count_trials(
    columns: Mapping[str, Sequence[Any]], cells: Iterable[Sequence[str]]
) -> Iterator[dict[str, Any]]:
    """The measurements of a run that was cut off: names and counts, without estimates.

    `cells` are the (task, case, target) of its plan, which may have no trial yet.
    """
    counts = Counter({tuple(cell): 0 for cell in cells})
    for *cell, warmup, status in zip(*(columns[name] for name in COUNTED), strict=True):
        if not warmup and status == "ok":
            counts[tuple(cell)] += 1
    for (task, case, target), trials in counts.items():
        yield {"task": task, "case": case, "target": target, "trials": trials, "wall_ns": None}
