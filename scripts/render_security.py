"""Write the cheat suite's table in docs/security.md from what the suite found.

python scripts/render_security.py [COMMIT RESULT.json ...]

RESULT.json is what `harness redteam --json` printed on COMMIT. Its findings take the place of those
of the same techniques in docs/redteam.json, which is what the table is rendered from; without any
the table alone is rendered again.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.redteam.all_techniques import TECHNIQUES
from harness.redteam.told import Result, TechniqueKind

DOCS = Path(__file__).parents[1] / "docs"
PAGE, KEPT = DOCS / "security.md", DOCS / "redteam.json"
BEGIN, END = "<!-- cheat suite: by scripts/render_security.py -->\n", "<!-- end -->\n"
EXAMPLES = {
    TechniqueKind.KNOWN: "answers of seeds, a tolerance used up, other work where it is measured",
    TechniqueKind.REPLAY: "home, /tmp, caches, the build, shared memory, sockets, the parent",
    TechniqueKind.READING: "records, git's objects, outputs of others, `.incbin`",
    TechniqueKind.CLOCK: "a child that outlives, unseen CPU time, forged reports, work in setup",
    TechniqueKind.OTHER: "builds replaced, page cache, busy CPUs, another compiler",
    TechniqueKind.TREE: "replace refs, filters, hooks, index flags, outside sources, swaps, merges",
    TechniqueKind.JUDGE: "plugins, `sitecustomize`, another git, forged chains, moved tags",
    TechniqueKind.COMBINED: "a memo and a known seed, a fork and shared memory",
    TechniqueKind.HONEST: "algorithms, vectors, threads, processes, tables, input and output",
}
SHOWN = 12
OF_CHEATS = (Result.BLOCKED, Result.FLAGGED, Result.SILENT, Result.NOT_APPLICABLE)
OF_HONEST = (Result.KEPT, Result.NO_GAIN, Result.ACCUSED, Result.NOT_APPLICABLE)


def render(findings: Sequence[Mapping[str, Any]]) -> str:
    """The tables and what was not blocked, from the findings of known techniques."""
    cheats = [kind for kind in TechniqueKind if kind is not TechniqueKind.HONEST]
    lines = [
        *_head("kind", "techniques", *(result.value for result in OF_CHEATS), "examples"),
        *(_row(kind, findings, OF_CHEATS) for kind in cheats),
        "",
        *_head("", "changes", *(result.value for result in OF_HONEST), "examples"),
        _row(TechniqueKind.HONEST, findings, OF_HONEST),
        "",
        *_told(findings),
    ]
    return "\n".join(lines) + "\n"


def _head(*names: str) -> tuple[str, str]:
    return f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}"


def _row(
    kind: TechniqueKind, findings: Sequence[Mapping[str, Any]], results: Sequence[Result]
) -> str:
    own = Counter(f["result"] for f in findings if f["kind"] == kind.value)
    known = sum(technique.kind is kind for technique in TECHNIQUES)
    figures = (str(own[result.value] or "") for result in results)
    return f"| {kind.value} | {known} | {' | '.join(figures)} | {EXAMPLES[kind]} |"


def _told(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    """On which commits, what was flagged, what was silent or accused, and what was not tried."""
    runs = Counter(f"{f['commit']} at {f['level']}" for f in findings)
    lines = [f"Tried: {', '.join(f'{n} on {where}' for where, n in runs.most_common())}."]
    names = {f["technique"] for f in findings}
    missing = [t.name for t in TECHNIQUES if t.name not in names]
    if len(missing) > SHOWN:
        missing = [*missing[:SHOWN], f"and {len(missing) - SHOWN} more"]
    for what, found in (
        *((r.value, _named(findings, r)) for r in (Result.FLAGGED, Result.SILENT, Result.ACCUSED)),
        ("not tried yet", missing),
    ):
        if found:
            lines += ["", f"{what.capitalize()}: {', '.join(found)}."]
    return lines


def _named(findings: Sequence[Mapping[str, Any]], result: Result) -> list[str]:
    return [f["technique"] for f in findings if f["result"] == result.value]


def merged(commit: str, results: Sequence[Path]) -> list[dict[str, Any]]:
    """All findings of techniques that there still are, in the order of the suite."""
    known = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else []
    by_name = {finding["technique"]: finding for finding in known}
    for path in results:
        found = json.loads(path.read_text(encoding="utf-8"))["result"]
        for f in found["findings"]:
            kept = {name: f[name] for name in ("technique", "kind", "result", "said_by")}
            by_name[f["technique"]] = {**kept, "commit": commit, "level": found["level"]}
    return [by_name[t.name] for t in TECHNIQUES if t.name in by_name]


def page(text: str, findings: Sequence[Mapping[str, Any]]) -> str:
    """The page with the rendered part in its place."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{render(findings)}\n{END}{after}"


def main(commit: str = "", *results: str) -> None:
    """Take in results, and write the page."""
    findings = merged(commit, [Path(name) for name in results])
    if results:
        rows = ",\n".join(json.dumps(finding) for finding in findings)
        KEPT.write_text(f"[\n{rows}\n]\n", encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), findings), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
