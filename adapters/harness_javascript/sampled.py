"""Reads what `node --cpu-prof` wrote: a tree of call frames and the frame of each sample."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.errors import TrialFailed
from harness.model import Frame, Profile, ProfilePlan, Stack, Trial

META = frozenset({"(root)", "(program)", "(idle)", "(garbage collector)"})
"""Frames that V8 adds; `(root)` is above everything, the program idles in `(idle)`."""
MOST_DEPTH = 256


def read_profile(text: str, plan: ProfilePlan, trial: Trial, kept: Path) -> Profile:
    """The profile; its weights are microseconds. Raises TrialFailed for a file without samples."""
    try:
        stacks = _stacks(json.loads(text))
    except (ValueError, LookupError, TypeError, AttributeError) as problem:
        raise TrialFailed(f"node's profile {kept} cannot be read: {problem!r}") from None
    if not stacks:
        raise TrialFailed(
            "node took no sample while the program worked", hint="Take a larger case."
        )
    warnings = () if trial.ok else (f"the program did not end well: {trial.message}",)
    return Profile(
        tool="cpu-prof",
        by=plan.by,
        unit="us",
        total=sum(stacks.values()),
        stacks=stacks,
        wall_ns=trial.wall_ns,
        cpu_ns=trial.cpu_ns,
        warnings=warnings,
        exports={kept.name: str(kept)},
    )


def _stacks(profile: dict[str, Any]) -> dict[Stack, float]:
    nodes = {node["id"]: node for node in profile["nodes"]}
    parent = {child: n["id"] for n in nodes.values() for child in n.get("children", ())}
    paths: dict[int, Stack] = {}
    weights: defaultdict[Stack, float] = defaultdict(float)
    deltas = profile.get("timeDeltas") or [1] * len(profile["samples"])
    # The time of a sample runs to the next one: its own delta leads up to it.
    lasting = [*deltas[1:], deltas[-1] if deltas else 0]
    for sample, us in zip(profile["samples"], lasting, strict=False):
        if sample not in paths:
            paths[sample] = _path(sample, nodes, parent)
        stack = paths[sample]
        if stack and stack[-1].function != "(idle)":
            weights[stack] += max(0.0, float(us))
    return dict(weights)


def _path(sample: int, nodes: dict[int, Any], parent: dict[int, int]) -> Stack:
    """The frames of a sample, outermost first."""
    frames: list[Frame] = []
    at: int | None = sample
    while at is not None and len(frames) < MOST_DEPTH:
        frame = nodes[at]["callFrame"]
        if frame["functionName"] != "(root)":
            frames.append(_frame(frame))
        at = parent.get(at)
    return tuple(reversed(frames))


def _frame(found: dict[str, Any]) -> Frame:
    name, url = found["functionName"] or "(anonymous)", found["url"]
    if name in META or not url or url.startswith("node:"):
        return Frame(name, url or "node", native=True)
    file = unquote(urlsplit(url).path) if url.startswith("file:") else url
    if name == "(anonymous)" and found["lineNumber"] == 0:
        name = "(top level)"
    return Frame(name, file, int(found["lineNumber"]) + 1)
