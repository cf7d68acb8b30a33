"""asv's result files, of which `asv publish` makes its pages: a folder, which grows run by run.

`benchmarks.json` lists what there is, `MACHINE/machine.json` says where it ran, and
`MACHINE/COMMIT-harness.json` has the figures of one commit (api versions 2, 1 and 2 of asv). Times
are in seconds, medians with their quartiles, and with their interval where that
is of 99 % as asv's columns say; a page of asv shows one graph per target.
"""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from harness.errors import UsageError
from harness.hookspecs import hookimpl
from harness.model import Commit, Estimate, Host, Measurement, Run, TrialRecord

_BENCHMARKS, _VERSIONS = "benchmarks.json", {"benchmarks": 2, "machine": 1, "results": 2}
_SURE = 0.99
_NOT_IN_NAMES = re.compile(r"[^\w.@+-]+")
_COLUMNS = (
    *("result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b"),
    *("stats_q_25", "stats_q_75", "stats_number", "stats_repeat"),
)


@hookimpl
def harness_suffix() -> str:
    return ".asv/"


@hookimpl
def harness_export(
    run: Run, trials: Iterable[TrialRecord], present: Callable[[str], bytes | None]
) -> Mapping[str, str]:
    commit = _commit_of(run)
    times = _times(run, trials)
    timed = {
        run.name_of(m.task, m.case, m.target): (m, m.wall_ns)
        for m in run.measurements
        if m.wall_ns is not None
    }
    machine = _NOT_IN_NAMES.sub("_", run.host.hostname or run.host.id[:12])
    place = f"{machine}/{commit.digest[:8]}-harness.json"
    results = {
        _benchmark(name): _row(run, wall_ns, times.get(name, []))
        for name, (_, wall_ns) in timed.items()
    }
    listed = {_benchmark(name): _described(name, m) for name, (m, _) in timed.items()}
    earlier = _loaded(present, _BENCHMARKS)
    return {
        _BENCHMARKS: _text({**earlier, **listed, "version": _VERSIONS["benchmarks"]}),
        f"{machine}/machine.json": _text(_machine(machine, run.host)),
        place: _text(_of_commit(machine, run, commit, _loaded(present, place), results)),
    }


def _commit_of(run: Run) -> Commit:
    if run.commit is None:
        raise UsageError(
            f"asv files results by commit, and {run.id} was made outside of a git repository",
            hint="Put the project under git, and run again.",
        )
    if run.commit.changed:
        raise UsageError(
            f"asv files results by commit, and when {run.id} was made the tree differed from"
            f" {run.commit.digest[:8]}",
            hint="Commit the change, and run again.",
        )
    return run.commit


def _loaded(present: Callable[[str], bytes | None], name: str) -> dict[str, Any]:
    """What the folder says already; UsageError where that is not asv's."""
    content = present(name)
    if content is None:
        return {}
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError(
            f"{name} in the folder is no file of asv", hint="Export into a folder of its own."
        )
    return found


def _times(run: Run, trials: Iterable[TrialRecord]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for record in trials:
        name = run.name_of(record.task, record.case, record.target)
        found.setdefault(name, []).extend(ns / 1e9 for ns in record.counted_ns)
    return found


def _benchmark(name: str) -> str:
    """A name as asv has them: `suite.time_thing`; its pages make folders of what stands in it."""
    return _NOT_IN_NAMES.sub("_", name)


def _described(name: str, m: Measurement) -> dict[str, Any]:
    return {
        "code": f"{name}: {m.toolchain or m.language}",
        "name": _benchmark(name),
        "param_names": [],
        "params": [],
        "pretty_name": name,
        "timeout": 60.0,
        "type": "time",
        "unit": "seconds",
        "version": "1",
    }


def _row(run: Run, wall_ns: Estimate, times: Sequence[float]) -> list[Any]:
    """The figures of one benchmark, by `_COLUMNS`; a list has one entry per parameter set."""
    quartiles = statistics.quantiles(times, n=4) if len(times) > 1 else [wall_ns.point / 1e9] * 3
    started_at_ms = run.started_at_ns // 1_000_000
    figures = (*_ends(wall_ns), quartiles[0], quartiles[2])
    return [
        *([wall_ns.point / 1e9], [], "1", started_at_ms, sum(times)),
        # JSON has no infinity, and null is how asv says that it does not know.
        *([figure if math.isfinite(figure) else None] for figure in figures),
        *([1], [len(times)]),
    ]


def _ends(wall_ns: Estimate) -> tuple[float, float]:
    """The interval in seconds where it is as sure as asv's columns say; infinite elsewhere."""
    if wall_ns.confidence < _SURE:
        return -math.inf, math.inf
    return wall_ns.low / 1e9, wall_ns.high / 1e9


def _machine(name: str, host: Host) -> dict[str, Any]:
    return {
        "arch": "",
        "cpu": host.cpu,
        "machine": name,
        "num_cpu": str(host.cores),
        "os": host.system,
        "ram": str(host.memory_bytes // 1024),
        "version": _VERSIONS["machine"],
    }


def _of_commit(
    machine: str, run: Run, commit: Commit, earlier: Mapping[str, Any], results: Mapping[str, Any]
) -> dict[str, Any]:
    """The file of one commit: what this run found, and what others of the same commit did."""
    before = earlier.get("results") if earlier.get("result_columns") == [*_COLUMNS] else None
    described = {k: v for k, v in _machine(machine, run.host).items() if k != "version"}
    return {
        "commit_hash": commit.digest,
        "env_name": "harness",
        "date": commit.made_at_ns // 1_000_000,
        "params": described,
        "python": "",
        "requirements": {},
        "env_vars": {},
        "result_columns": [*_COLUMNS],
        "results": {**(before or {}), **results},
        "durations": {},
        "version": _VERSIONS["results"],
    }


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False)
