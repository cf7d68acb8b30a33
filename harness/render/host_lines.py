"""A comparison over several hosts, in words; pure."""

from __future__ import annotations

from collections import Counter

from harness.model.across_hosts import ENOUGH_HOSTS, AcrossHosts, OverKind
from harness.render.tables import layout
from harness.render.units import show_confidence, show_speed_up


def host_lines(found: AcrossHosts) -> list[str]:
    """How many hosts say what, what each kind of host does, and the table of all of them."""
    said = Counter(each.comparison.verdict.value for each in found.hosts)
    many = len(found.hosts)
    counted = ", ".join(f"{word} on {count} of {many}" for word, count in said.most_common())
    where = f" ({found.task} {found.case})" if found.task else ""
    lines = [f"{found.candidate} against {found.reference}{where}: {counted}"]
    lines += [f"  {_of_kind(kind)}" for kind in found.kinds]
    if len(found.kinds) > 1:
        lines.append("  kinds of host are judged each by itself")
    rows = [
        [each.host, show_speed_up(each.comparison.ratio), each.comparison.verdict.value, each.kind]
        for each in found.hosts
    ]
    return [*lines, "", layout(["host", "speed-up", "verdict", "CPU"], rows)]


def _of_kind(kind: OverKind) -> str:
    name = kind.kind or "hosts of an unknown kind"
    if kind.ratio is None:
        return f"{name}: {kind.hosts} host{'s' * (kind.hosts > 1)}; nothing is said of others"
    sure = show_confidence(kind.ratio.confidence)
    said = f"{name}: {show_speed_up(kind.ratio)} over {kind.hosts} hosts ({sure} interval)"
    if kind.enough:
        said += f"; hosts not seen: {kind.verdict.value}"
    else:
        said += f"; for hosts not seen {ENOUGH_HOSTS} of a kind are needed"
    if kind.differ is None:
        return said
    alike = "the hosts differ" if kind.heterogeneous else "no sign that the hosts differ"
    return f"{said}; {alike} (Cochran's Q, p = {kind.differ:.2g})"
