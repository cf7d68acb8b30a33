"""Programs without what only debuggers read."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from harness.system.process.stripped import stripped_digest
from harness.system.process.trees import file_digest

pytestmark = pytest.mark.skipif(
    shutil.which("cc") is None or shutil.which("objcopy") is None, reason="no binutils here"
)

PLAIN = "int main(void) { return 0; }\n"
NAMED = "#include <stdio.h>\nint main(void) { puts(__FILE__); return 0; }\n"


def built(folder: Path, text: str) -> Path:
    """A program with debug information, compiled in the folder by its absolute path."""
    folder.mkdir()
    source = folder / "main.c"
    source.write_text(text)
    subprocess.run(["cc", "-g", "-o", folder / "main", source], check=True, cwd=folder)
    return folder / "main"


def test_the_folder_and_a_comment_make_no_other_program(tmp_path: Path) -> None:
    one, other = built(tmp_path / "a", PLAIN), built(tmp_path / "bb", f"{PLAIN}/* more */\n")
    assert file_digest(one) != file_digest(other)
    assert stripped_digest(one) == stripped_digest(other)


def test_a_path_that_is_read_at_run_time_and_other_code_do(tmp_path: Path) -> None:
    one, other = built(tmp_path / "a", NAMED), built(tmp_path / "b", NAMED)
    assert stripped_digest(one) != stripped_digest(other)
    changed = built(tmp_path / "c", PLAIN.replace("0", "1"))
    assert stripped_digest(built(tmp_path / "d", PLAIN)) != stripped_digest(changed)


def test_what_is_no_program_is_compared_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_text("#!/bin/sh\n")
    assert stripped_digest(path) == file_digest(path)
