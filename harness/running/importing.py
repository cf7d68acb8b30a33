"""Puts what was measured elsewhere into the history, marked where it was not interleaved."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from harness.analysis import Question
from harness.analysis.schedule import Block
from harness.errors import NotAllowed, UsageError
from harness.frozen import dataclass
from harness.model import (
    BuildFacts,
    Comparison,
    Host,
    Measurement,
    MetricInfo,
    Mode,
    Run,
    Trial,
    TrialRecord,
)
from harness.model.jsonable import jsonable
from harness.running.experiment import run_id
from harness.running.foreign.blocks_file import FIGURES, is_block_file, read_block_file
from harness.running.foreign.google_benchmark import is_google_benchmark, read_google_benchmark
from harness.running.foreign.hyperfine import is_hyperfine, read_hyperfine
from harness.running.foreign.measured import ForeignFile, ForeignHost, ForeignTarget
from harness.running.foreign.nodes import MOST_TIMES, Node
from harness.running.foreign.pyperf_suite import is_pyperf, read_pyperf
from harness.running.foreign.pytest_benchmark import is_pytest_benchmark, read_pytest_benchmark
from harness.running.many import IMPORTED, IN_PROCESS
from harness.running.one_process import ONE_PROCESS, compared_in_process
from harness.running.reports import Report, to_summary
from harness.running.settings import Settings, to_plan
from harness.stats.medians import median_estimate
from harness.system.store.files import read_given
from harness.system.store.run_file import readable_runs, run_folders
from harness.system.store.runs import RunWriter

MOST_BYTES = 64 * 2**20
FORMATS = {
    "hyperfine": (is_hyperfine, read_hyperfine),
    "pyperf": (is_pyperf, read_pyperf),
    "pytest-benchmark": (is_pytest_benchmark, read_pytest_benchmark),
    "google-benchmark": (is_google_benchmark, read_google_benchmark),
    IN_PROCESS: (is_block_file, read_block_file),
}
"""Whose JSON is read: is a document of that tool, and what does it say."""
_CONFIDENCE = 0.95
NOT_INTERLEAVED = "not interleaved: what the machine did meanwhile is in the difference of any two"


@dataclass(frozen=True, slots=True)
class _Import:
    """One file on its way into the store."""

    path: Path
    tool: str
    content: bytes
    found: ForeignFile
    task: str
    question: Question
    """What is asked of targets that were interleaved."""

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def import_file(
    path: Path,
    tool: str | None,
    task: str | None,
    results: Path,
    question: Question | None = None,
) -> Report:
    """Store what a file says as a run of its own.

    `tool`: its format; None: whichever it is of. `task`: what the targets are of; None: the tool's
    name. `question`: what functions that were called in turns are compared by; of all others there
    is no comparison. UsageError says what in the file makes no sense, and where; then nothing is
    stored. NotAllowed says that the task has the same file already.
    """
    content = _read(path)
    try:
        document = Node(json.loads(content, parse_constant=_no_number))
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{path} is no JSON: {problem}", hint=_of_packed(content)) from None
    tool = tool or _recognised(document, path)
    if tool not in FORMATS:
        raise UsageError(f"no format {tool!r} to import; there are {', '.join(FORMATS)}")
    if task is not None and not (task.strip() and task.isprintable() and len(task) <= 200):
        raise UsageError(f"task: want a name of a line, got {task!r}")
    try:
        found = FORMATS[tool][1](document)
        _check(found)
    except UsageError as problem:
        raise UsageError(f"{path}: as {tool}: {problem.message}", hint=problem.hint) from None
    given = _Import(path, tool, content, found, task or tool, question or Question())
    _refuse_again(given, results)
    return _store(given, results)


def _read(path: Path) -> bytes:
    try:
        content = read_given(path, MOST_BYTES + 1)
    except OSError as problem:
        raise UsageError(f"cannot read {path}: {problem.strerror}") from None
    if len(content) > MOST_BYTES:
        raise UsageError(f"{path} is larger than {MOST_BYTES:,} bytes, the most that is imported")
    return content


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _of_packed(content: bytes) -> str:
    return "It is packed: gunzip it first." if content[:2] == b"\x1f\x8b" else ""


def _recognised(document: Node, path: Path) -> str:
    fitting = [name for name, (fits, _) in FORMATS.items() if fits(document)]
    if len(fitting) == 1:
        return fitting[0]
    raise UsageError(
        f"{path} is JSON, but of none of the formats that are imported: {', '.join(FORMATS)}",
        hint="Say which of them it is meant to be; then what is wrong with it is told.",
    )


def _check(found: ForeignFile) -> None:
    trials = [trial for target in found.targets for trial in target.trials]
    if not trials:
        why = f": {'; '.join(found.left_out)}" if found.left_out else ""
        raise UsageError(f"there is no time in it{why}")
    if sum(1 + len(trial.samples) for trial in trials) > 2 * MOST_TIMES:
        raise UsageError(f"it has more than {MOST_TIMES:,} times")


def _refuse_again(given: _Import, results: Path) -> None:
    """Raise NotAllowed for a content that the task has already: it would count twice."""
    for stored in readable_runs(run_folders(results)):
        origin, cells = stored.plan.get("origin") or {}, stored.plan.get("cells") or []
        known = origin.get("kind") == IMPORTED and origin.get("sha256") == given.digest
        if known and stored.finished and cells and cells[0][0] == given.task:
            raise NotAllowed(
                f"{given.path} was imported already, as {stored.id}",
                hint="Its times would count twice; `task` files them under another task.",
            )


# -- into the store -------------------------------------------------------------------------------


def _store(given: _Import, results: Path) -> Report:
    found = given.found
    host = _host(found.host, given.tool)
    started_at_ns = found.made_at_ns or time.time_ns()
    folder = results / run_id(started_at_ns)
    records = list(_records(given, folder.name, started_at_ns))
    measurements = [_measurement(given, each, name) for name, each in _named(found)]
    run = Run(
        id=folder.name,
        started_at_ns=started_at_ns,
        command=("import", given.path.name),
        seed=found.seed,
        host=host,
        measurements=tuple(measurements),
        comparisons=_comparisons(given, records),
        finished=True,
        parquet=str(folder / "trials.parquet"),
        warnings=(_how_it_was_made(given), *found.notes, *found.left_out),
        commit=found.commit,
    )
    report = Report(run, folder, {})
    with RunWriter(folder, _plan(given, run), host.id) as writer:
        writer.describe(metrics=_figures(records), builds=[_build(m) for m in measurements])
        for record in records:
            writer.append(record)
        writer.finish(to_summary(report), frozenset())
    return report


def _how_it_was_made(given: _Import) -> str:
    if not given.found.interleaved:
        return f"imported from {given.tool}, {NOT_INTERLEAVED}"
    return f"called in turns within one process by {given.found.made_by}; {ONE_PROCESS}"


def _figures(records: Sequence[TrialRecord]) -> list[MetricInfo]:
    """What the trials' own figures are."""
    names = dict.fromkeys(name for record in records for name in record.trial.metrics)
    return [FIGURES[name] for name in names]


def _comparisons(given: _Import, records: Sequence[TrialRecord]) -> tuple[Comparison, ...]:
    """What the blocks of a process say; nothing where targets have none in common."""
    if not given.found.interleaved:
        return ()
    names = [name for name, _ in _named(given.found)]
    blocks: list[Block] = [{} for _ in given.found.targets[0].trials]
    for record in records:
        blocks[record.block].setdefault(record.target, []).append(record)
    ended = f"the file has {len(blocks)} blocks"
    found = compared_in_process(names, blocks, given.question, ended)
    return (found,) if found is not None else ()


def _plan(given: _Import, run: Run) -> Mapping[str, Any]:
    parameters = {target.case: dict(target.parameters) for target in given.found.targets}
    return {
        "started_at_ns": run.started_at_ns,
        "command": list(run.command),
        "host": jsonable(run.host),
        **to_plan(Settings(seed=given.found.seed, question=given.question)),
        "cells": [[*m.key] for m in run.measurements],
        "given": [],
        "origin": {
            "kind": IMPORTED,
            "tool": given.tool,
            "file": os.fspath(given.path),
            "sha256": given.digest,
            "parameters": parameters,
        },
        "commit": jsonable(run.commit),
    }


def _named(found: ForeignFile) -> Iterator[tuple[str, ForeignTarget]]:
    """Each target by a name that is its own in its case: hyperfine may run a command twice."""
    seen: dict[tuple[str, str], int] = {}
    for target in found.targets:
        key = target.case, target.name
        seen[key] = seen.get(key, 0) + 1
        yield (target.name if seen[key] == 1 else f"{target.name} ({seen[key]})"), target


def _records(given: _Import, run: str, started_at_ns: int) -> Iterator[TrialRecord]:
    """The trials; those that say no place have a block each, so that none is ever paired."""
    alone = itertools.count()
    for name, target in _named(given.found):
        places = target.places or [(next(alone), 0) for _ in target.trials]
        for trial, (block, position) in zip(target.trials, places, strict=True):
            yield TrialRecord(
                run_id=run,
                task=given.task,
                case=target.case,
                target=name,
                adapter=f"{IMPORTED}:{given.tool}",
                language=target.language,
                build_digest=_digest(given.tool, name),
                mode=target.mode,
                block=block,
                position=position,
                warmup=False,
                started_at_ns=started_at_ns,
                trial=trial,
            )


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join((IMPORTED, *words)).encode()).hexdigest()


def _measurement(given: _Import, target: ForeignTarget, name: str) -> Measurement:
    good = [trial for trial in target.trials if trial.ok]
    memory = max((trial.max_rss_bytes for trial in good), default=0)
    cpu_ns = [trial.cpu_ns / _executions(trial) for trial in good] if target.cpu_is_known else ()
    return Measurement(
        task=given.task,
        case=target.case,
        target=name,
        adapter=f"{IMPORTED}:{given.tool}",
        language=target.language,
        mode=target.mode,
        trials=len(good),
        failures=len(target.trials) - len(good),
        wall_ns=median_estimate([_wall_ns(trial, target.mode) for trial in good], _CONFIDENCE),
        cpu_ns=median_estimate(cpu_ns, _CONFIDENCE),
        max_rss_bytes=memory or None,
        output_ok=None,
        build_digest=_digest(given.tool, name),
        warnings=()
        if given.found.interleaved
        else (f"imported from {given.tool}: not interleaved",),
    )


def _executions(trial: Trial) -> int:
    return sum(sample.batch for sample in trial.samples) or 1


def _wall_ns(trial: Trial, mode: Mode) -> float:
    """One figure per process: samples of one process are not independent."""
    if mode is Mode.COLD:
        return float(trial.wall_ns)
    return statistics.median(sample.wall_ns / sample.batch for sample in trial.samples)


def _build(m: Measurement) -> BuildFacts:
    return BuildFacts(m.build_digest, m.adapter, m.language, toolchain="")


def _host(found: ForeignHost, tool: str) -> Host:
    """The machine as far as it is known; like no other one, whatever it says."""
    facts: Sequence[str] = (tool, found.hostname, found.cpu, str(found.cores), found.kernel)
    return Host(
        id=_digest(*facts),
        cpu=found.cpu or "not known",
        cores=found.cores,
        memory_bytes=0,
        kernel=found.kernel or "not known",
        system=found.system or "not known",
        governor=None,
        turbo=None,
        smt=None,
        virtualised=None,
        load=0.0,
        hostname=found.hostname,
    )
