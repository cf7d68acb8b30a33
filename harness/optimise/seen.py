"""What a look shows beside its verdict: taken from its trials, and from the texts that changed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from harness.baseline.sides import CURRENT
from harness.campaign.literals import FileChange, change_of
from harness.campaign.scope import in_scope
from harness.campaign.sightings import CaseEvidence, ChangeSeen, SideSeen
from harness.model import CaseBench, Target, TrialStatus
from harness.project.workload import OPTIM_FOLDER
from harness.system.git.writing import Git
from harness.system.store.rows import Row

_FEWEST_DRAWS = 4
_LEAST_NS = 5_000_000
"""CPU times of shorter trials differ by noise as much as by what they are given."""

_MOST_TEXT = 2**20
"""Longer files are no sources that a person writes."""


def evidence_of(
    rows: Iterable[Row], reference: str, facts: CaseEvidence | None = None
) -> CaseEvidence | None:
    """What the timed trials of a look show; with what does not follow from trials as in `facts`.

    None where a side has no trial that ended well.
    """
    timed = [
        row
        for row in rows
        if not row["warmup"] and row["block"] >= 0 and row["status"] == TrialStatus.OK.value
    ]
    sides = [[row for row in timed if row["target"] == name] for name in (reference, CURRENT)]
    if not all(sides):
        return None
    before, after = (_side(rows) for rows in sides)
    if facts is not None and facts.before.unforced_ns is None:  # of before it was kept
        before, after = (replace(side, unforced_ns=None) for side in (before, after))
    spread, slope = _following(*sides)
    made = CaseEvidence(before, after, spread=spread, slope=slope)
    if facts is not None:
        before = replace(before, setup_ns=facts.before.setup_ns)
        after = replace(after, setup_ns=facts.after.setup_ns)
        made = replace(
            facts, before=before, after=after, spread=made.spread, slope=made.slope, draws=0
        )
    return replace(made, draws=len({row["draw"] for row in timed if row["draw"]}))


def _side(rows: Sequence[Row]) -> SideSeen:
    cpu_ns = [row["user_ns"] + row["sys_ns"] for row in rows]
    threads = [row["threads"] for row in rows if row["threads"] is not None]
    counted = [n for row in rows if (n := dict(row["metrics"]).get("instructions")) is not None]
    return SideSeen(
        wall_ns=float(median(row["wall_ns"] for row in rows)),
        cpu_ns=float(median(cpu_ns)),
        waited_ns=float(min(row["wall_ns"] - cpu for row, cpu in zip(rows, cpu_ns, strict=True))),
        threads=float(median(threads)) if threads else None,
        left_behind=sum(row["left_behind"] > 0 for row in rows),
        outputs=len({row["output_digest"] for row in rows if row["output_digest"]}),
        instructions=float(median(counted)) if counted else None,
        unforced_ns=_unforced_ns(rows),
    )


def _unforced_ns(rows: Sequence[Row]) -> float | None:
    """The least waiting that no busy CPU explains; None where the kernel does not tell."""
    if any(row["pressure_ns"] is None for row in rows):
        return None
    return float(
        min(row["wall_ns"] - row["user_ns"] - row["sys_ns"] - row["pressure_ns"] for row in rows)
    )


def _following(
    reference: Sequence[Row], candidate: Sequence[Row]
) -> tuple[float | None, float | None]:
    """How far the reference's CPU time differs by draw, and the power by which the candidate's
    follows it (the slope of the logarithms, by least squares).

    A seed alone is no measure of work: draws count that hold something else.
    """
    times = [_by_draw(rows) for rows in (reference, candidate)]
    both = sorted(times[0].keys() & times[1].keys())
    if len(both) < _FEWEST_DRAWS or min(times[0][draw] for draw in both) < _LEAST_NS:
        return None, None
    x, y = ([math.log(max(side[draw], 1.0)) for draw in both] for side in times)
    middle = sum(x) / len(x), sum(y) / len(y)
    squares = sum((one - middle[0]) ** 2 for one in x)
    if squares <= 0:
        return 1.0, None
    shared = sum((a - middle[0]) * (b - middle[1]) for a, b in zip(x, y, strict=True))
    # Rounded, since another machine's logarithms may end in another digit.
    return round(math.exp(max(x) - min(x)), 4), round(shared / squares, 4)


def _by_draw(rows: Sequence[Row]) -> dict[str, float]:
    """The median CPU time of each draw that holds more than a seed."""
    found: dict[str, list[int]] = {}
    for row in rows:
        if row["draw"] and set(_read(row["draw"])) - {"seed"}:
            found.setdefault(row["draw"], []).append(row["user_ns"] + row["sys_ns"])
    return {draw: float(median(times)) for draw, times in found.items()}


def _read(draw: str) -> Mapping[str, Any]:
    value = json.loads(draw)
    return value if isinstance(value, dict) else {}


def with_facts(target: Target, case: CaseBench, evidence: CaseEvidence, label: str) -> CaseEvidence:
    """The evidence of a case's trials, with what is known besides of the sides and the target."""
    before, after = (case.sides[name] for name in (label, CURRENT))
    return replace(
        evidence,
        before=replace(evidence.before, setup_ns=before.setup_ns),
        after=replace(evidence.after, setup_ns=after.setup_ns),
        adapter=target.adapter,
        input_bytes=_input_bytes(target),
        tolerance_used=case.agreement.tolerance_used,
        relative_error=case.agreement.relative_error,
        known_gain=case.known_gain,
    )


def _input_bytes(target: Target) -> int:
    """The size of all declared inputs, standard input among them."""
    places = [*target.inputs, *([target.stdin] if target.stdin is not None else [])]
    return sum(_size(place) for place in places)


def _size(place: Path) -> int:
    if place.is_dir():
        return sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    return place.stat().st_size if place.is_file() else 0


def change_between(git: Git, old: str, new: str, scope: tuple[str, ...]) -> ChangeSeen:
    """What of the sources differs between two commits, records left out."""
    names = [
        name
        for name in git.diff_names(old, new)
        if OPTIM_FOLDER not in name.split("/")[:-1] and (not scope or in_scope(name, scope))
    ]
    return change_of(
        FileChange(name, _text(git, old, name), _text(git, new, name)) for name in names
    )


def _text(git: Git, commit: str, name: str) -> str | None:
    content = git.read_file(commit, name)
    return None if content is None else content[:_MOST_TEXT].decode("utf-8", "replace")
