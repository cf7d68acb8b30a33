"""Builds are kept whole, looked at again before they are used, and made anew otherwise."""

import json
from pathlib import Path

import pytest

from harness.adapterkit import MadeBuild, bytes_of, keep, placeless
from harness.errors import BuildFailed, ConfigError
from harness.testing.makers import make_target


class Maker:
    """Makes a program in the folder that it is handed, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, folder: Path) -> MadeBuild:
        self.calls += 1
        program = folder / "program"
        program.write_text("made")
        return MadeBuild(7, [program], "a warning")


@pytest.fixture
def maker() -> Maker:
    return Maker()


def test_a_build_is_made_once(tmp_path: Path, maker: Maker):
    first, second = (keep(tmp_path / "abc", maker) for _ in range(2))
    assert maker.calls == 1
    assert (first.cached, second.cached) == (False, True)
    assert (second.build_ns, second.log) == (7, "a warning")
    assert [path.name for path in tmp_path.iterdir()] == ["abc"], "no private folder stays"


def test_a_changed_program_is_made_anew(tmp_path: Path, maker: Maker):
    keep(tmp_path / "abc", maker)
    (tmp_path / "abc" / "program").write_text("another")
    assert not keep(tmp_path / "abc", maker).cached
    assert (tmp_path / "abc" / "program").read_text() == "made"


@pytest.mark.parametrize("words", ["", "[]", '{"digest": "xyz"}', '{"digest": 3, "programs": 7}'])
def test_a_record_that_is_not_of_this_build_does_not_count(
    tmp_path: Path, maker: Maker, words: str
):
    keep(tmp_path / "abc", maker)
    (tmp_path / "abc" / "build.json").write_text(words)
    assert not keep(tmp_path / "abc", maker).cached
    assert json.loads((tmp_path / "abc" / "build.json").read_text())["digest"] == "abc"


def test_a_build_that_fails_leaves_nothing(tmp_path: Path):
    def fails(folder: Path) -> MadeBuild:
        (folder / "half").touch()
        raise BuildFailed("no")

    with pytest.raises(BuildFailed):
        keep(tmp_path / "abc", fails)
    assert list(tmp_path.iterdir()) == []


def test_words_for_a_digest_name_no_place(tmp_path: Path):
    target = make_target(tmp_path / "here")
    assert placeless(f"-I{tmp_path}/here/include -L{tmp_path}/here", target) == "-Iinclude -L."


def test_a_source_that_cannot_be_read_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"cannot read .*gone\.c: No such file"):
        bytes_of(tmp_path / "gone.c", make_target(tmp_path))
