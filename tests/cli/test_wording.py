"""What is wrong is said once: in the API's words to programs, in options to the shell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import harness as api
from harness.cli.shared.wording import in_flags

CONFIG = """
[tasks.echo.cases.fast]
[targets.echo]
task = "echo"
adapter = "command"
program = "echo"
"""


@pytest.fixture(autouse=True)
def project(folder: Path) -> None:
    (folder / "harness.toml").write_text(CONFIG)
    (folder / "a.py").write_text("print(1)\n")
    (folder / "b.py").write_text("print(1)\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("input: no such file: x", "--input: no such file: x"),
        ("`max_trials` when to stop", "--max-trials when to stop"),
        ('Say `adapter="c"`, or julia.', "Say --adapter c, or julia."),
        ("`format='csv'` or `tool`", "--export-format csv or --with"),
        ("`harness.run('a b.py', adapter='c')`", "`harness run --adapter c 'a b.py'`"),
        ("`harness.run(['./a', '1'])`", "`harness run --adapter command -- ./a 1`"),
        ("`harness.compare('a', 'b')`", "`harness compare a b`"),
        ("`harness history` lists all; `make` too", "`harness history` lists all; `make` too"),
        ("trial 3: `unknown`: nothing", "trial 3: `unknown`: nothing"),
        ("`harness.toml` and `harness.run(`", "`harness.toml` and `harness.run(`"),
    ],
)
def test_keyword_arguments_and_calls_become_options_and_commands(text: str, said: str):
    assert in_flags(text) == said


BOTH: dict[str, tuple[Callable[[], object], tuple[str, ...], str, str]] = {
    "a file that is not there": (
        lambda: api.run("a.py", input="no.txt"),
        ("run", "--adapter", "python", "a.py", "--input", "no.txt"),
        "input: no such file: no.txt",
        "--input: no such file: no.txt",
    ),
    "input of a target": (
        lambda: api.run("echo", input="a.py"),
        ("run", "echo", "--input", "a.py"),
        "`input` is for a file",
        "--input is for a file",
    ),
    "a case of files": (
        lambda: api.compare("a.py", "b.py", case="fast"),
        ("compare", "--adapter", "python", "a.py", "b.py", "--case", "fast"),
        "`case` is of harness.toml",
        "--case is of harness.toml",
    ),
    "arguments of targets": (
        lambda: api.run("echo", arguments=["1"]),
        ("run", "echo", "--", "1"),
        'Say `adapter="c"`',
        "Say --adapter c",
    ),
    "two that exclude one another": (
        lambda: api.run("echo", trials=3, max_trials=4),
        ("run", "echo", "--trials", "3", "--max-trials", "4"),
        "`max_trials` when to stop",
        "--max-trials when to stop",
    ),
    "a budget": (
        lambda: api.run("echo", budget="soon"),
        ("run", "echo", "--budget", "soon"),
        "budget: want a duration",
        "--budget: want a duration",
    ),
    "a date": (
        lambda: api.history(since="soon"),
        ("history", "--since", "soon"),
        "since: want a date",
        "--since: want a date",
    ),
    "a profiler that is not run": (
        lambda: api.profile("echo", by="phase", tool="perf"),
        ("profile", "echo", "--by", "phase", "--with", "perf"),
        '`tool` is for functions and lines; `by="phase"`',
        "--with is for functions and lines; --by phase",
    ),
    "a sweep of nothing": (
        lambda: api.sweep("echo", sweep=[]),
        ("run", "echo", "--yes"),
        "`sweep='n=1000,2000,4000'`",
        "--yes is of a sweep",
    ),
    "one case or several": (
        lambda: api.profile("echo", case="fast", cases="fast"),
        ("profile", "echo", "--case", "fast", "--cases", "fast"),
        "`case` or `cases`, not both",
        "--case or --cases, not both",
    ),
}


@pytest.mark.parametrize("what", BOTH)
def test_an_error_names_what_its_reader_can_say(what: str, harness):
    call, words, to_programs, to_the_shell = BOTH[what]
    with pytest.raises(api.UsageError) as caught:
        call()
    assert to_programs in f"{caught.value.message}\n{caught.value.hint}"
    assert "--" not in f"{caught.value.message}\n{caught.value.hint}"
    said = harness(*words)
    assert said.code == 2
    assert to_the_shell in said.err
