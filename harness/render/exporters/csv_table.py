"""CSV for programs: one row per target, plain numbers with their units in the headers.

An empty cell stands for what is not known.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.hookspecs import hookimpl
from harness.model import Estimate, Run
from harness.render.tables import layout, output_word, show_options

_NUMBERS = (
    *("task", "case", "target", "language", "mode", "wall_ns", "wall_low_ns", "wall_high_ns"),
    *("cpu_ns", "cpu_low_ns", "cpu_high_ns", "start_up_ns", "first_call_ns", "peak_memory_bytes"),
    *("trials", "speed_up", "speed_up_low", "speed_up_high", "metric", "verdict", "output"),
    *("toolchain", "options", "build_ns"),
)


@hookimpl
def harness_suffix() -> str:
    return ".csv"


@hookimpl
def harness_export(run: Run, failures: Mapping[tuple[str, str, str], str]) -> str:
    relative = {c.key: c for c in run.comparisons}
    rows = []
    for m in run.measurements:
        c = relative.get(m.key)
        ratio = c.ratio if c else None
        single = [e.point if e else None for e in (m.ready_ns, m.first_call_ns)]
        rows.append(
            [
                *(*m.key, m.language, m.mode.value),
                *(_number(v) for e in (m.wall_ns, m.cpu_ns) for v in _ends(e)),
                *(_number(v) for v in (*single, m.max_rss_bytes, m.trials, *_ends(ratio))),
                *((c.metric.value, c.verdict.value) if c else ("", "")),
                *(output_word(m, failures), m.toolchain, show_options(m), _number(m.build_ns)),
            ]
        )
    return layout(_NUMBERS, rows, "csv")


def _ends(estimate: Estimate | None) -> tuple[float | None, float | None, float | None]:
    return (estimate.point, estimate.low, estimate.high) if estimate else (None, None, None)


def _number(value: float | None) -> str:
    """A number as a program reads it: six digits, whole ones as they are; empty: not known."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.6g}".replace("e+", "e")
