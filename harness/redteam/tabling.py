"""The table of findings, its totals, and findings that are recorded to be shown later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from harness.redteam.told import Result, TechniqueKind, Tried
from harness.render.tables import layout

HEADINGS = ("kind", "technique", "language", "result", "said by", "words")


def table(findings: Sequence[Tried], style: str = "plain") -> str:
    """One row for each technique."""
    rows = [(f.kind, f.technique, f.language, f.result.value, f.said_by, f.words) for f in findings]
    return layout(HEADINGS, rows, style)


def totals(findings: Sequence[Tried]) -> str:
    """How many techniques and honest changes came to what: two sentences."""
    honest = [f for f in findings if f.kind == TechniqueKind.HONEST.value]
    others = [f for f in findings if f.kind != TechniqueKind.HONEST.value]
    parts = [_counted("technique", others), _counted("honest change", honest)]
    return "\n".join(part for part in parts if part)


def tally(findings: Sequence[Tried]) -> str:
    """How many came to what so far, in a few words."""
    counts = Counter(finding.result for finding in findings)
    return ", ".join(f"{counts[result]} {result.value}" for result in Result if counts[result])


def _counted(what: str, findings: Sequence[Tried]) -> str:
    if not findings:
        return ""
    return f"{len(findings)} {what}{'s' if len(findings) != 1 else ''}: {tally(findings)}"


def to_dict(finding: Tried) -> dict[str, Any]:
    """The row for programs."""
    return {
        "technique": finding.technique,
        "kind": finding.kind,
        "language": finding.language,
        "result": finding.result.value,
        "said_by": finding.said_by,
        "words": finding.words,
        "wall_s": round(finding.wall_s, 1),
    }
