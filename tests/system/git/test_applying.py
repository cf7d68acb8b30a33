"""Patches as people have them; and which hunk of one does not apply, and why."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.errors import TrialFailed
from harness.system.git.applying import apply_patch
from harness.system.git.writing import Git

TEXT = "".join(f"line {n}\n" for n in range(1, 31))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    made.mkdir()
    shell(made, "init", "--quiet")
    (made / "work.c").write_text(TEXT)
    (made / "other.c").write_text("other\n")
    shell(made, "add", "-A")
    shell(made, "-c", "user.name=T", "-c", "user.email=t@e", "commit", "--quiet", "-m", "Begin")
    return made


def shell(folder: Path, *argv: str) -> bytes:
    done = subprocess.run(["git", *argv], cwd=folder, check=True, capture_output=True)
    return done.stdout


def made(folder: Path, *options: str) -> Path:
    """A patch of two hunks, as git prints it with these options."""
    text = TEXT.replace("line 7\n", "third\n").replace("line 25\n", "")
    (folder / "work.c").write_text(text)
    patch = folder.parent / "1.patch"
    patch.write_bytes(shell(folder, "diff", *options))
    shell(folder, "checkout", "--quiet", ".")
    return patch


@pytest.mark.parametrize(
    "options", [(), ("--no-prefix",), ("--color=always",), ("--no-prefix", "--color=always")]
)
def test_patches_apply_in_every_dress(folder, options):
    apply_patch(Git(folder), made(folder, *options))
    assert "third" in (folder / "work.c").read_text()


def test_carriage_returns_that_the_files_do_not_have_are_left_away(folder):
    patch = made(folder)
    patch.write_bytes(patch.read_bytes().replace(b"\n", b"\r\n"))
    apply_patch(Git(folder), patch)
    assert b"\r" not in (folder / "work.c").read_bytes()


def test_a_patch_without_carriage_returns_fits_a_file_that_has_them(folder):
    patch = made(folder)
    (folder / "work.c").write_bytes(TEXT.replace("\n", "\r\n").encode())
    apply_patch(Git(folder), patch)
    changed = TEXT.replace("line 7\n", "third\n").replace("line 25\n", "")
    assert (folder / "work.c").read_bytes() == changed.replace("\n", "\r\n").encode()


def test_context_that_moved_is_found(folder):
    patch = made(folder)
    (folder / "work.c").write_text("new\n" * 5 + TEXT)
    apply_patch(Git(folder), patch)
    assert "third" in (folder / "work.c").read_text()


@pytest.mark.parametrize("options", [(), ("--no-prefix",)])
def test_the_hunk_that_fails_is_named_with_the_first_line_that_differs(folder, options):
    patch = made(folder, *options)
    (folder / "work.c").write_text(TEXT.replace("line 24\n", "changed\n"))
    before = (folder / "work.c").read_text()
    with pytest.raises(TrialFailed) as failed:
        apply_patch(Git(folder), patch)
    assert "work.c, hunk @@ -22,7 +22,6 @@" in failed.value.message
    assert "line 24: expected 'line 24', found 'changed'" in failed.value.message
    assert (folder / "work.c").read_text() == before


def test_a_new_file_that_is_there_already_is_not_made_elsewhere(folder):
    (folder / "fresh.c").write_text("new\n")
    shell(folder, "add", "--intent-to-add", "fresh.c")
    patch = folder.parent / "2.patch"
    patch.write_bytes(shell(folder, "diff"))
    with pytest.raises(TrialFailed, match="already exists"):
        apply_patch(Git(folder), patch)
    assert not (folder / "b").exists()


def test_what_is_no_patch_says_so(folder):
    patch = folder.parent / "3.patch"
    patch.write_text("hello\n")
    with pytest.raises(TrialFailed, match=r"3\.patch does not apply: .*[Nn]o valid patches"):
        apply_patch(Git(folder), patch)
