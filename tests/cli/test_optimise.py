"""`harness optimise`: from a program to a campaign in one call, and back in one call."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """\
import sys
print(sum(i * i % 7 for i in range(int(sys.argv[1]))), open(sys.argv[2]).read().strip())
"""


def git(*argv: str) -> str:
    return subprocess.run(["git", *argv], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a program and its input, committed, on main."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "test@example.org")
    (folder / "sum.py").write_text(PROGRAM)
    (folder / "word.txt").write_text("seven\n")
    git("init", "--quiet", "--initial-branch=main")
    git("add", ".")
    git("commit", "--quiet", "-m", "A program")
    return folder


def test_a_campaign_begins_without_any_file_and_is_abandoned_in_one_call(
    work: Path, harness: Any
) -> None:
    called = ("optimise", "sum.py", "--", "2000", "word.txt")
    begun = harness(*called)
    assert begun.code == 0, begun.err
    assert "adapter: python" in begun.out
    assert "inputs: word.txt" in begun.out
    assert "{seed}" in begun.out
    assert "next (PROFILE): harness profile" in begun.out
    assert git("branch", "--show-current").strip() == "optimization"
    assert git("show", "--stat", "--format=", "main").split()[0] == "harness.toml"

    # The same call goes on; other words are refused while it is under way.
    assert harness(*called).code == 0
    other = harness("optimise", "sum.py", "--", "3000", "word.txt")
    assert other.code == 7
    assert "harness campaign abandon" in other.err

    assert harness("campaign", "abandon").code == 0
    assert git("status", "--porcelain") == ""
    again = harness("optimise", "sum.py", "--", "3000", "word.txt")
    assert again.code == 0, again.err
    assert '"3000"' in (work / "harness.toml").read_text()


def test_the_work_of_the_user_is_never_committed_unasked(work: Path, harness: Any) -> None:
    head = git("rev-parse", "HEAD")
    (work / "sum.py").write_text(PROGRAM + "# more\n")
    refused = harness("optimise", "sum.py", "--", "2000", "word.txt")
    assert refused.code == 7
    assert "sum.py" in refused.err
    assert "git add --update && git commit" in refused.err
    git("checkout", "--quiet", "sum.py")
    (work / "new file.py").write_text(PROGRAM)
    refused = harness("optimise", "new file.py", "--", "2000", "word.txt")
    assert refused.code == 7
    assert "git add 'new file.py' && git commit" in refused.err
    assert git("rev-parse", "HEAD") == head
    assert not (work / "harness.toml").exists()


def test_without_a_repository_it_says_how_one_is_made(folder: Path, harness: Any) -> None:
    (folder / "sum.py").write_text(PROGRAM)
    refused = harness("optimise", "sum.py", "--", "2000")
    assert refused.code == 7
    assert "git init && git add sum.py" in refused.err
    assert not (folder / "harness.toml").exists()


def test_a_configuration_of_the_user_s_own_is_left_alone(work: Path, harness: Any) -> None:
    text = "[tasks.t]\n"
    (work / "harness.toml").write_text(text)
    refused = harness("optimise", "sum.py", "--", "2000", "word.txt")
    assert refused.code == 7
    assert "harness campaign start" in refused.err
    assert (work / "harness.toml").read_text() == text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("missing.py",), "program: no such file: missing.py"),
        ((".",), "program: . is a folder"),
        (("../outside.py",), "is not below"),
        (("sum.py", "--input", "none.txt"), "input: no such file: none.txt"),
    ],
)
def test_what_cannot_be_begun_is_said_before_anything_is_written(
    work: Path, harness: Any, words: tuple[str, ...], said: str
) -> None:
    (work.parent / "outside.py").write_text(PROGRAM)
    refused = harness("optimise", *words, "--", "1")
    assert refused.code == 2
    assert said in refused.err
    assert not (work / "harness.toml").exists()


def test_where_there_is_no_configuration_the_way_in_is_said(folder: Path, harness: Any) -> None:
    refused = harness("campaign", "start")
    assert refused.code == 2
    assert "harness optimise PROGRAM" in refused.err


SEEDED = """\
import random
import sys
chance = random.Random(int(sys.argv[1]))
print(sum(chance.randrange(9) for _ in range(int(sys.argv[2]))))
"""


def seeded(work: Path) -> str:
    (work / "dice.py").write_text(SEEDED)
    git("add", ".")
    git("commit", "--quiet", "-m", "Dice")
    return git("rev-parse", "HEAD")


def test_a_seed_in_the_words_is_drawn_anew_by_looks(work: Path, harness: Any) -> None:
    seeded(work)
    begun = harness(
        *("optimise", "dice.py", "--seed", "5", "--param", "size=300..310"),
        *("--objective", "cpu", "--option", "flags=-O -B", "--", "{seed}", "{size}"),
    )
    assert begun.code == 0, begun.err
    assert "{seed}: 5 for the baseline" in begun.out
    text = (work / "harness.toml").read_text()
    for line in ('args = ["{seed}", "{size}"]', "seed = 5", 'flags = "-O -B"'):
        assert line in text
    assert "params.size = { from = 300, to = 310 }" in text
    assert "{size}: 300 for the baseline; looks draw up to 310" in begun.out
    assert 'objective = "cpu"' in text
    events = "".join(path.read_text() for path in work.rglob("*.jsonl"))
    assert '"seeds":"fresh"' in events
    assert '"objective":"cpu"' in events


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--", "word", "9"), 5, "nothing was written or committed"),
        (("--seed", "3", "--", "3", "9"), 2, "no word after `--` has {seed}"),
        (("--param", "n=3", "--", "3", "9"), 2, "no word after `--` has {n}"),
        (("--param", "n", "--", "{n}", "9"), 2, "want NAME=VALUE"),
        (("--", "{n}", "9"), 2, "nothing says what n is"),
        (("--param", "n=3", "--", "{n}", "--size={m}"), 2, "--param m=VALUE says it"),
        (("--param", "seed=1", "--", "{seed}", "9"), 2, "a seed is --seed's to say"),
        (("--param", "n=9..3", "--", "{n}", "9"), 2, "a range goes up"),
        (("--option", "args=x", "--", "3", "9"), 2, "a key of every target"),
        (("--option", "compiler=x", "--", "3", "9"), 2, "it has: flags, module, path, python"),
    ],
)
def test_what_does_not_run_as_it_is_called_leaves_nothing_behind(
    work: Path, harness: Any, words: tuple[str, ...], code: int, said: str
) -> None:
    head = seeded(work)
    refused = harness("optimise", "dice.py", *words)
    assert refused.code == code
    assert said in refused.err
    assert git("rev-parse", "HEAD") == head
    assert git("status", "--porcelain") == ""
    assert git("branch", "--list", "optimization") == ""


def test_a_configuration_that_is_there_gets_the_campaign_s_table_alone(
    work: Path, harness: Any
) -> None:
    declared = """[tasks.sum.cases.small]
[targets.mine]
task = "sum"
adapter = "python"
sources = ["sum.py"]
args = ["2000", "word.txt"]
inputs = ["word.txt"]
"""
    (work / "harness.toml").write_text(declared)
    other = harness("optimise", "sum.py", "--", "3000", "word.txt")
    assert other.code == 7
    assert "Leave out what follows `--`" in other.err
    assert (work / "harness.toml").read_text() == declared
    other = harness("optimise", "sum.py", "--option", "flags=-O")
    assert other.code == 7
    assert "another flags than '-O': none is said" in other.err
    begun = harness("optimise", "sum.py", "--objective", "cpu")
    assert begun.code == 0, begun.err
    assert "added [campaigns.sum]" in begun.out
    table = '\n[campaigns.sum]\ntarget = "mine"\nobjective = "cpu"\n'
    assert (work / "harness.toml").read_text() == declared + table
    assert git("status", "--porcelain") == ""
    assert harness("optimise", "sum.py", "--", "2000", "word.txt").code == 0


def test_a_configuration_without_the_program_is_left_as_it_is(work: Path, harness: Any) -> None:
    text = '[tasks.t.cases.one]\n[targets.x]\ntask = "t"\nadapter = "command"\nargs = ["true"]\n'
    (work / "harness.toml").write_text(text)
    refused = harness("optimise", "sum.py", "--", "2000", "word.txt")
    assert refused.code == 7
    assert "no target is of sum.py alone" in refused.err
    assert "[campaigns.NAME]" in refused.err
    assert (work / "harness.toml").read_text() == text
