"""Draws pictures with matplotlib, as SVG or PNG; pure: bytes in memory, no file.

The colours are those of a light page. `themed` has them follow the page instead: what is written
into an HTML page names each colour by a variable of the page's style.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from typing import Any

from harness.errors import UsageError
from harness.render.drawings import Bars, Climb, Drawing, Intervals, LinePlot, Spread, Steps
from harness.render.plotting import (
    PALETTE,
    draw_bars,
    draw_climb,
    draw_intervals,
    draw_lines,
    draw_spread,
    draw_steps,
)

WIDTH_IN = 4.6
"""Inches: a picture is drawn for a column of a page, which is as wide as a telephone."""
POINTS_AN_INCH = 72

_DRAW: dict[type, Callable[[Any, Any], None]] = {
    Spread: draw_spread,
    Intervals: draw_intervals,
    LinePlot: draw_lines,
    Bars: draw_bars,
    Steps: draw_steps,
    Climb: draw_climb,
}


NO_MATPLOTLIB = "they are drawn by matplotlib, which is not installed (pip install matplotlib)"


def demand_matplotlib() -> None:
    """UsageError with what to type where matplotlib is not installed."""
    if not has_matplotlib():
        raise UsageError(
            "pictures are drawn by matplotlib, which is not installed",
            hint="pip install matplotlib; or `--format md`, which has no pictures.",
        )


def has_matplotlib() -> bool:
    """Is it installed?"""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


def as_svg(drawing: Drawing, name: str) -> str:
    """A drawing as an SVG document; `name` keeps its ids apart from those of another one."""
    return _drawn(drawing, name, "svg").decode()


def as_png(drawing: Drawing) -> bytes:
    """A drawing as a PNG picture."""
    return _drawn(drawing, "", "png")


def _rows_of(drawing: Drawing) -> int:
    if isinstance(drawing, Spread):
        return len(drawing.groups)
    if isinstance(drawing, Bars):
        return len(drawing.rows) * len(drawing.sides) // 2 + 1
    return len(drawing.rows) if isinstance(drawing, Intervals) else 0


def _height_in(drawing: Drawing) -> float:
    rows = _rows_of(drawing)
    return min(9.0, 0.95 + 0.36 * rows) if rows else 2.9


def _drawn(drawing: Drawing, name: str, kind: str) -> bytes:
    demand_matplotlib()
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    style: Any = {
        "font.family": "sans-serif",
        "font.size": 9,
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": PALETTE["faint"],
        "axes.labelcolor": PALETTE["muted"],
        "axes.labelsize": 8.5,
        "text.color": PALETTE["ink"],
        "xtick.color": PALETTE["faint"],
        "ytick.color": PALETTE["faint"],
        "xtick.labelcolor": PALETTE["muted"],
        "ytick.labelcolor": PALETTE["ink"],
        "text.parse_math": False,  # a name may have dollars in it
    }
    with warnings.catch_warnings(), rc_context(style):
        warnings.simplefilter("ignore")  # a letter that the font lacks is drawn as a box
        figure = Figure(figsize=(WIDTH_IN, _height_in(drawing)), layout="constrained")
        _DRAW[type(drawing)](figure.add_subplot(), drawing)
        out = io.BytesIO()
        if kind == "svg":
            figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
        else:
            figure.savefig(out, format=kind, dpi=200, facecolor=PALETTE["paper"])
    return out.getvalue()


_HEAD = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_ASIDE = re.compile(r"<metadata>.*?</metadata>|<style.*?</style>", re.DOTALL)
_ID = re.compile(r'\bid="([^"]+)"')
_POINTER = re.compile(r'(url\(#|xlink:href="#)')


def themed(svg: str, name: str) -> str:
    """An SVG document as a part of a page: colours by the page's style, ids that are its own."""
    text = _ASIDE.sub("", _HEAD.sub("", svg, count=1))
    text = _ID.sub(lambda found: f'id="{name}-{found[1]}"', text)
    text = _POINTER.sub(lambda found: f"{found[1]}{name}-", text)
    text = text.replace(' width="', ' data-width="', 1).replace(' height="', ' data-height="', 1)
    for role, colour in PALETTE.items():
        text = re.sub(f"(?<=[: ]){colour}\\b", f"var(--{role})", text, flags=re.IGNORECASE)
    return text.strip()
