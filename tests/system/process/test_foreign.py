"""Programs of other machines, and libraries that are not found, are named with what to do."""

import shutil
from pathlib import Path

import pytest

from harness.system.process.foreign import missing_library, other_machine


def test_a_program_of_another_machine_is_told_from_its_header(tmp_path: Path):
    program = tmp_path / "app"
    shutil.copyfile("/bin/true", program)
    with program.open("r+b") as file:
        file.seek(18)
        file.write((183).to_bytes(2, "little"))
    assert "it is a program for AArch64, and this machine is" in other_machine(str(program))
    with program.open("r+b") as file:
        file.seek(5)
        file.write(b"\2")
    assert "machine number 46848" in other_machine(str(program))


@pytest.mark.parametrize("content", [b"", b"echo hi\n", b"\x7fELF"])
def test_what_is_no_program_of_any_machine_is_left_to_the_general_words(tmp_path, content):
    path = tmp_path / "app"
    path.write_bytes(content)
    assert other_machine(str(path)) == ""
    assert other_machine(str(tmp_path / "gone")) == ""


def test_a_missing_library_is_named_by_the_loader_s_words():
    said = (
        "/x/app: error while loading shared libraries: libf.so.2: cannot open shared object file:"
        " No such file or directory"
    )
    assert missing_library(said).startswith("the loader does not find libf.so.2: name its folder")
    assert "LD_LIBRARY_PATH" in missing_library(said)
    assert missing_library("libf.so: cannot open") == ""
