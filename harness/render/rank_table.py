"""The ranks of targets as a table, and where they ran; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from harness.model import Measurement
from harness.model.of_ranks import RankFigure, RanksFound
from harness.render.tables import layout
from harness.render.units import show_bytes, show_ns

HEADERS = ("target", "case", "ranks", "figure", "most", "mean", "most / mean")
MOST_BINDINGS = 8


def rank_rows(measurements: Sequence[Measurement]) -> list[tuple[str, ...]]:
    """A row for each figure of each target that runs in ranks."""
    return [
        (m.target, m.case, str(m.ranks.ranks), _name(figure), *_values(figure))
        for m in measurements
        if m.ranks is not None
        for figure in m.ranks.figures
        if figure.name not in ("user", "system")
    ]


def _name(figure: RankFigure) -> str:
    words = {"wall": "wall time", "cpu": "CPU time"}
    return f"phase {figure.name}" if figure.phase else words.get(figure.name, figure.name)


def _values(figure: RankFigure) -> tuple[str, str, str]:
    show = show_bytes if figure.unit == "bytes" else show_ns
    shown = "-" if figure.imbalance is None else f"{figure.imbalance:.2f}"
    return show(round(figure.maximum)), show(round(figure.mean)), shown


def rank_table(measurements: Sequence[Measurement], style: str = "plain") -> str:
    """What each rank takes, at most and on average; the empty string where no target has ranks."""
    rows = rank_rows(measurements)
    if not rows:
        return ""
    several = len({row[1] for row in rows}) > 1
    kept = [at for at in range(len(HEADERS)) if several or HEADERS[at] != "case"]
    table = layout([HEADERS[at] for at in kept], [[row[at] for at in kept] for row in rows], style)
    if style == "csv":
        return table
    return "\n".join([table, *bindings(measurements)])


def bindings(measurements: Sequence[Measurement]) -> list[str]:
    """A line for each target with ranks: on which hosts and CPUs they were allowed to run."""
    several = len({(m.task, m.case) for m in measurements}) > 1
    lines: dict[str, None] = {}
    for m in measurements:
        if m.ranks is not None:
            case = f" on {m.case}" if several else ""
            lines.setdefault(f"{m.target}{case}: {_binding(m.ranks)}")
    return list(lines)


def _binding(found: RanksFound) -> str:
    on_host = Counter(b.host for b in found.bindings)
    places = [
        f"{count} on {host or 'an unknown host'}"
        for host, count in sorted(on_host.items(), key=str)
    ]
    count = f"{found.ranks} rank{'s' * (found.ranks != 1)}"
    words = f"{count}, {', '.join(places)}" if len(places) > 1 else f"{count} on {_only(places)}"
    alike = {b.cpus for b in found.bindings}
    if len(alike) == 1:
        (cpus,) = alike
        return f"{words}, each on CPUs {cpus}" if cpus else words
    shown = [
        f"{b.cpus or 'unknown'} ({'a rank' if b.rank is None else f'rank {b.rank}'})"
        for b in found.bindings[:MOST_BINDINGS]
    ]
    more = ", ..." if found.ranks > MOST_BINDINGS else ""
    return f"{words}, on CPUs {', '.join(shown)}{more}"


def _only(places: Sequence[str]) -> str:
    return places[0].partition(" on ")[2] if places else "an unknown host"
