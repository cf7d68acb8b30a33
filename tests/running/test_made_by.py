"""Which compilers a program itself names."""

import subprocess

import pytest

from harness.running.made_by import makers_of


def compiled(folder, *words):
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    return makers_of(folder / "program")


@pytest.mark.needs("gcc")
def test_gcc_names_itself_once(tmp_path):
    (tmp_path / "program.c").write_text("int main(void) { return 0; }\n")
    (maker,) = compiled(tmp_path, "gcc", "program.c", "-o", "program")
    assert maker.startswith("GCC: (")


@pytest.mark.needs("rustc")
def test_a_rust_program_names_rustc_and_not_the_compiler_of_the_c_library(tmp_path):
    (tmp_path / "program.rs").write_text("fn main() {}\n")
    makers = compiled(tmp_path, "rustc", "program.rs", "-o", "program")
    assert any(maker.startswith("rustc version 1.") for maker in makers)
    assert not any(maker.startswith("GCC") for maker in makers)


@pytest.mark.parametrize(
    "content",
    [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\x02\x01" + b"\xff" * 200, b"\x7fELF\x01\x01\x01"],
)
def test_what_is_no_program_names_nobody(tmp_path, content):
    (tmp_path / "program").write_bytes(content)
    assert makers_of(tmp_path / "program") == ()


def test_a_program_that_is_not_there_names_nobody(tmp_path):
    assert makers_of(tmp_path / "program") == ()


@pytest.mark.needs("gcc")
def test_a_damaged_program_raises_nothing(tmp_path):
    (tmp_path / "program.c").write_text("int main(void) { return 0; }\n")
    compiled(tmp_path, "gcc", "program.c", "-o", "program")
    whole = (tmp_path / "program").read_bytes()
    for length in (63, 64, 100, len(whole) // 2, len(whole) - 10):
        (tmp_path / "program").write_bytes(whole[:length])
        assert makers_of(tmp_path / "program") == ()
