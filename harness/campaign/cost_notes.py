"""What a gain cost elsewhere, as notes of a log; pure."""

from __future__ import annotations

from harness.campaign.objectives import Guards
from harness.campaign.values import CaseResult
from harness.render.units import show_bytes, show_ns, show_ratio

_MEMORY_NOTE = 1.1
"""Peak memory beyond this factor of the baseline's is said."""
_BUILD_NOTE = 2.0
_CPU_NOTE = 0.9
"""A gain in CPU time below this share of the gain in wall time is said: threads are not free."""
_THREADED = 1.2
"""CPU time over wall time beyond which a program certainly used more than one core."""


def guard_notes(result: CaseResult) -> list[str]:
    """What the gain cost in memory, CPU time, build time and start-up, where that is to be said."""
    g = result.guards
    notes = [f"Guard {found}." for found in result.guarded]
    memory = _factor(g.baseline_rss_bytes, g.current_rss_bytes)
    if memory is not None and memory > _MEMORY_NOTE:
        notes.append(
            f"Peak memory {show_bytes(g.baseline_rss_bytes)} -> {show_bytes(g.current_rss_bytes)}."
        )
    notes += _cpu_note(g)
    before, after = g.baseline_build_ns, g.current_build_ns
    if before and after and after / before > _BUILD_NOTE:
        notes.append(f"Build {show_ns(before)} -> {show_ns(after)}.")
    start = _factor(g.baseline_ready_ns, g.current_ready_ns)
    if start is not None and start > _MEMORY_NOTE:
        notes.append(f"Start-up takes {start:.2f} times as long.")
    return notes


def _factor(before: float | None, after: float | None) -> float | None:
    return after / before if before and after else None


def _cpu_note(g: Guards) -> list[str]:
    """CPU time against wall time: more threads are not a free speed-up."""
    wall = _factor(g.current_wall_ns, g.baseline_wall_ns)
    cpu = _factor(g.current_cpu_ns, g.baseline_cpu_ns)
    used = _factor(g.current_wall_ns, g.current_cpu_ns)
    if wall is None or cpu is None or used is None:
        return []
    if used < _THREADED or cpu >= wall * _CPU_NOTE:
        return []
    return [
        f"Wall time {show_ratio(wall)}, CPU time {show_ratio(cpu)}: part of the gain is more"
        " cores, not less work."
    ]
