"""What all stored runs have of each target together: its trials counted, its figures' middles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from harness.errors import UsageError
from harness.model.suggesting import did_you_mean
from harness.running.many import has_target
from harness.system.store.numbers import arrays_of
from harness.system.store.rows import COLUMNS
from harness.system.store.run_file import StoredRun

FIGURES = tuple(
    column.name
    for column in COLUMNS
    if column.kind in ("int32", "int64") and column.name not in ("block", "position", "signal")
)
"""The columns that have a middle."""

_KEY = ("task", "case", "target", "host_id")
_TARGET = _KEY.index("target")

Own: TypeAlias = dict[tuple[str, ...], list[npt.NDArray[Any]]]
"""By task, case, target and kind of machine the values of each figure, an array each."""


def check_figures(names: Sequence[str]) -> None:
    """UsageError for a column that has no middle."""
    for name in names:
        if name not in FIGURES:
            raise UsageError(
                f"no figure {name!r} of targets",
                hint=did_you_mean(name, FIGURES) or f"There are {', '.join(FIGURES)}.",
            )


def figures_in(run: StoredRun, names: Sequence[str], target: str | None) -> Own:
    """A run's figures of the trials that ended well, without its warm-up."""
    if target is not None and not has_target(run, target):
        return {}
    arrays = arrays_of(run, [*_KEY, "warmup", "status", *names])
    status = arrays.texts["status"]
    good = np.array([value == "ok" for value in status.values], dtype=bool)[status.codes]
    keys = [arrays.texts[name] for name in _KEY]
    good &= ~arrays.numbers["warmup"]
    if target is not None:
        targets = keys[_TARGET]
        own = np.array([value == target for value in targets.values], dtype=bool)
        good &= own[targets.codes]
    rows = np.flatnonzero(good)
    if not len(rows):
        return {}
    shape = tuple(len(key.values) for key in keys)
    joined = np.ravel_multi_index(tuple(key.codes[rows] for key in keys), shape)
    counts = np.bincount(joined)
    # Short codes are sorted by counting, which takes a tenth of the time.
    short = joined.astype(np.uint16) if len(counts) < 2**16 else joined
    rows = rows[np.argsort(short, kind="stable")]
    kinds = np.flatnonzero(counts)
    ends = np.cumsum(counts[kinds])[:-1]
    parts = [np.split(arrays.numbers[name][rows], ends) for name in names]
    found: Own = {}
    for at, kind in enumerate(kinds):
        places = np.unravel_index(kind, shape)
        words = tuple(key.values[place] for key, place in zip(keys, places, strict=True))
        found[words] = [part[at] for part in parts]
    return found


def rows_of_targets(runs: Iterable[Own], names: Sequence[str]) -> list[Mapping[str, Any]]:
    """A row of each task, case and target on each kind of machine, in the order of their first
    runs: what a slow machine takes and what a fast one takes has no middle."""
    together: dict[tuple[str, ...], list[list[npt.NDArray[Any]]]] = {}
    for run in runs:
        for key, figures in run.items():
            together.setdefault(key, []).append(figures)
    rows: list[Mapping[str, Any]] = []
    for key, parts in together.items():
        row: dict[str, Any] = dict(zip(_KEY, key, strict=True))
        row |= {"runs": len(parts), "trials": sum(len(figures[0]) for figures in parts)}
        for at, name in enumerate(names):
            values = np.concatenate([figures[at] for figures in parts])
            row |= {name: float(np.median(values))}
            row |= {f"{name}.min": values.min().item(), f"{name}.max": values.max().item()}
        rows.append(row)
    return rows
