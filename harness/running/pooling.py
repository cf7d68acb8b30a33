"""What all stored runs say together of two targets: machine by machine, build by build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.analysis import (
    STATUSES,
    Machine,
    Question,
    StoredComparison,
    StoredPart,
    compare_settings,
)
from harness.analysis.stored_pairs import NAMED_COLUMN
from harness.errors import DataUnreadable
from harness.frozen import dataclass
from harness.model import MetricInfo, Mode, Sample
from harness.model.figures import OF_EVERY_TRIAL, columns_of
from harness.running.catalogue import folders_with
from harness.running.many import each_run, has_target, imported_from
from harness.running.named_figures import is_plain, with_infos
from harness.running.where_measured import HostsOf
from harness.system.store.numbers import Arrays, arrays_of
from harness.system.store.run_file import StoredRun, run_folders

_KEY = ("run_id", "host_id", "task", "case", "mode")
_NUMBERS = (
    *("block", "warmup", "started_at_ns", "wall_ns", "user_ns", "sys_ns", "max_rss_bytes"),
    *("max_rss_is_floor", "voluntary_switches", "involuntary_switches", "steal_ns"),
    *("pressure_ns", "threads", "layout"),
)
_COUNTED = ("minor_faults", "major_faults")
"""What figures of every trial are made of, beside the numbers that are always read."""
_READ = (*_KEY, "target", "build_digest", "status", *_NUMBERS)
_PLACES = {status.value: at for at, status in enumerate(STATUSES)}


@dataclass(frozen=True, slots=True)
class Pooled:
    """What the store says, of which machines, and what of it could not be read."""

    results: Path
    findings: tuple[StoredComparison, ...]
    hosts: Mapping[Machine, Mapping[str, Any]]
    """Each machine as its latest run with both targets describes it."""
    targets: tuple[str, ...] = ()
    """Names of targets that have a stored trial: all of them where there is no finding."""
    unreadable: tuple[DataUnreadable, ...] = ()
    """Why runs could not be read."""
    imported: tuple[str, ...] = ()
    """Where there is no finding: the runs of other tools that have one of both."""

    @property
    def damaged(self) -> tuple[str, ...]:
        """The same in words."""
        return tuple(problem.message for problem in self.unreadable)


def pool(results: Path, reference: str, candidate: str, question: Question) -> Pooled:
    """Compare two targets, by their names in the store, from every run in a folder.

    Only blocks count in which both ran; blocks of different machines, cases, modes, builds,
    arguments, environments or input data are never pooled. Trials are read of those runs alone
    that have both targets, and of each the columns alone that a comparison needs.
    """
    folders = folders_with(results, (reference, candidate))
    question = _with_figures(question, folders)
    named = _columns(question)
    parts: list[StoredPart] = []
    hosts: dict[Machine, Mapping[str, Any]] = {}
    unreadable = []
    for found in each_run(folders, partial(_parts, names=(reference, candidate), named=named)):
        if isinstance(found, DataUnreadable):
            unreadable.append(found)
            continue
        for host, part in found:
            parts.append(part)
            hosts[part.machine] = host
    findings = tuple(compare_settings(reference, candidate, parts, question))
    if findings:
        return Pooled(results, findings, hosts, (reference, candidate), tuple(unreadable))
    every = run_folders(results)
    imported = each_run(every, partial(_imported, names=(reference, candidate)))
    return Pooled(
        *(results, findings, hosts, _targets(every), tuple(unreadable)),
        imported=tuple(run for run in imported if isinstance(run, str) and run),
    )


def _imported(run: StoredRun, names: tuple[str, str]) -> str:
    """The id of a run of another tool that has one of two targets; else empty."""
    return run.id if imported_from(run) and any(has_target(run, name) for name in names) else ""


def _targets(folders: Sequence[Path]) -> tuple[str, ...]:
    found: set[str] = set()
    for names in each_run(folders, _targets_in):
        if not isinstance(names, DataUnreadable):
            found.update(names)
    return tuple(sorted(found))


def _targets_in(run: StoredRun) -> set[str]:
    return set(arrays_of(run, ["target"]).texts["target"].values)


def _columns(question: Question) -> Mapping[str, str]:
    """Which columns hold named figures, by the figures' names: the deciding one and the guards'."""
    found = {"named": question.figure.name} if question.figure is not None else {}
    return {**found, **{NAMED_COLUMN.format(info.name): info.name for info in question.guarded}}


def _with_figures(question: Question, folders: Sequence[Path]) -> Question:
    """The question with what its metric and its guards' figures are, as the latest of some runs
    declares them."""
    metric, guards = question.metric, question.guards
    if (metric is None or metric.is_known) and all(is_plain(guard.name) for guard in guards):
        return question
    declared: dict[str, MetricInfo] = {}
    for infos in each_run(folders, lambda run: run.described.metrics):
        if not isinstance(infos, DataUnreadable):
            declared.update({info.name: info for info in infos})
    return with_infos(question, tuple(declared.values()))


def _parts(
    run: StoredRun, names: tuple[str, str], named: Mapping[str, str]
) -> list[tuple[Mapping[str, Any], StoredPart]]:
    """A run's trials of both targets, with the host that it describes."""
    if imported_from(run) or not all(has_target(run, name) for name in names):
        return []
    read = [*_READ]
    for name in named.values():
        read += _COUNTED if name in OF_EVERY_TRIAL else ["metrics"]
    read = list(dict.fromkeys(read))
    arrays = arrays_of(run, read)
    if Mode.STEADY.value in arrays.texts["mode"].values:
        arrays = arrays_of(run, [*read, "samples"])
    hosts = HostsOf(run.plan)
    return [
        _on(hosts.of(part.task, part.case, names[0]), part)
        for part in _split(run, arrays, names, named)
    ]


def _on(host: Mapping[str, Any], part: StoredPart) -> tuple[Mapping[str, Any], StoredPart]:
    """A part with the machine that it was measured on, by its name too."""
    machine = replace(part.machine, hostname=str(host.get("hostname", "")))
    return host, replace(part, machine=machine)


def _split(
    run: StoredRun, arrays: Arrays, names: tuple[str, str], named: Mapping[str, str]
) -> Iterator[StoredPart]:
    """The parts of a run's trials, in the order of their first ones."""
    targets = arrays.texts["target"]
    sides = np.array([names.index(t) if t in names else -1 for t in targets.values], dtype=np.int64)
    rows = np.flatnonzero(sides[targets.codes] >= 0)
    if not len(rows):
        return
    keys = [arrays.texts[name] for name in _KEY]
    shape = tuple(len(key.values) for key in keys)
    joined = np.ravel_multi_index(tuple(key.codes[rows] for key in keys), shape)
    kinds, first = np.unique(joined, return_index=True)
    cells = {**_cells(arrays, rows), "side": sides[targets.codes[rows]]}
    for column, name in named.items():
        cells[column] = _named(arrays, rows, name)
    for kind in kinds[np.argsort(first)]:
        places = np.unravel_index(kind, shape)
        words = [key.values[at] for key, at in zip(keys, places, strict=True)]
        own = joined == kind
        part = {name: column[own] for name, column in cells.items()}
        yield _part(run, words, names, arrays.texts["build_digest"].values, part)


def _part(
    run: StoredRun,
    words: Sequence[str],
    names: tuple[str, str],
    builds: tuple[str, ...],
    cells: dict[str, Any],
) -> StoredPart:
    """A part; where its run does not say what trials were given, they are like no others."""
    run_id, host_id, task, case, mode = words
    plan = run.plan
    given = {(t, c, name): digest for t, c, name, digest in plan.get("given", ())}
    reference, candidate = (given.get((task, case, name), run.id) for name in names)
    return StoredPart(
        Machine(host_id, "", tuple(plan.get("cpus", ()))),
        *(run_id, task, case, Mode(mode)),
        given=(reference, candidate),
        builds=builds,
        cells=cells,
    )


def _named(arrays: Arrays, rows: Any, name: str) -> npt.NDArray[np.float64]:
    """The figure of that name of each trial; NaN where it has none."""
    if name not in OF_EVERY_TRIAL:
        own = (dict(cell or ()) for cell in arrays.lists("metrics", rows))
        return np.array([figures.get(name, np.nan) for figures in own], dtype=np.float64)
    counts = [arrays.numbers[column][rows] for column in columns_of(name)]
    found: npt.NDArray[np.float64] = np.sum(counts, axis=0).astype(np.float64)
    return found


def _cells(arrays: Arrays, rows: Any) -> dict[str, Any]:
    cells = {name: arrays.numbers[name][rows] for name in _NUMBERS}
    status = arrays.texts["status"]
    cells["status"] = np.array([_PLACES[value] for value in status.values])[status.codes[rows]]
    cells["build"] = arrays.texts["build_digest"].codes[rows]
    if "samples" in arrays.table.column_names:
        cells["samples"] = np.empty(len(rows), dtype=object)
        cells["samples"][:] = [
            tuple(Sample(**sample) for sample in cell) for cell in arrays.lists("samples", rows)
        ]
    return cells
