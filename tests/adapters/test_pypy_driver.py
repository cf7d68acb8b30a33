"""Python's steady driver on an interpreter that cannot say where it may run, as PyPy's."""

import os

import pytest

from harness_python import driver


def test_words_are_heard_where_no_cpu_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.delattr(os, "sched_setaffinity")
    read, write = os.pipe()
    try:
        os.write(write, b"\x07")
        assert driver.next_word(read, lambda: 0) == 7
    finally:
        os.close(write)
    assert driver.next_word(read, lambda: 0) == driver.FINISH
    os.close(read)
