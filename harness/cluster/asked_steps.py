"""One piece of work on a node that answers in JSON: begun once, and come back to after a Ctrl-C.

What was asked of the same files, in the same words, and was not taken yet is not submitted again:
whoever gives a step of a campaign once more goes on with the job that the last call began.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
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
    folder = _begun(session, work) or _submitted(session, work)
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


def _submitted(session: Session, work: NodeWork) -> ClusterFolder:
    asked = step_request(session.config, work)
    key = _key(plan_of(session, asked, _anywhere(session), 0), work)
    asked = replace(asked, about={**asked.about, "key": key})
    try:
        return run_on_cluster(session, asked)[1]
    except Detached as left:
        raise _called_off(left) from None


def _begun(session: Session, work: NodeWork) -> ClusterFolder | None:
    folder = _open_one(session, work)
    if folder is None:
        return None
    session.tell(f"{work.name}: going on with {folder.run_id}")
    if those_that_count(folder.attempts()):
        return folder
    try:
        come_back(session, folder, again=True)
    except Detached as left:
        raise _called_off(left) from None
    return folder


def _called_off(left: Detached) -> Detached:
    return Detached(
        left.message,
        hint="Its job goes on, and nothing is lost: give the same command again to go on with it.",
    )


def _open_one(session: Session, work: NodeWork) -> ClusterFolder | None:
    """The latest run of the same work that nobody has taken or called off."""
    base = clusters_of(session.results)
    paths = sorted(base.glob("*/plan.json"))[-_LATEST:] if base.is_dir() else []
    asked = step_request(session.config, work)
    key = ""
    for path in reversed(paths):
        folder = ClusterFolder(path.parent)
        if folder.cancelled or folder.taken:
            continue
        plan = folder.plan()
        if plan.kind != STEP:
            continue
        key = key or _key(plan_of(session, asked, _anywhere(session), 0), work)
        if plan.about.get("key") == key:
            return folder
    return None


def _anywhere(session: Session) -> ClusterFolder:
    """A folder of no run, for a plan that only tells what it would be."""
    return ClusterFolder(clusters_of(session.results) / "none")


def _key(plan: ClusterPlan, work: NodeWork) -> str:
    """What makes two requests the same: the files, the commits, the words and the table."""
    facts: Sequence[Any] = (
        *(plan.tree, plan.history, plan.head, plan.folder, plan.table),
        *(plan.harness, plan.python, work.words, work.node),
    )
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


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
