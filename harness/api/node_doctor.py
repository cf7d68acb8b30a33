"""`harness doctor --executor`: the nodes of a cluster, ranked by the same short work on each."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Unpack, cast

from harness.analysis.over_nodes import NodeStanding, NodeState, NodeTimes, stand_nodes
from harness.api.on_clusters import demanded_scheduler
from harness.api.one_call import measuring
from harness.cluster.asked_steps import found_in
from harness.cluster.folder import (
    STEP,
    ClusterFolder,
    ClusterShard,
    latest_failures,
    those_that_count,
)
from harness.cluster.gathering import why_missing
from harness.cluster.running import Request, end_jobs, run_on_cluster
from harness.cluster.spreading import ClusterOptions
from harness.errors import HarnessError, UsageError
from harness.frozen import dataclass
from harness.model.engines import ClusterNode
from harness.model.jsonable import jsonable
from harness.plugins import Executor
from harness.project.config import Config
from harness.render.tables import layout
from harness.render.units import show_share
from harness.running.keywords import Place, config_of
from harness.running.session import Session
from harness.running.settings import Settings

MODULE = "harness.cli.node_check"
REPEATS = 60
JOB_TIME = "2m"
"""The time limit of a node's job, which takes some seconds: one that hangs is ended by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodesAsked:
    """Which nodes are looked at, and how."""

    executor: str
    partition: str | None = None
    at_once: int | None = None
    """So many nodes at a time; None: as many as are free."""
    wait_s: float = 600.0
    """Nodes that have not answered by then are named, and not waited for."""
    repeats: int = REPEATS


@dataclass(frozen=True, slots=True, repr=False)
class NodesReport:
    """The nodes, those that work first, the fastest of them at the top."""

    nodes: tuple[NodeStanding, ...]

    def table(self, style: str = "plain") -> str:
        """One row per node, with each kind of work."""
        works = list(dict.fromkeys(work.work for each in self.nodes for work in each.works))
        rows = [
            [each.node, each.state.value, *_figures(each, works), each.reason]
            for each in self.nodes
        ]
        heads = [word for name in works for word in (f"{name} time", "interval", "scatter")]
        return layout(["node", "state", *heads, ""], rows, style)

    def __str__(self) -> str:
        kinds = list(dict.fromkeys(each.kind for each in self.nodes if each.kind))
        words = "times are over those of the median node" + " of its kind" * (len(kinds) > 1)
        lines = [self.table(), "", words]
        for kind in kinds:
            names = [each.node for each in self.nodes if each.kind == kind]
            alone = "; the only one of its kind, against itself" if len(names) == 1 else ""
            lines.append(f"{kind}: {', '.join(names)}{alone}")
        return "\n".join(lines)

    __repr__ = __str__

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness doctor --executor --json`."""
        return {
            "nodes": jsonable(self.nodes),
            "problems": [each.node for each in self.nodes if each.state is not NodeState.FINE],
        }


def doctor_nodes(asked: NodesAsked, **options: Unpack[Place]) -> NodesReport:
    """Have every node do the same short work, and rank them; none that does not answer is waited
    for longer than was said.

    Raises UsageError for a partition that is not there, and Detached after Ctrl-C.
    """
    executor = demanded_scheduler({"executor": asked.executor})
    config = _with_table(config_of(options), executor, asked)
    with measuring(config, options) as session:
        table = ClusterOptions.of(executor.name, config.executors[executor.name]).own
        nodes = executor.nodes(table, session.runner)
        taking = [node for node in nodes if not node.lacking]
        if not nodes:
            which = f" of partition {asked.partition!r}" if asked.partition else ""
            raise UsageError(
                f"no node{which} fits what is asked for",
                hint="`sinfo` lists partitions and nodes; see partition and constraint in the"
                " executor's table.",
            )
        found = _answers(session, executor, taking, asked) if taking else []
    down = [NodeStanding(n.name, NodeState.DOWN, n.lacking) for n in nodes if n.lacking]
    return NodesReport((*found, *down))


def _with_table(config: Config, executor: Executor, asked: NodesAsked) -> Config:
    table = dict(config.executors.get(executor.name, {}))
    table |= {"time": JOB_TIME, "nodes": 1, "shards_per_job": 1}
    if asked.partition is not None:
        table["partition"] = asked.partition
    return replace(config, executors={**config.executors, executor.name: table})


def _answers(
    session: Session, executor: Executor, nodes: list[ClusterNode], asked: NodesAsked
) -> list[NodeStanding]:
    shards = tuple(
        ClusterShard(
            index=index,
            task="doctor",
            case="",
            targets=[node.name],
            words=[MODULE, str(asked.repeats)],
            host=node.name,
        )
        for index, node in enumerate(nodes)
    )
    request = Request(
        kind=STEP,
        executor=executor,
        settings=Settings().seeded(),
        shards=shards,
        origin={"kind": STEP},
        about={},
        bare=True,
        at_once=asked.at_once,
        wait_s=asked.wait_s,
    )
    _, folder = run_on_cluster(session, request)
    attempts = folder.attempts()
    best = those_that_count(attempts)
    missing = [shard.index for shard in shards if shard.index not in best]
    if missing:
        end_jobs(session, folder)
    times: list[NodeTimes] = []
    silent: list[NodeStanding] = []
    for shard in shards:
        name = shard.host
        if shard.index not in best:
            silent.append(NodeStanding(name, NodeState.SILENT, _why(folder, shard.index)))
            continue
        try:
            told = found_in(json.loads(best[shard.index].path.read_bytes()), "")
            times.append(NodeTimes(name, told["kind"], told["times"]))
        except HarnessError as problem:
            silent.append(NodeStanding(name, NodeState.SILENT, problem.message))
    if silent:
        folder.take()  # what their jobs printed is worth a look
    else:
        folder.remove()
    return [*stand_nodes(times), *silent]


def _why(folder: ClusterFolder, shard: int) -> str:
    """Why a node did not answer: its own words, where it said any."""
    attempts = folder.attempts()
    told = latest_failures(each for each in attempts if each.shard == shard).get(shard)
    if told is not None:
        return cast(str, told["error"])
    if not folder.submitted():
        return why_missing(folder, attempts, [shard])[shard]
    return "its job has not answered in time, and was ended"


def _figures(standing: NodeStanding, works: list[str]) -> list[str]:
    cells: list[str] = []
    for name in works:
        work = next((each for each in standing.works if each.work == name), None)
        if work is None:
            cells += ["-", "-", "-"]
            continue
        ratio = work.ratio
        cells += [
            f"{ratio.point:.3f}",
            f"[{ratio.low:.3f}, {ratio.high:.3f}]",
            show_share(work.scatter),
        ]
    return cells
