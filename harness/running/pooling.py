"""What all stored runs say together of two targets: machine by machine, build by build."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.analysis import Machine, Question, Stored, StoredComparison, compare_settings
from harness.errors import DataDamaged
from harness.model import TrialRecord
from harness.system.store.run_file import StoredRun, read_run, run_folders
from harness.system.store.runs import making_sense, stored_records


@dataclass(frozen=True, slots=True)
class Pooled:
    """What the store says, of which machines, and what of it could not be read."""

    results: Path
    findings: tuple[StoredComparison, ...]
    hosts: Mapping[Machine, Mapping[str, Any]]
    """Each machine as its latest run describes it."""
    targets: tuple[str, ...] = ()
    """The names of all targets that have a stored trial."""
    damaged: tuple[str, ...] = ()


def pool(results: Path, reference: str, candidate: str, question: Question) -> Pooled:
    """Compare two targets, by their names in the store, from every run in a folder.

    Only blocks count in which both ran; blocks of different machines, cases, modes, builds,
    arguments, environments or input data are never pooled.
    """
    stored: list[Stored] = []
    hosts: dict[Machine, Mapping[str, Any]] = {}
    targets: set[str] = set()
    damaged = []
    for folder in run_folders(results):
        try:
            run = read_run(folder)
            records = stored_records(run)
            with making_sense(folder):
                trials = list(_stored(run, records))
        except DataDamaged as problem:
            damaged.append(problem.message)
            continue
        targets.update(record.target for _, record in records)
        for trial in trials:
            stored.append(trial)
            hosts[trial.machine] = run.plan.get("host") or {}
    findings = compare_settings(reference, candidate, stored, question)
    return Pooled(results, tuple(findings), hosts, tuple(sorted(targets)), tuple(damaged))


def _stored(run: StoredRun, records: Iterable[tuple[str, TrialRecord]]) -> Iterator[Stored]:
    """A run's trials; where it does not say what they were given, they are like no others."""
    plan = run.plan
    hostname = str((plan.get("host") or {}).get("hostname", ""))
    cpus = tuple(plan.get("cpus", ()))
    given = {(task, case, name): digest for task, case, name, digest in plan.get("given", ())}
    for host_id, record in records:
        cell = (record.task, record.case, record.target)
        yield Stored(Machine(host_id, hostname, cpus), given.get(cell, run.id), record)
