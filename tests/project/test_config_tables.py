"""Defaults, matrices, a task's arguments and a target's own cases: what they stand for."""

from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.project.config import Config, load_config

TASKS = """
[tasks.a]
args = ["{n}"]
[tasks.a.cases.fast]
params = { n = 10 }
[tasks.b.cases.fast]
params = { n = 20 }
"""


def read(folder: Path, text: str) -> Config:
    (folder / "harness.toml").write_text(TASKS + text)
    return load_config(folder / "harness.toml")


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return caught.value.message


def test_five_tasks_in_three_languages_take_a_table_each(tmp_path):
    tasks = "".join(f"[tasks.t{i}]\n" for i in range(5))
    languages = "".join(
        f'[matrix.{name}]\nadapter = "{name}"\nsources = ["{{task}}.{name}"]\n'
        for name in ("c", "julia", "python")
    )
    (tmp_path / "harness.toml").write_text(tasks + languages)
    config = load_config(tmp_path / "harness.toml")
    assert len(config.targets) == 15
    target = config.targets["t3-julia"]
    assert (target.task, target.adapter) == ("t3", "julia")
    assert target.sources == (tmp_path / "t3.julia",)


def test_a_matrix_leaves_the_parameters_of_a_case_in_its_arguments(tmp_path):
    config = read(tmp_path, '[matrix.c]\nadapter = "c"\nargs = ["{task}", "{n}"]\n')
    assert config.targets["b-c"].args == ("b", "{n}")


def test_a_matrix_of_some_tasks_stands_for_these_alone(tmp_path):
    config = read(tmp_path, '[matrix.c]\nadapter = "c"\ntasks = ["b"]\n')
    assert list(config.targets) == ["b-c"]


def test_the_nearest_word_on_a_key_holds(tmp_path):
    config = read(
        tmp_path,
        """
[defaults.c]
flags = ["-O1"]
std = "c99"
timeout = "5s"
env = { A = "1", B = "1" }
[matrix.c]
adapter = "c"
std = "c11"
[targets.a-c]
flags = ["-O3"]
env = { B = "2" }
[targets.plain]
task = "a"
adapter = "command"
""",
    )
    a, b = config.targets["a-c"], config.targets["b-c"]
    assert a.options == {"flags": ["-O3"], "std": "c11"}
    assert b.options == {"flags": ["-O1"], "std": "c11"}
    assert a.env == {"A": "1", "B": "2"}
    assert a.timeout_ns == b.timeout_ns == 5_000_000_000
    assert a.args == ("{n}",)
    assert config.targets["plain"].options == {}


def test_a_case_of_a_target_s_own_has_a_name_that_says_its_parameters(tmp_path):
    config = read(
        tmp_path,
        """
[targets.x]
task = "a"
adapter = "command"
args = ["{n}", "{case}"]
[targets.x.cases.fast]
params = { n = 3 }
[targets.y]
task = "a"
adapter = "command"
""",
    )
    x, y = config.targets["x"], config.targets["y"]
    case = config.case_of(x, "fast")
    assert case.name == "fast (n=3)"
    assert x.arguments(case) == ("3", "fast")
    assert config.case_of(x, case.name) == case
    assert config.case_of(y, None).name == "fast"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[matrix]\nc = 3\n", "matrix.c: want a table"),
        ('[matrix.c]\nadapter = "c"\ntasks = "a"\n', "matrix.c.tasks: want a list of tasks"),
        ('[matrix.c]\nadapter = "c"\ntasks = ["q"]\n', "no task named 'q'"),
        ("[matrix.c]\nsources = []\n", "adapter"),
        ("[defaults]\nc = 1\n", "defaults.c: want a table"),
        ('[defaults.c]\nsetup = 3\n[matrix.c]\nadapter = "c"\n', "setup"),
        ('[defaults.C]\n[matrix.c]\nadapter = "c"\n', "did you mean 'c'?"),
        (
            '[targets.x]\ntask = "a"\nadapter = "c"\n[targets.x.cases.fat]\n',
            "no case of task a",
        ),
        (
            '[targets.x]\ntask = "a"\nadapter = "c"\n[targets.x.cases.fast]\nparams = {m = 1}\n',
            "has no parameter 'm'; it has: n",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(tmp_path, text, words):
    assert words in complaint(tmp_path, text)
