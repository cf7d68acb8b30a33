"""The same run on several hosts: which they are, and the shards and the stored run of each."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from harness.cluster.folder import ClusterFolder, ClusterPlan
from harness.cluster.gathering import Gathered, gather, stored_run
from harness.cluster.running import Request
from harness.errors import UsageError
from harness.model.engines import ClusterNode
from harness.running.settings import Settings

HOSTS = "hosts"
"""In what a plan is about: the names of the hosts, in the order of their runs."""
KINDS = "kinds"
"""Asked for in place of a number: one host of each kind."""


def chosen_hosts(
    nodes: Sequence[ClusterNode], asked: int | str | Sequence[str], settings: Settings
) -> list[str]:
    """The hosts that are meant: so many, drawn by the seed; those named; or one of each kind.

    UsageError for fewer than two, and for what is not there.
    """
    kinds = {node.name: node.kind for node in nodes if not node.lacking}
    drawn = random.Random(f"hosts {settings.drawn_seed}")
    if isinstance(asked, str):
        asked = int(asked) if asked.strip().isdigit() else asked
    if isinstance(asked, int):
        if not 2 <= asked <= len(kinds):
            many = f"{len(kinds)} node{'s' * (len(kinds) != 1)}"
            raise UsageError(f"hosts: want 2 or more of {many} that take jobs, got {asked}")
        return sorted(drawn.sample(sorted(kinds), asked))
    if asked == KINDS:
        members: dict[str, list[str]] = {}
        for name, kind in sorted(kinds.items()):
            members.setdefault(kind, []).append(name)
        if len(members) < 2:
            raise UsageError("hosts: all nodes are of one kind", hint="Give a number of hosts.")
        return sorted(drawn.choice(names) for names in members.values())
    names = [n.strip() for n in (asked.split(",") if isinstance(asked, str) else asked)]
    unknown = [name for name in names if name not in kinds]
    if unknown or len({*names}) < max(2, len(names)):
        what = f"no node {unknown[0]!r} takes jobs" if unknown else "want two or more, each once"
        raise UsageError(f"hosts: {what}", hint=f"There are: {', '.join(sorted(kinds)) or 'none'}.")
    return names


def repeated_on(asked: Request, hosts: Sequence[str]) -> Request:
    """The request with each of its shards on each host."""
    if asked.kind not in ("run", "compare"):
        raise UsageError("`hosts` is of runs and comparisons of names, files and commands")
    shards = [
        msgspec.structs.replace(shard, index=at * len(asked.shards) + shard.index, host=host)
        for at, host in enumerate(hosts)
        for shard in asked.shards
    ]
    return replace(asked, shards=tuple(shards), about={**asked.about, HOSTS: [*hosts]})


def run_of_host(plan: ClusterPlan, number: int) -> ClusterPlan:
    """The plan of one host's own run, whose name is derived from that of all."""
    stem, chance = plan.run_id[:-4], int(plan.run_id[-4:], 16)
    own = f"{stem}{(chance + number) % 0x10000:04x}"
    host = plan.about[HOSTS][number]
    return msgspec.structs.replace(
        plan, run_id=own, origin={**plan.origin, HOSTS: plan.run_id, "host": host}
    )


def gather_hosts(folder: ClusterFolder, plan: ClusterPlan) -> dict[str, Gathered]:
    """What each host found, stored as a run of its own; of one gathered before what is stored."""
    shards = folder.shards()
    found: dict[str, Gathered] = {}
    for number, host in enumerate(plan.about[HOSTS]):
        own = run_of_host(plan, number)
        mine = [shard for shard in shards if shard.host == host]
        kept = stored_run(folder.results / own.run_id)
        found[host] = kept or gather(folder.results, folder, own, mine)
    return found


def is_of_hosts(about: Mapping[str, Any]) -> bool:
    """Was a run asked for on several hosts?"""
    return HOSTS in about
