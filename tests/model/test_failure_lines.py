"""Which lines of a failure's words are shown."""

from __future__ import annotations

import pytest

from harness.model.failure_lines import telling_lines

FRAMES = [f" [{n}] frame" for n in range(12)]


@pytest.mark.parametrize(
    "reason",
    [
        "ERROR: LoadError: UndefVarError: `x` not defined",
        "a.c:3:5: error: expected ';'",
        "thread 'main' panicked at src/main.rs:2",
        "ValueError: no such galaxy",
        "java.lang.IllegalStateException: closed",
    ],
)
def test_the_first_error_line_is_kept_above_the_last_ones(reason: str) -> None:
    lines = telling_lines("\n".join(["loading", reason, *FRAMES]))
    assert lines == [reason, "[7 lines left out]", *FRAMES[-5:]]


def test_an_error_among_the_last_lines_needs_no_more() -> None:
    assert telling_lines("\n".join([*FRAMES, "error: x"])) == [*FRAMES[-4:], "error: x"]


def test_words_without_an_error_are_the_last_lines() -> None:
    assert telling_lines("\n".join(["no terrors here", *FRAMES])) == FRAMES[-5:]
    assert telling_lines("one\ntwo\n") == ["one", "two"]
