"""`make release`: which version, which notes, which wheels are tried here."""

from __future__ import annotations

import importlib.util
import platform
from importlib.metadata import version
from pathlib import Path

import pytest

from harness import __version__

ROOT = Path(__file__).parents[1]

spec = importlib.util.spec_from_file_location("release", ROOT / "scripts/release.py")
assert spec is not None
assert spec.loader is not None
release = importlib.util.module_from_spec(spec)
spec.loader.exec_module(release)

CHANGELOG = """# Changelog

## Unreleased

- what comes

## 0.2.0 (2026-11-27)

- what came

## 0.1.0

- the first
"""


def test_the_version_lives_in_one_place():
    assert release.version_of((ROOT / "harness/__init__.py").read_text()) == __version__
    assert version("optim-harness") == __version__
    assert f'"{__version__}"' not in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    ("wanted", "notes"),
    [("0.2.0", "- what came\n"), ("0.1.0", "- the first\n"), ("0.3.0", "- what comes\n")],
)
def test_the_notes_are_the_section_of_the_version_or_what_is_unreleased(wanted: str, notes: str):
    assert release.notes_of(CHANGELOG, wanted) == notes


def test_a_changelog_without_a_word_stops_the_release():
    with pytest.raises(SystemExit, match=r"says nothing below '## 0\.2\.0' or '## Unreleased'"):
        release.notes_of("# Changelog\n\n## Unreleased\n\n## 0.1.0\n\n- the first\n", "0.2.0")


def test_the_changelog_of_this_tree_has_notes():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert release.notes_of(text, __version__).strip()


@pytest.mark.parametrize(
    ("wheel", "tried"),
    [
        ("optim_harness-1-py3-none-any.whl", True),
        (f"optim_harness-1-py3-none-manylinux_2_17_{platform.machine()}.whl", True),
        ("optim_harness-1-py3-none-manylinux_2_17_riscv64.whl", False),
    ],
)
def test_a_wheel_is_tried_where_its_tag_names_this_machine(wheel: str, tried: bool):
    assert release.is_for_here(wheel) is tried
