"""`flags_file`: flags that a campaign may change where harness.toml is protected."""

from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.project.config import load_config

TOML = """
[tasks.t]
[targets.t]
task = "t"
adapter = "c"
sources = ["t.c"]
flags = ["-O1"]
flags_file = "t.flags"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "t.c").write_text("int main(void) { return 0; }\n")
    (tmp_path / "t.flags").write_text("# comments and empty lines say nothing\n\n-O3\n  -flto \n")
    made = tmp_path / "harness.toml"
    made.write_text(TOML)
    return made


def test_its_lines_follow_the_flags(path):
    config = load_config(path)
    assert config.target("t").options == {"flags": ["-O1", "-O3", "-flto"]}
    assert config.flags_files == {"t": "t.flags"}


def test_without_flags_its_lines_stand_alone(path):
    path.write_text(TOML.replace('flags = ["-O1"]\n', ""))
    assert load_config(path).target("t").options == {"flags": ["-O3", "-flto"]}


def test_a_file_that_is_not_there_is_named(path):
    (path.parent / "t.flags").unlink()
    with pytest.raises(ConfigError, match=r"targets\.t\.flags_file: .*t\.flags"):
        load_config(path)
