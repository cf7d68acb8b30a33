"""Pages as a browser without a window shows them."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WIDTHS = (400, 1400)
DARK = ("--blink-settings=preferredColorScheme=0",)

needs_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: make tools")


def probed(frames: str, probe: str, folder: Path, *options: str) -> list[dict[str, Any]]:
    """What a script finds in frames, which it writes as JSON into the page's `pre`.

    Fails for a word on the console.
    """
    head = '<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
    page = folder / "probe.html"
    page.write_text(f"{head}<pre></pre>{frames}<script>{probe}</script>", encoding="utf-8")
    done = subprocess.run(
        [
            *(str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *("--disable-dev-shm-usage", "--enable-logging=stderr"),
            *(f"--user-data-dir={folder / 'browser'}", *options, page.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    words = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not words, words
    said = re.search(r"<pre>(.*?)</pre>", done.stdout, re.DOTALL)
    assert said is not None
    found: list[dict[str, Any]] = json.loads(html.unescape(said[1]))
    return found


def is_light(colour: str) -> bool:
    """Is a colour, as `rgb(...)`, the paper of a light theme?"""
    return min(map(int, re.findall(r"\d+", colour)[:3])) > 128
