"""What the operating system refused, as a line for people."""

from __future__ import annotations

import errno
import os
import shutil

import pytest

from harness.system.process.os_words import os_words, shown_path


def test_a_path_that_is_too_long_is_shown_short_with_what_to_do():
    path = "/start/" + "d" * 5000 + "/end.txt"
    said = os_words(OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), path))
    assert said.startswith("File name too long: /start/ddd")
    assert "/end.txt (a path has 4,095 bytes at most" in said
    assert len(said) < 400


def test_of_a_tree_that_cannot_be_copied_the_first_file_is_named():
    one = ("/a/b", "/c/b", "[Errno 36] File name too long: '/a/b'")
    said = os_words(shutil.Error([one, one, one]))
    assert said.startswith("File name too long: /a/b (a path has")
    assert said.endswith("; and 2 more like it")


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOENT])
def test_no_number_of_the_system_is_shown(number):
    said = os_words(OSError(number, os.strerror(number), "/x"))
    assert "Errno" not in said
    assert said.startswith(f"{os.strerror(number)}: /x")


def test_an_error_without_a_path_is_its_words():
    assert os_words(OSError("no such thing")) == "no such thing"
    assert shown_path(b"/a\xff") == os.fsdecode(b"/a\xff")
