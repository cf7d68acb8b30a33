"""What the attempts of a run found, as one run: one attempt of each shard, nothing doubled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from harness.cluster.added_runs import bring_beside
from harness.cluster.folder import (
    AttemptFile,
    ClusterFolder,
    ClusterPlan,
    ClusterShard,
    latest_failures,
    those_that_count,
)
from harness.errors import DataDamaged, ExitCode
from harness.frozen import dataclass
from harness.model import Host, Run
from harness.running.cell_reports import EVERY
from harness.running.executing import merged
from harness.running.reading_back import checked_report
from harness.running.reports import Failure, Report, of_plain, of_summary, to_summary
from harness.running.where_measured import MeasuredPart, hosts_in_plan
from harness.system.machine.host import read_host
from harness.system.store.attempts import AttemptContent, AttemptReader, ReadAttempt, write_gathered
from harness.system.store.described import Described
from harness.system.store.run_file import read_run
from harness.system.store.runs import PARQUET_NAME

_LAST_WORDS = 4000
_OURS = "harness: "
"""What a job's own words begin with."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was found of a run."""

    report: Report
    missing: tuple[int, ...]
    """The shards that no attempt finished."""
    others: int
    """Finished attempts that do not count, since an earlier one of their shard does."""


@dataclass(frozen=True, slots=True)
class CountedPart:
    """The attempt that counts for one shard."""

    read: ReadAttempt

    @property
    def content(self) -> AttemptContent:
        return self.read.content

    @property
    def host(self) -> Mapping[str, Any]:
        """The machine that it was made on."""
        told: Mapping[str, Any] = self.content.said["host"]
        return told

    @property
    def measured(self) -> MeasuredPart:
        """Its cells with where they were measured."""
        common = self.content.common
        found = self.content.said["summary"].get("measurements", ())
        cells = [(each["task"], each["case"], each["target"]) for each in found]
        return MeasuredPart(self.host, cells, common.get("job"), common.get("attempt"))

    @property
    def node(self) -> str:
        return str(self.content.said["node"])


def gather(
    results: Path, folder: ClusterFolder, plan: ClusterPlan, shards: Sequence[ClusterShard]
) -> Gathered:
    """The report of all shards; stored as a finished run where none is missing."""
    wanted = {shard.index for shard in shards}
    found = [each for each in folder.attempts() if each.shard in wanted]
    best = those_that_count(found)
    parts: list[CountedPart] = []
    reader = AttemptReader()
    for shard in shards:
        if shard.index in best and best[shard.index].kind == "parquet":
            try:
                parts.append(CountedPart(reader.read(best[shard.index].path)))
            except DataDamaged:
                del best[shard.index]
    missing = tuple(sorted(wanted - best.keys()))
    others = sum(each.kind == "parquet" for each in found) - len(parts)
    report = _as_one(results / plan.run_id, plan, parts)
    lost = [shard for shard in shards if shard.index in missing]
    report = _with_missing(report, folder, found, lost)
    report = _with_words(report, parts, others)
    if not missing and parts:
        bring_beside(folder, best.values())
        content = {"plan": _stored_plan(plan, report, parts), "summary": to_summary(report)}
        described = Described()
        for part in parts:
            told = part.content.described
            described = described.plus(told.metrics, told.builds)
        write_gathered(report.folder, content, [part.read for part in parts], described)
    return Gathered(report, missing, others)


def stored_run(place: Path) -> Gathered | None:
    """What was gathered before into a folder; None where nothing was."""
    return Gathered(checked_report(read_run(place)), (), 0) if place.is_dir() else None


def _as_one(place: Path, plan: ClusterPlan, parts: Sequence[CountedPart]) -> Report:
    empty = Run(
        id=plan.run_id,
        started_at_ns=plan.started_at_ns,
        command=tuple(plan.command),
        seed=plan.settings["seed"],
        host=of_plain(parts[0].host, Host) if parts else read_host(),
    )
    if not parts:
        return Report(empty, place, {})
    report = merged([of_summary(part.content.said["summary"], place) for part in parts])
    run = replace(
        report.run,
        id=empty.id,
        started_at_ns=empty.started_at_ns,
        command=empty.command,
        seed=empty.seed,
        host=empty.host,
        parquet=str(place / PARQUET_NAME),
    )
    failures = report.failures
    if plan.origin.get(EVERY) and len(failures) < len(run.measurements):
        failures = {
            key: replace(f, exit_code=ExitCode.FINE) if f.exit_code is ExitCode.ADAPTER else f
            for key, f in failures.items()
        }
    return replace(report, run=run, folder=place, failures=failures)


def _with_missing(
    report: Report,
    folder: ClusterFolder,
    found: Sequence[AttemptFile],
    missing: Sequence[ClusterShard],
) -> Report:
    failures = dict(report.failures)
    why = why_missing(folder, found, [shard.index for shard in missing])
    for shard in missing:
        failure = Failure("not run", why[shard.index], ExitCode.TRIAL)
        failures |= {(shard.task, shard.case, target): failure for target in shard.targets}
    run = replace(report.run, finished=not missing)
    if missing:
        run = replace(run, parquet=None)
    return replace(report, failures=failures, run=run)


def why_missing(
    folder: ClusterFolder, found: Sequence[AttemptFile], missing: Sequence[int]
) -> dict[int, str]:
    """Why shards have no finished attempt, in words: their own, else the last ones of their job."""
    if folder.cancelled or not missing:
        return dict.fromkeys(missing, "the run was cancelled")
    jobs = reversed([*folder.jobs_of(folder.ranges())])  # of those that had a shard, the first
    job_of = {shard: number for number, shards in jobs for shard in shards}
    submitted = folder.submitted()
    lost = frozenset(missing)
    failures = latest_failures(each for each in found if each.shard in lost)
    of_job = cache(partial(_why_job_has_none, folder))

    def why(shard: int) -> str:
        if told := failures.get(shard):
            return f"on {told['node']}: {told['error']}"
        number = job_of.get(shard)
        if number is None or number not in submitted:
            return "its job was not submitted"
        return of_job(number)

    return {shard: why(shard) for shard in missing}


def _why_job_has_none(folder: ClusterFolder, number: int) -> str:
    logs = folder.logs_of(number)
    words = logs[-1].read_text(errors="replace").strip()[-_LAST_WORDS:] if logs else ""
    lines = words.splitlines()
    ours = [line for line in lines if line.startswith(_OURS)]
    said = f": {(ours or lines)[-1].removeprefix(_OURS)}" if lines else ""
    return f"its job ended without a result{said}"


def _with_words(report: Report, parts: Sequence[CountedPart], others: int) -> Report:
    """The report with what people should know of where it was measured."""
    words = []
    if parts:
        nodes = Counter(part.node for part in parts)
        kinds = Counter(str(part.host["cpu"]) for part in parts)
        said = ", ".join(f"{node} ({n} shard{'s' * (n > 1)})" for node, n in nodes.most_common(8))
        words.append(f"measured on {len(nodes)} node{'s' * (len(nodes) > 1)}: {said}")
        if len(kinds) > 1:
            each = ", ".join(f"{cpu} ({n})" for cpu, n in kinds.most_common())
            words.append(f"different kinds of CPU, never compared with each other: {each}")
    if others:
        words.append(f"{others} further finished attempt{'s' * (others > 1)} kept, not counted")
    run = replace(report.run, warnings=(*report.run.warnings, *words))
    return replace(report, run=run)


def _stored_plan(
    plan: ClusterPlan, report: Report, parts: Sequence[CountedPart]
) -> Mapping[str, Any]:
    """The plan as a run of one machine has it, with what tells that it was a cluster's."""
    carried: dict[str, list[Any]] = {}
    for part in parts:
        for key, value in part.content.said["plan"].items():
            if isinstance(value, list):
                own = carried.setdefault(key, [])
                own += [each for each in value if each not in own[-len(value) :]]
    return {
        **plan.settings,
        **carried,
        "started_at_ns": plan.started_at_ns,
        "command": plan.command,
        "host": parts[0].host,
        **hosts_in_plan(part.measured for part in parts),
        "cells": [[m.task, m.case, m.target] for m in report.run.measurements],
        "origin": {**plan.origin, "executor": plan.executor},
        "cluster": {"tree": plan.tree, "shards": plan.shards},
    }
