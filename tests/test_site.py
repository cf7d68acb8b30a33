"""The site of docs/: it builds without a warning, needs nothing from elsewhere, fits a phone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.pages.browser import DARK, WIDTHS, is_light, needs_a_browser, probed

ROOT = Path(__file__).parents[1]
LOOKED_AT = ("index", "cli", "configuration", "languages", "tutorial")

pytestmark = pytest.mark.skipif(find_spec("material") is None, reason="no mkdocs-material here")

PROBE = """
addEventListener("load", () => setTimeout(() => {
  const found = [...document.querySelectorAll("iframe")].map(view => {
    const root = view.contentDocument.documentElement;
    const paper = view.contentWindow.getComputedStyle(view.contentDocument.body).backgroundColor;
    return {page: view.name, width: view.width, paper,
      overflow: root.scrollWidth - root.clientWidth};
  });
  document.querySelector("pre").textContent = JSON.stringify(found);
}, 1000));
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a link that leads nowhere, and a page in no menu, fail the build."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "http_proxy": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_there(site: Path) -> None:
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")}
    assert pages <= {page.stem for page in site.glob("*.html")}


def test_every_block_of_code_is_one(site: Path) -> None:
    """A fence with words that the site's Markdown does not know is text with headings in it."""
    assert [page.name for page in site.glob("*.html") if "```" in page.read_text()] == []


def test_each_page_stands_once_in_the_menu() -> None:
    pages = re.findall(r"^ +- .*: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert len(pages) == len(set(pages))


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    loaded = re.compile(r'<(?:script|link|img|iframe)\b[^>]*(?:src|href)="(https?:[^"]*)"')
    from_elsewhere = {
        address
        for page in site.glob("*.html")
        for address in loaded.findall(page.read_text(encoding="utf-8"))
    }
    assert from_elsewhere == set()


def test_links_out_of_the_pages_are_named(site: Path) -> None:
    assert not [page.name for page in site.glob("*.html") if 'href="../' in page.read_text()]
    assert "examples/ci/github.yml" in (site / "ci.html").read_text()


@needs_a_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_fit_a_phone_and_a_desk(site: Path, tmp_path: Path, theme: str) -> None:
    frames = "".join(
        f'<iframe name="{page}" width="{width}" height="900" src="{(site / page).as_uri()}.html">'
        "</iframe>"
        for page in LOOKED_AT
        for width in WIDTHS
    )
    options = ("--allow-file-access-from-files", "--virtual-time-budget=20000")
    found = probed(frames, PROBE, tmp_path, *options, *(DARK if theme == "dark" else ()))
    assert len(found) == len(LOOKED_AT) * len(WIDTHS)
    assert [view for view in found if view["overflow"] > 0] == []
    for view in found:
        assert is_light(view["paper"]) is (theme == "light"), view
