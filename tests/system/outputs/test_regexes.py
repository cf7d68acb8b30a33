"""What a pattern finds is the same with and without a helper, and none can hang this process."""

from pathlib import Path

import pytest

from harness.system.outputs import regexes
from harness.system.outputs.regexes import find_all

TEXT = "sum: 12.50 of 7\nsum: -3 of caf\u00e9\n\n"


@pytest.mark.parametrize(
    ("pattern", "helped"),
    [
        (r"(\d+)", False),
        (r"^sum: (\S+)", False),
        (r"of (\d?)", False),
        (r"of (\d)?", True),
        (r"sum: ([-0-9.]+) of (\d+)", False),
        ("", False),
        ("caf.$", False),
        (r"(sum: )+\S", True),
        (r"(s)um: .*\1", True),
        (r"[[s]um", True),
        (r".*.*.*.*:", True),
        (r"\w*" * 60, True),
    ],
)
def test_what_is_found_here_is_what_the_helper_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, helped: bool
) -> None:
    file = tmp_path / "printed"
    file.write_text(TEXT, encoding="utf-8")
    by_helper = regexes._found_by_helper(pattern, file)
    asked = []

    def helper(*given: object) -> list[str]:
        asked.append(given)
        return by_helper

    monkeypatch.setattr(regexes, "_found_by_helper", helper)
    assert find_all(pattern, file) == by_helper
    assert bool(asked) == helped


def test_of_a_long_text_a_helper_reads(tmp_path: Path) -> None:
    file = tmp_path / "printed"
    file.write_bytes(b"\xff 1\n" * 100_000)
    assert regexes._found_here(r"(\d+)", file) is None
    assert find_all(r"(\d+)", file) == ["1"] * 100_000


def test_what_is_no_pattern_is_told_by_the_helper(tmp_path: Path) -> None:
    file = tmp_path / "printed"
    file.write_text("1")
    with pytest.raises(regexes.TooHardError, match="cannot be searched for"):
        find_all("(", file)
