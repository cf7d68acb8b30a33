"""One piece of work on a node that answers in JSON: begun once, and come back to after a Ctrl-C.

What was asked of the same files, in the same words, and was not taken yet is not submitted again:
whoever gives a step of a campaign once more goes on with the job that the last call began.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness import errors
from harness.cluster.folder import (
    STEP,
    ClusterFolder,
    ClusterPlan,
    ClusterShard,
    clusters_of,
    records_beside,
    those_that_count,
)
from harness.cluster.gathering import why_missing
from harness.cluster.requests import files_of
from harness.cluster.running import Request, come_back, plan_of, run_on_cluster
from harness.errors import Detached, HarnessError, TrialFailed
from harness.frozen import dataclass
from harness.plugins import Executor
from harness.project.config import Config
from harness.running.session import Session
from harness.running.settings import Settings

_LATEST = 50
"""Work that was asked for longer ago is not looked for."""


@dataclass(frozen=True, slots=True)
class NodeAnswer:
    """What a node answered, and where."""

    found: Any
    """As JSON has it."""
    node: str
    job: str
    records: Path
    """The folder of the records that it wrote; absent where it wrote none."""
    folder: ClusterFolder
    """Take it once the answer is kept: what was asked is then asked afresh by the next call."""


@dataclass(frozen=True, slots=True)
class NodeWork:
    """Work for one node: a module of the harness that is run there with words."""

    executor: Executor
    name: str
    """What people call it."""
    words: tuple[str, ...]
    records: str = ""
    """The folder, relative to the configuration's, whose new files are brought back."""
    node: str = ""
    """The node that it must be done on; empty: any."""


def step_request(config: Config, work: NodeWork) -> Request:
    """The request of one piece of work, as it stands."""
    shard = ClusterShard(
        index=0,
        task=work.name,
        case="",
        targets=[work.name],
        words=list(work.words),
        host=work.node,
    )
    named = files_of(config.targets.values())
    kept = [config.root / work.records] if work.records else []
    return Request(
        kind=STEP,
        executor=work.executor,
        settings=Settings().seeded(),
        shards=(shard,),
        origin={"kind": STEP},
        about={"records": work.records},
        wanted=(*named, *kept, *([config.path] if config.path else [])),
        with_history=True,
    )


def done_on_a_node(session: Session, work: NodeWork) -> NodeAnswer:
    """Have a node do it, or go on waiting for one that does already; its answer.

    Raises what was raised there, TrialFailed where the job ended without an answer, and Detached
    after Ctrl-C.
    """
    try:
        folder = _begun(session, work)
        if folder is None:
            _, folder = run_on_cluster(session, step_request(session.config, work))
    except Detached as left:
        raise Detached(
            left.message,
            hint="Its job goes on, and nothing is lost:"
            " give the same command again to go on with it.",
        ) from None
    attempts = folder.attempts()
    best = those_that_count(attempts).get(0)
    if best is None:
        raise TrialFailed(
            f"{work.name}: {why_missing(folder, attempts, [0])[0]}",
            hint=f"Given again, it is submitted anew. What the job printed: {folder.logs}.",
        )
    told = json.loads(best.path.read_bytes())
    try:
        found = found_in(told, str(session.config.root))
    except HarnessError:
        folder.take()  # an error is told once
        raise
    return NodeAnswer(found, told["node"], told["job"], records_beside(best), folder)


def is_under_way(session: Session, work: NodeWork) -> bool:
    """Was this very work begun by a call that did not wait for it?"""
    return _open_one(session, work) is not None


def _begun(session: Session, work: NodeWork) -> ClusterFolder | None:
    folder = _open_one(session, work)
    if folder is None:
        return None
    session.tell(f"{work.name}: going on with {folder.run_id}")
    if not those_that_count(folder.attempts()):
        come_back(session, folder, again=True)
    return folder


def _open_one(session: Session, work: NodeWork) -> ClusterFolder | None:
    """The latest run of the same work that nobody has taken or called off."""
    base = clusters_of(session.results)
    paths = sorted(base.glob("*/plan.json"))[-_LATEST:] if base.is_dir() else []
    wanted = ""
    for path in reversed(paths):
        folder = ClusterFolder(path.parent)
        if folder.cancelled or folder.taken:
            continue
        plan = folder.plan()
        if plan.kind != STEP:
            continue
        wanted = wanted or _would_be(session, work)
        if _facts(plan, folder.shards()[0]) == wanted:
            return folder
    return None


def _would_be(session: Session, work: NodeWork) -> str:
    """The facts of the work as it would be submitted now."""
    asked = step_request(session.config, work)
    nowhere = ClusterFolder(clusters_of(session.results) / "none")
    return _facts(plan_of(session, asked, nowhere, 0), asked.shards[0])


def _facts(plan: ClusterPlan, shard: ClusterShard) -> str:
    """What makes two requests the same: the files, the commits, the words and the table."""
    facts = (
        *(plan.tree, plan.history, plan.head, plan.folder, plan.table),
        *(plan.harness, plan.python, shard.words, shard.host),
    )
    return json.dumps(facts, sort_keys=True, default=str)


def found_in(told: dict[str, Any], root: str) -> Any:
    """What was found; raises the error of the node as ours, with the project's place here."""
    where = f"on {told['node']}"
    lines = told["stdout"].strip().splitlines()
    answer: dict[str, Any] = json.loads(lines[-1]) if told["exit_code"] == 0 and lines else {}
    if "found" in answer:
        return answer["found"]
    if "error" not in answer:
        words = told["stderr"].strip().splitlines() or ["it ended without an answer"]
        raise TrialFailed(f"{where}: {words[-1]}", hint="`harness doctor` there may say why.")
    kind = getattr(errors, str(answer["error"]), HarnessError)
    message, hint = (answer[name].replace(told["root"], root) for name in ("message", "hint"))
    raise kind(f"{message} ({where})", hint=hint)
