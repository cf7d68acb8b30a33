"""The text of the lines that a profile points at."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.model import HotSpot, Profile, ProfileBy
from harness.profiling.sources import with_sources


def sources(root: Path, file: str, line: int | None, by: ProfileBy = ProfileBy.LINE) -> str:
    spot = HotSpot(1.0, 1.0, 1.0, function="f", file=file, line=line)
    profile = with_sources(Profile("perf", by, "samples", 1.0, (spot,)), root)
    return profile.spots[0].source


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.c").write_bytes(b"int f(void)\n{  \n    return 1; // \xff\n}\n")
    return tmp_path


def test_a_line_s_text_comes_without_its_indentation(root: Path) -> None:
    assert sources(root, "a.c", 3) == "return 1; // \ufffd"
    assert sources(root, str(root / "a.c"), 1) == "int f(void)"


@pytest.mark.parametrize(("file", "line"), [("a.c", 9), ("a.c", None), ("b.c", 1), ("", 1)])
def test_what_cannot_be_read_has_no_text(root: Path, file: str, line: int | None) -> None:
    assert sources(root, file, line) == ""


def test_functions_have_no_text(root: Path) -> None:
    assert sources(root, "a.c", 3, ProfileBy.FUNCTION) == ""
