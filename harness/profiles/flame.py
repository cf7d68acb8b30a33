"""A flame graph as one SVG file: no network, readable without scripts, zoom and search with; pure.

The graph of Brendan Gregg (CACM 59(6), 2016): a box a frame, as wide as its share of all weight,
upon the box of its caller; siblings in alphabetical order, so that equal stacks lie together.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import field
from html import escape

from harness.frozen import dataclass
from harness.model import Frame, Profile, Stack
from harness.profiles.exports import by_function

WIDTH = 1200.0
ROW = 17
MARGIN = 10
TOP = 62
BOTTOM = 34
CHARACTER = 6.7
ALL = Frame("all")
NARROWEST = 0.3
"""Boxes below this many pixels are left out: they cannot be seen, and the file stays small."""


@dataclass(slots=True)
class _Node:
    weight: float = 0.0
    children: dict[Frame, _Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Box:
    frame: Frame
    left: float
    """Share of the weight to the left, 0 to 1."""
    share: float
    own: float
    depth: int
    weight: float


def flame_graph(profile: Profile, title: str, note: str = "") -> str:
    """The SVG document; the empty string for a profile without stacks."""
    if not profile.stacks:
        return ""
    root = _tree(by_function(profile.stacks))
    total = sum(profile.stacks.values())
    boxes = [_Box(ALL, 0.0, 1.0, 0.0, 0, total), *_boxes(root, total, 0.0, 1)]
    shown = [box for box in boxes if box.share * (WIDTH - 2 * MARGIN) >= NARROWEST]
    depth = max(box.depth for box in shown) + 1
    height = TOP + depth * ROW + BOTTOM
    body = "\n".join(_draw(box, depth, profile.unit) for box in shown)
    return _DOCUMENT.format(
        width=round(WIDTH),
        height=height,
        title=escape(title),
        note=escape(note or f"{profile.stacks_by or profile.tool}, {_amount(total, profile.unit)}"),
        body=body,
        details=height - 12,
        right=round(WIDTH - MARGIN),
        middle=round(WIDTH / 2),
        margin=MARGIN,
        inner=WIDTH - 2 * MARGIN,
        character=CHARACTER,
        script=_SCRIPT,
    )


def _tree(stacks: Mapping[Stack, float]) -> _Node:
    root = _Node()
    for stack, weight in stacks.items():
        root.weight += weight
        node = root
        for frame in stack:
            node = node.children.setdefault(frame, _Node())
            node.weight += weight
    return root


def _boxes(node: _Node, total: float, left: float, depth: int) -> Iterator[_Box]:
    """Depth first with a stack of our own: recursion may be deeper than Python's."""
    waiting = [(node, left, depth)]
    while waiting:
        parent, at, level = waiting.pop()
        for frame, child in sorted(parent.children.items(), key=lambda item: item[0].label):
            share = child.weight / total
            inner = sum(grandchild.weight for grandchild in child.children.values())
            own = (child.weight - inner) / total
            yield _Box(frame, at, share, own, level, child.weight)
            waiting.append((child, at, level + 1))
            at += share


def _draw(box: _Box, depth: int, unit: str) -> str:
    inner = WIDTH - 2 * MARGIN
    x, width = MARGIN + box.left * inner, box.share * inner
    y = TOP + (depth - 1 - box.depth) * ROW
    label = box.frame.label
    words = f"{label}: {box.share:.1%} in all, {box.own:.1%} itself, {_amount(box.weight, unit)}"
    text = escape(fit_label(label, width))
    return (
        f'<g data-l="{box.left:.6f}" data-s="{box.share:.6f}" data-n="{escape(label)}">'
        f"<title>{escape(words)}</title>"
        f'<rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{ROW - 1}"'
        f' fill="{colour(box.frame)}"/><text x="{x + 3:.2f}" y="{y + 12}">{text}</text></g>'
    )


def fit_label(label: str, width: float) -> str:
    """Cut a label to what fits into `width` pixels."""
    room = int((width - 6) / CHARACTER)
    if len(label) <= room:
        return label
    return f"{label[: room - 2]}.." if room >= 4 else ""


def colour(frame: Frame) -> str:
    """Warm for the target's own code, blue for libraries; the same name, the same shade."""
    # Not hash(), which differs between processes: one profile has to give one picture.
    draw = zlib.crc32(frame.function.encode())
    shade, tint = draw % 50, draw // 64 % 60
    if frame == ALL:
        return "rgb(222,216,204)"
    if frame.native:
        return f"rgb({100 + tint},{150 + shade},{205 + shade})"
    return f"rgb({205 + shade},{90 + shade + tint},{50 + tint})"


def _amount(weight: float, unit: str) -> str:
    if unit == "ns":
        return f"{weight / 1e6:.1f} ms"
    return f"{weight:,.0f} {unit}".replace(",", " ")


_DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" data-margin="{margin}" data-inner="{inner}" \
data-character="{character}">
<style>
text {{ font: 11px ui-monospace, Menlo, Consolas, monospace; fill: #222 }}
g > rect {{ stroke: #fff; stroke-width: 0.5; rx: 1 }}
g:hover > rect {{ stroke: #222 }}
g[data-n] {{ cursor: pointer }}
.hit > rect {{ fill: #d33cd3 }}
.faded > rect {{ opacity: 0.45 }}
#reset, #search {{ cursor: pointer; fill: #1a5fb4 }}
</style>
<rect width="100%" height="100%" fill="#fbfaf7"/>
<text x="{middle}" y="24" text-anchor="middle" style="font-size:16px">{title}</text>
<text x="{middle}" y="42" text-anchor="middle" style="fill:#666">{note}</text>
<text id="reset" x="{margin}" y="24" visibility="hidden">reset zoom</text>
<text id="search" x="{right}" y="24" text-anchor="end">search</text>
<text id="found" x="{right}" y="42" text-anchor="end"></text>
<text id="details" x="{margin}" y="{details}"></text>
{body}
<script><![CDATA[
{script}
]]></script>
</svg>
"""

_SCRIPT = """(function () {
  "use strict";
  var svg = document.documentElement;
  var margin = +svg.dataset.margin, inner = +svg.dataset.inner;
  var character = +svg.dataset.character;
  var boxes = Array.prototype.slice.call(document.querySelectorAll("g[data-n]"));
  var details = document.getElementById("details"), reset = document.getElementById("reset");
  var found = document.getElementById("found");

  function zoom(left, share) {
    boxes.forEach(function (box) {
      var l = +box.dataset.l, s = +box.dataset.s;
      var from = Math.max(0, (l - left) / share), to = Math.min(1, (l + s - left) / share);
      var visible = (to - from) * inner >= 0.3;
      box.style.display = visible ? "" : "none";
      if (!visible) return;
      var x = margin + from * inner, width = (to - from) * inner;
      var rect = box.querySelector("rect"), text = box.querySelector("text");
      rect.setAttribute("x", x);
      rect.setAttribute("width", width);
      text.setAttribute("x", x + 3);
      var name = box.dataset.n, room = Math.floor((width - 6) / character);
      if (name.length > room) name = room >= 4 ? name.slice(0, room - 2) + ".." : "";
      text.textContent = name;
      box.classList.toggle("faded", s > share + 1e-9);
    });
    reset.setAttribute("visibility", share < 1 ? "visible" : "hidden");
  }

  function search() {
    var word = window.prompt("Functions that contain (a regular expression):", "");
    if (word === null) return;
    var pattern = null;
    try {
      pattern = word ? new RegExp(word) : null;
    } catch (bad) {
      found.textContent = String(bad);
      return;
    }
    var covered = [];
    boxes.forEach(function (box) {
      var hit = pattern !== null && pattern.test(box.dataset.n);
      box.classList.toggle("hit", hit);
      if (hit) covered.push([+box.dataset.l, +box.dataset.l + +box.dataset.s]);
    });
    covered.sort(function (a, b) { return a[0] - b[0]; });
    var end = 0, sum = 0;
    covered.forEach(function (part) {
      if (part[1] > end) { sum += part[1] - Math.max(end, part[0]); end = part[1]; }
    });
    found.textContent = pattern ? "matched: " + (100 * sum).toFixed(1) + " %" : "";
  }

  boxes.forEach(function (box) {
    box.addEventListener("mouseover", function () {
      details.textContent = box.querySelector("title").textContent;
    });
    box.addEventListener("mouseout", function () { details.textContent = ""; });
    box.addEventListener("click", function () { zoom(+box.dataset.l, +box.dataset.s); });
  });
  reset.addEventListener("click", function () { zoom(0, 1); });
  document.getElementById("search").addEventListener("click", search);
  window.addEventListener("keydown", function (event) {
    if ((event.ctrlKey || event.metaKey) && event.key === "f") { event.preventDefault(); search(); }
    if (event.key === "Escape") zoom(0, 1);
  });
})();"""
