"""`harness bisect`: the commit is found, what says nothing is told, a kill loses nothing."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

import harness as api
from harness.errors import AnswerIsNo, DataDamaged, Undecided, UsageError
from harness.model import Comparison, Estimate, Metric, Verdict
from harness.running import bisecting
from harness.running.bisecting import Bisection

CONFIG = """
[tasks.count.cases.fast]
[targets.count]
task = "count"
adapter = "command"
args = ["sh", "run.sh"]
inputs = ["run.sh"]
"""

PAGE = Path(__file__).parents[2] / "docs" / "reports.md"

LOOP = "i=0; while [ $i -lt {} ]; do i=$((i+1)); done; echo {}\n"


@pytest.fixture
def commits(repository, monkeypatch, times) -> list[str]:
    """Ten commits; the seventh is the slow one."""
    monkeypatch.chdir(repository.path)
    times.cpu_ms = lambda words: int(re.findall(r"-lt (\d+)", words)[0]) / 1000
    repository.write("harness.toml", CONFIG)
    made = []
    for number in range(10):
        repository.write("run.sh", LOOP.format(9000 if number >= 6 else 3000, f"ok # {number}"))
        made.append(repository.commit(f"change {number}"))
    return made


class Answers:
    """In place of measuring: what each commit's comparison says, and how often it was asked."""

    def __init__(self, speeds: dict[str, float | Exception], monkeypatch) -> None:
        self.speeds = speeds
        self.asked: list[str] = []
        self.levels: set[float] = set()
        monkeypatch.setattr(Bisection, "_compare", lambda search, c: self.compare(search, c))

    def compare(self, search: Bisection, commit: str) -> Comparison:
        self.asked.append(commit)
        question = search.request.settings.question
        self.levels.add(1 - question.confidence)
        speed = self.speeds[commit]
        if isinstance(speed, BaseException):
            raise speed
        ratio = Estimate("median ratio", speed, speed * 0.99, speed * 1.01, question.confidence)
        verdict = Verdict.EQUIVALENT if speed == 1 else Verdict.SLOWER
        if speed == 0.999:
            verdict = Verdict.UNDECIDED
        names = "count@b", "count@a"
        return Comparison(*names, Metric.CPU, ratio, verdict, 9, question.threshold, "enough")


def test_it_finds_the_commit_by_measuring(harness, commits, repository):
    before = repository.sh("git status --porcelain && git rev-parse HEAD")
    said = harness("bisect", "count", commits[4], commits[7], "--budget", "20s", "--json")
    assert said.code == 0
    assert said.result["found"] == commits[6]
    assert said.result["before"] == commits[5]
    assert said.envelope["next_actions"] == [
        f"git show {commits[6][:12]}",
        f"harness compare count@{commits[5][:12]} count@{commits[6][:12]}",
    ]
    assert repository.sh("git status --porcelain && git rev-parse HEAD") == before
    assert len(repository.sh("git worktree list").splitlines()) == 1


def test_the_page_s_example_is_true(commits, monkeypatch, capsys):
    Answers({c: 0.5 if n >= 6 else 1 for n, c in enumerate(commits)}, monkeypatch)
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (example,) = [block for block in blocks if "harness.bisect" in block]
    exec(compile(example, str(PAGE), "exec"), {})
    assert f"{commits[6][:12]} made count slower: change 6." in capsys.readouterr().out


def test_all_comparisons_share_one_error_level(commits, monkeypatch):
    answers = Answers({c: 0.5 if n >= 6 else 1 for n, c in enumerate(commits)}, monkeypatch)
    found = api.bisect("count", commits[0], commits[9])
    assert found.found == commits[6]
    assert (found.commits, found.most) == (9, 5)
    assert list(answers.levels) == [pytest.approx(0.05 / 5)]
    assert len(answers.asked) <= 5
    assert "5.0 %, shared by 5 comparisons" in str(found)


def test_a_killed_search_goes_on(harness, commits, monkeypatch):
    speeds: dict = {c: 0.5 if n >= 6 else 1 for n, c in enumerate(commits)}
    answers = Answers({**speeds, commits[6]: KeyboardInterrupt()}, monkeypatch)
    said = harness("bisect", "count", commits[0], "HEAD")
    assert said.code == 130
    assert "The same command goes on." in said.err
    before = len(answers.asked)
    answers.speeds = speeds
    said = harness("bisect", "count", commits[0], "HEAD", "--json")
    assert said.result["found"] == commits[6]
    again = answers.asked[before:]
    assert again[0] == commits[6]
    assert not set(answers.asked[: before - 1]) & set(again)
    harness("bisect", "count", commits[0], "HEAD")
    assert answers.asked[before:] == again
    harness("bisect", "count", commits[0], "HEAD", "--anew")
    assert len(answers.asked) > before + len(again)


def test_what_does_not_build_is_skipped_and_said(harness, commits, monkeypatch):
    speeds: dict = {c: 0.5 if n >= 6 else 1 for n, c in enumerate(commits)}
    speeds[commits[5]] = api.BuildFailed("no compiler likes it")
    Answers(speeds, monkeypatch)
    said = harness("bisect", "count", commits[0], commits[9], "--json")
    assert said.code == 8
    assert said.result["suspects"] == [commits[5], commits[6]]
    assert "no compiler likes it" in said.err
    assert said.envelope["next_actions"][0].startswith(f"harness bisect count {commits[4][:12]}")


def test_a_wrong_output_is_skipped_and_said(commits, repository):
    repository.write("run.sh", LOOP.format(3000, "other"))
    middle = repository.commit("computes something else")
    repository.write("run.sh", LOOP.format(30000, "ok # 11"))
    last = repository.commit("slow and right")
    found = api.bisect("count", commits[9], last, budget=20)
    assert found.suspects == (middle, last)
    assert "computes something else" in found.answers[0].why


def test_an_undecided_commit_is_told(commits, monkeypatch):
    speeds = {c: 0.5 if n >= 6 else 1 for n, c in enumerate(commits)}
    Answers({**speeds, commits[5]: 0.999}, monkeypatch)
    found = api.bisect("count", commits[0], commits[9])
    assert found.found is None
    assert commits[6] in found.suspects
    assert "could not be told apart" in found.sentence()


def test_a_bad_commit_that_is_not_slower_is_no_answer(commits, monkeypatch):
    Answers(dict.fromkeys(commits, 1), monkeypatch)
    with pytest.raises(AnswerIsNo, match="is not slower than"):
        api.bisect("count", commits[0], commits[9])


def test_undecided_ends_are_said(commits, monkeypatch):
    Answers(dict.fromkeys(commits, 0.999), monkeypatch)
    with pytest.raises(Undecided, match="is undecided"):
        api.bisect("count", commits[0], commits[9])


def test_merges_are_followed_by_first_parents(commits, repository, monkeypatch):
    repository.sh("git checkout -q -b side HEAD~1")
    repository.write("aside.txt", "a")
    inside = repository.commit("within the branch")
    repository.sh("git checkout -q - && git merge -q --no-edit side")
    merge = repository.head()
    Answers({**dict.fromkeys(commits, 1), merge: 0.5, inside: 0.5}, monkeypatch)
    found = api.bisect("count", commits[7], merge)
    assert found.found == merge
    assert inside not in {answer.commit for answer in found.answers}
    assert "It is a merge" in found.sentence()
    assert found.next_actions[2] == shlex.join(
        ["harness", "bisect", "count", commits[9][:12], inside[:12]]
    )


@pytest.mark.parametrize(
    ("ends", "words"),
    [((0, 0), "is both"), ((5, 2), "comes before")],
)
def test_ends_that_make_no_search_are_refused(commits, ends, words):
    with pytest.raises(UsageError, match=words):
        api.bisect("count", *(commits[n] for n in ends))


def test_unknown_names_are_refused(commits):
    with pytest.raises(UsageError, match="counts"):
        api.bisect("counts", "HEAD~1", "HEAD")
    with pytest.raises(UsageError, match="no commit 'nowhere'"):
        api.bisect("count", "nowhere", "HEAD")


def test_a_changed_store_of_answers_is_damage(commits, monkeypatch):
    Answers({c: 0.5 if n >= 6 else 1 for n, c in enumerate(commits)}, monkeypatch)
    api.bisect("count", commits[0], commits[9])
    (path,) = Path(".harness/bisects").iterdir()
    assert len(json.loads(path.read_text())["answers"]) >= 3
    path.write_text("{}")
    with pytest.raises(DataDamaged, match="bisects"):
        api.bisect("count", commits[0], commits[9])
    assert api.bisect("count", commits[0], commits[9], anew=True).found == commits[6]


def test_the_budget_is_no_other_question(commits):
    def key(**more):
        settings = api.Settings(**more)
        return bisecting.BisectRequest("count", "a", "b", None, settings).key

    assert key(budget_ns=1, seed=3) == key()
    assert key(mode=api.Mode.STEADY) != key()


def test_a_case_that_gives_something_else_is_another_question(commits, monkeypatch):
    """Answers that are kept are those to the environment and parameters that they were made in."""

    def kept():
        return {path.name for path in Path(".harness/bisects").glob("*.json")}

    Answers({c: 0.5 if n >= 6 else 1 for n, c in enumerate(commits)}, monkeypatch)
    api.bisect("count", commits[0], commits[9])
    before = kept()
    Path("run.sh").write_text("edited\n")  # no commit has it
    api.bisect("count", commits[0], commits[9])
    assert kept() == before
    Path("harness.toml").write_text(CONFIG + '[targets.count.env]\nMORE = "1"\n')
    api.bisect("count", commits[0], commits[9])
    assert before < kept()
