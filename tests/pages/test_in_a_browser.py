"""The page as a browser shows it: both themes, narrow and wide, without errors and overlaps."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pytest

import harness
from harness.running.sweeping import SWEEP_NAME
from tests.pages.browser import DARK, WIDTHS, is_light, needs_a_browser, probed
from tests.pages.test_report import SCRIPT, recorded

pytestmark = needs_a_browser

PROBE = """
const luminance = c => {
  const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255).map(
    v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
};
const look = view => {
  const page = view.contentDocument, root = page.documentElement;
  const paper = view.contentWindow.getComputedStyle(page.body).backgroundColor;
  const overlaps = [], faint = [], small = [];
  for (const svg of page.querySelectorAll("svg")) {
    const texts = [...svg.querySelectorAll("text")];
    const boxes = texts.map(t => t.getBoundingClientRect());
    const edge = svg.getBoundingClientRect();
    texts.forEach((text, i) => {
      const b = boxes[i];
      if (b.left < edge.left - 2 || b.right > edge.right + 2)
        overlaps.push([text.textContent, "the edge"]);
      if (b.height < 7) small.push(text.textContent);
      for (let j = i + 1; j < boxes.length; j++) {
        const o = boxes[j];
        const wide = Math.min(b.right, o.right) - Math.max(b.left, o.left);
        const high = Math.min(b.bottom, o.bottom) - Math.max(b.top, o.top);
        if (wide > 1 && high > 2) overlaps.push([text.textContent, texts[j].textContent]);
      }
    });
  }
  for (const e of page.querySelectorAll("h1,h2,p,li,th,td,figcaption,summary,footer,svg text")) {
    const style = view.contentWindow.getComputedStyle(e);
    const colour = e.namespaceURI.endsWith("svg") ? style.fill : style.color;
    if (contrast(colour, paper) < 4.5) faint.push(e.textContent.slice(0, 40));
  }
  const button = page.querySelector("thead th:last-child button");
  const first = () => page.querySelector("tbody th").textContent;
  const names = [];
  page.querySelector("thead th button").click(); names.push(first());
  page.querySelector("thead th button").click(); names.push(first());
  return {paper, overlaps, faint, small, names, sortable: !!button,
    overflow: root.scrollWidth - root.clientWidth};
};
addEventListener("load", () => {
  const found = [...document.querySelectorAll("iframe")].map(look);
  document.querySelector("pre").textContent = JSON.stringify(found);
});
"""


def looked_at(page: str, folder: Path, *options: str) -> list[dict]:
    """What the probe finds in the page at each width; fails for a word on the console."""
    frames = "".join(
        f'<iframe style="border:0" width="{width}" height="900" srcdoc="{html.escape(page)}">'
        "</iframe>"
        for width in WIDTHS
    )
    found = probed(frames, PROBE, folder, *options)
    assert len(found) == len(WIDTHS)
    return found


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, str]:
    """A run with awkward names and many trials, a campaign, a sweep, and a history."""
    from tests.pages.conftest import Asked, write_run
    from tests.running.test_sweep_results import CROSSING

    speeds = {"old": 2e6, SCRIPT: 1e6, "a-target-with-a-name-that-is-far-too-long-for-an-axis": 9e8}
    cases = {f"n{n}": {"n": n} for n in (1000, 3000, 9000)}
    asked = Asked(speeds=speeds, cases=cases, blocks=150)
    folder = write_run(tmp_path_factory.mktemp("results") / "r1", asked)
    sizes = {f"c (n={n})": {"n": n} for n in (10, 100, 1000, 10000)}
    asked = Asked(speeds={"a": 2e6, "b": 1e6}, cases=sizes, blocks=6, task="t")
    swept = write_run(tmp_path_factory.mktemp("swept") / "r1", asked)
    (swept / SWEEP_NAME).write_text(json.dumps(CROSSING.document()), encoding="utf-8")
    history = tmp_path_factory.mktemp("history")
    for number in range(10):
        commit = {"digest": str(number) * 40, "made_at_ns": number * 10**14, "changed": False}
        speeds = {"old": 1e6 if number < 6 else 1.3e6, SCRIPT: 5e8}
        write_run(history / f"r{number}", Asked(speeds=speeds, blocks=6, commit=commit))
    harness.trends(results=history, path=history / "page.html")
    return {
        "run": harness.report(folder).html(),
        "campaign": harness.report("nbody-c", config=recorded()).html(),
        "sweep": harness.report(swept).html(),
        "history": (history / "page.html").read_text(encoding="utf-8"),
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["run", "campaign", "sweep", "history"])
def test_it_is_readable(pages, tmp_path, name, theme):
    for width, found in zip(
        WIDTHS, looked_at(pages[name], tmp_path, *(DARK if theme == "dark" else ())), strict=True
    ):
        where = f"{name}, {theme}, {width} px"
        assert found["overflow"] <= 0, where
        assert found["overlaps"] == [], where
        assert found["faint"] == [], where
        assert found["small"] == [], where
        assert found["sortable"], where
        assert len(set(found["names"])) == 2, where
        assert is_light(found["paper"]) is (theme == "light"), where


def test_the_probe_sees_what_is_wrong(tmp_path):
    """A check that cannot fail protects nothing."""
    bad = (
        "<!doctype html><style>body{background:#fff}p{color:#ddd;width:2000px}</style><p>faint</p>"
        "<svg><text x=10 y=20>one</text><text x=12 y=22>other</text></svg>"
        "<table><thead><tr><th><button>a</button></th></tr></thead><tbody><tr><th>x</th></tr></tbody>"
        "</table>"
    )
    narrow, _ = looked_at(bad, tmp_path)
    assert narrow["overflow"] > 0
    assert narrow["overlaps"] == [["one", "other"]]
    assert narrow["faint"] == ["faint"]
    with pytest.raises(AssertionError, match="CONSOLE"):
        looked_at(bad + "<script>undefined_name()</script>", tmp_path)
