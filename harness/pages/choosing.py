"""Which stored run a page is about: the one that is named, the latest, or the best of a task."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from harness.errors import DataUnreadable, UsageError
from harness.model.suggesting import did_you_mean
from harness.running.many import each_run
from harness.system.store.run_file import (
    RUN_NAME,
    StoredRun,
    find_run,
    is_run,
    read_run,
    run_folders,
)


def named_run(name: str | None, results: Path, others: Iterable[str] = ()) -> StoredRun:
    """The run of an id, of its beginning, or of a folder; None: the latest one.

    `others` are names that would have been understood too, such as those of campaigns.
    """
    if name is not None and (os.sep in name or Path(name).is_dir()):
        return read_run(_folder(Path(name)))
    try:
        return read_run(find_run(results, name))
    except UsageError as problem:
        near = did_you_mean(name, others) if name else ""
        hint = f"{near} {problem.hint}".strip()
        raise UsageError(problem.message, hint=hint) from None


def _folder(folder: Path) -> Path:
    if not folder.exists():
        raise UsageError(f"no such folder: {folder}", hint="`harness history` lists the runs.")
    if is_run(folder):
        return folder
    inside = run_folders(folder)
    if inside:
        raise UsageError(
            f"{folder} holds {len(inside)} run{'s' * (len(inside) != 1)} and is none itself",
            hint=f"Name one of them, such as {inside[-1]}; or a task: --task NAME.",
        )
    raise UsageError(
        f"{folder} is not the folder of a run: it has no {RUN_NAME}",
        hint="`harness history` lists the runs.",
    )


def run_of_task(task: str, results: Path) -> tuple[StoredRun, tuple[str, ...]]:
    """The finished run with the most targets of a task, the latest of those; and why it is that.

    UsageError where no finished run has the task.
    """
    best: StoredRun | None = None
    most, hosts, count, known = 0, set(), 0, set()
    for run in each_run(run_folders(results), lambda run: run):
        if isinstance(run, DataUnreadable) or not run.finished or run.beside:
            continue
        measured = run.summary.get("measurements", ())
        known |= {m.get("task") for m in measured}
        targets = {m.get("target") for m in measured if m.get("task") == task}
        if not targets:
            continue
        count += 1
        hosts.add((run.plan.get("host") or {}).get("id"))
        if len(targets) >= most:
            best, most = run, len(targets)
    if best is None:
        near = did_you_mean(task, [str(name) for name in known if name])
        hint = f"{near} `harness run --task {task}` measures it.".strip()
        raise UsageError(f"no finished run of the task {task!r} in {results}", hint=hint)
    return best, _why(best, task, most, count, len(hosts))


def _why(best: StoredRun, task: str, most: int, count: int, hosts: int) -> tuple[str, ...]:
    said = [
        f"Of {count} stored run{'s' * (count != 1)} of {task} this is the latest with the most"
        f" targets ({most}): they ran interleaved, and only that compares them."
    ]
    if hosts > 1:
        said.append(
            f"The runs of {task} are from {hosts} machines; this page is of one of them alone:"
            " times of two machines are not comparable."
        )
    return tuple(said)
