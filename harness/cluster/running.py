"""A run on a cluster from its submission to its report; and how one comes back to it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness import __version__
from harness.cluster.awaiting import Cluster, HowFar, RunWatch, progress_of, work_of
from harness.cluster.folder import (
    ClusterFolder,
    ClusterPlan,
    ClusterShard,
    clusters_of,
    those_that_count,
)
from harness.cluster.node import python_version
from harness.cluster.packing import packed, shard_seconds, shards_per_job
from harness.cluster.spreading import ClusterOptions
from harness.cluster.tree import keep_nothing, keep_tree, top_of
from harness.errors import Detached, NotAllowed, UsageError
from harness.frozen import dataclass
from harness.model.engines import Limits
from harness.model.jsonable import jsonable
from harness.plugins import Executor
from harness.project.config import Config
from harness.running.experiment import run_id
from harness.running.session import Session
from harness.running.settings import Settings, of_plan, to_plan
from harness.system.git.writing import Git


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be run on a cluster."""

    kind: str
    executor: Executor
    settings: Settings
    shards: tuple[ClusterShard, ...]
    origin: dict[str, Any]
    about: dict[str, Any]
    wanted: tuple[Path, ...] = ()
    """Files that targets name, to be taken along though git may ignore them."""
    with_history: bool = False
    """Does a command need the repository's commits?"""
    bare: bool = False
    """Nothing of the project is taken along."""
    at_once: int | None = None
    """No more jobs than this at a time; None: as many as the scheduler takes."""
    wait_s: float | None = None
    """What is not done by then is left; None: it is waited for."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What would be submitted; nothing was."""

    script: str
    jobs: int
    shards: int
    per_job: int
    node_hours: float

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `--dry-run --json`."""
        values: dict[str, Any] = jsonable(self)
        return values

    def __str__(self) -> str:
        return (
            f"{self.script}\n{self.shards} shard{'s' * (self.shards != 1)} in {self.jobs}"
            f" job{'s' * (self.jobs != 1)}, up to {self.per_job} in each; about"
            f" {self.node_hours:.2g} node hours"
        )


def planned(config: Config, results: Path, asked: Request) -> Submission:
    """What a submission would be, without making anything."""
    options = _options(config, asked.executor)
    folder = ClusterFolder(clusters_of(results) / run_id(time.time_ns()))
    ranges = _jobs(asked.shards, asked.settings, options)
    jobs = [job for jobs in ranges for job in jobs]
    nodes = int(options.own.get("nodes", 1) or 1)
    first = (0, len(ranges[0]))
    work = work_of(folder, _command(folder, options), first, options)
    work = replace(work, node=asked.shards[0].host)
    return Submission(
        asked.executor.script(work, options.own),
        len(jobs),
        len(asked.shards),
        max(map(len, jobs)),
        len(asked.shards) * shard_seconds(asked.settings) * nodes / 3600,
    )


def run_on_cluster(session: Session, asked: Request) -> tuple[ClusterPlan, ClusterFolder]:
    """Submit a run and wait until there is no more to be expected of it.

    Raises Detached after Ctrl-C: the jobs go on. UsageError, with the scheduler's words, for what
    it does not take.
    """
    options = _options(session.config, asked.executor)
    cluster = Cluster(asked.executor, options, session.runner)
    # Before anything is written: is there such a scheduler, and are the options some that it knows?
    limits = cluster.limits()
    started_at_ns = time.time_ns()
    folder = ClusterFolder(clusters_of(session.results) / run_id(started_at_ns))
    plan = plan_of(session, asked, folder, started_at_ns)
    folder.create(plan, asked.shards)
    for jobs in _jobs(asked.shards, asked.settings, options):
        folder.add_jobs(jobs)
    many = f"{len(asked.shards)} shard{'s' * (len(asked.shards) > 1)}"
    session.tell(f"{folder.run_id}: {many} by {asked.executor.name}")
    watch = _watch(session, folder, cluster, len(asked.shards))
    most = asked.at_once or limits.waiting
    watch.limits = Limits(min(limits.at_once, most), min(limits.waiting, most))
    watch.wait_s = asked.wait_s
    try:
        _waited(watch)
    except UsageError:
        if not folder.submitted():  # nothing of it is anywhere but here
            folder.remove()
        raise
    return plan, folder


def come_back(session: Session, folder: ClusterFolder, *, again: bool) -> None:
    """Wait for a run that was submitted before; `again`: submit what is missing."""
    plan, watch = _watch_again(session, folder)
    if again:
        _add_missing(watch, plan)
    _waited(watch)


def end_jobs(session: Session, folder: ClusterFolder) -> HowFar:
    """End all jobs of a run; what was measured is kept. NotAllowed where nobody answers."""
    _, watch = _watch_again(session, folder)
    folder.cancel()
    if not watch.cluster.cancel(folder.name):
        raise NotAllowed(
            f"the scheduler does not answer: the jobs of {folder.run_id} may go on",
            hint=f"Repeat `harness cancel {folder.run_id}` when it is back.",
        )
    watch.look()
    return progress_of(watch, watch.cluster.jobs(folder.name))


def _waited(watch: RunWatch) -> None:
    folder = watch.folder
    try:
        watch.until_over()
    except KeyboardInterrupt:
        said = str(watch.last) if watch.last else "its jobs go on"
        more = watch.last.waiting if watch.last else 0
        rest = f"; {more} jobs are submitted only when you attach" if more else ""
        raise Detached(
            f"detached from {folder.run_id}: {said}{rest}",
            hint=f"`harness attach {folder.run_id}` waits for it and shows it; `harness cancel"
            f" {folder.run_id}` ends its jobs.",
        ) from None


def _watch_again(session: Session, folder: ClusterFolder) -> tuple[ClusterPlan, RunWatch]:
    """The plan of a run that was submitted before, and a watch of it."""
    plan = folder.plan()
    executor = Executor.find(plan.executor)
    options = ClusterOptions.of(plan.executor, plan.table)
    cluster = Cluster(executor, options, session.runner)
    return plan, _watch(session, folder, cluster, plan.shards)


def _watch(session: Session, folder: ClusterFolder, cluster: Cluster, shards: int) -> RunWatch:
    return RunWatch(
        folder,
        cluster,
        lambda: _command(folder, cluster.options),
        session.orchestrator.telling.step,
        shards,
    )


def _add_missing(watch: RunWatch, plan: ClusterPlan) -> None:
    """Plan jobs for the shards that are neither done nor in a job that goes on."""
    live = watch.cluster.jobs(watch.folder.name)
    if live is None:
        raise NotAllowed("the scheduler does not answer", hint="Try again when it is back.")
    watch.folder.revive()
    going_on = {job.number for job in live}
    done = set(those_that_count(watch.folder.attempts()))
    coming = {
        shard
        for number, shards in watch.folder.jobs_of(watch.folder.ranges())
        if number in going_on
        for shard in shards
    }
    rest = [s for s in watch.folder.shards() if s.index not in done | coming]
    if rest:
        before = watch.folder.ranges()
        for jobs in _jobs(rest, of_plan(plan.settings), watch.cluster.options):
            watch.folder.add_jobs(jobs)
        # What was planned before and not submitted is planned anew with the rest.
        for first, count in before:
            watch.folder.mark_submitted(first, count, replaced=True)


def _jobs(
    shards: Sequence[ClusterShard], settings: Settings, options: ClusterOptions
) -> list[list[Sequence[ClusterShard]]]:
    """The jobs of each host, or of any: what is submitted together."""
    per_job = shards_per_job(options, shard_seconds(settings))
    hosts = dict.fromkeys(shard.host for shard in shards)
    return [packed([s for s in shards if s.host == host], per_job) for host in hosts]


def _options(config: Config, executor: Executor) -> ClusterOptions:
    return ClusterOptions.of(executor.name, config.executors.get(executor.name, {}))


def _command(folder: ClusterFolder, options: ClusterOptions) -> tuple[str, ...]:
    python = options.python or sys.executable
    return (python, "-P", "-m", "harness.cli.cluster_job", str(folder.path.absolute()))


def plan_of(
    session: Session, asked: Request, folder: ClusterFolder, started_at_ns: int
) -> ClusterPlan:
    """The plan of a request, whose project's files are kept as they are now."""
    config = session.config
    root = config.root.resolve()
    if asked.bare:
        tree = keep_nothing(root, folder.trees)
    else:
        tree = keep_tree(root, asked.wanted, folder.trees, with_history=asked.with_history)
    return ClusterPlan(
        run_id=folder.run_id,
        kind=asked.kind,
        executor=asked.executor.name,
        table=dict(config.executors.get(asked.executor.name, {})),
        started_at_ns=started_at_ns,
        command=sys.argv[1:],
        settings=to_plan(asked.settings),
        origin=jsonable(asked.origin),
        about={**asked.about, "root": os.path.relpath(root, tree.top)},
        tree=tree.digest,
        history=tree.history,
        head=tree.head,
        folder="." if asked.bare else os.path.relpath(_start(root, tree.top), tree.top),
        harness=__version__,
        python=python_version(),
        shards=len(asked.shards),
    )


def config_words(config: Config) -> list[str]:
    """`--config FILE` as a command says it that starts where the plan's folder is on the node."""
    if config.path is None:
        return []
    root = config.root.resolve()
    return ["--config", os.path.relpath(root / config.path.name, _start(root, top_of(Git(root))))]


def _start(root: Path, top: Path) -> Path:
    """Where a command starts: in the current folder, or at `root` where that is not in the tree."""
    here = Path.cwd().resolve()
    return here if here.is_relative_to(top) else root
