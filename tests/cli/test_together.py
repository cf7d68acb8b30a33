"""`harness try` puts all that gain together: what is merged, left out, named, and where it lies."""

from __future__ import annotations

import re

import pytest

from harness.analysis import Rank, VariantStanding
from harness.model import Agreement
from harness.running import trying, unions
from harness.running.further_draws import Checked
from harness.running.try_results import Leftover, TryResult
from harness.running.variants import ASIDE, keep_leftover, named_variants
from harness.system.git.writing import Git

PROGRAM = """#!/bin/sh
# A=100
p=0
#
#
# B=30
q=0
#
#
# C=6
echo "done: $((p * q))"
"""

TOML = """
[tasks.t.cases.fast]
[tasks.t.outputs.done]
key = "done"
[targets.p]
task = "t"
adapter = "command"
program = "./run.sh"
sources = ["run.sh"]
"""


@pytest.fixture
def tried(project, monkeypatch, times):
    """A script that says of three parts how long they take."""
    times.cpu_ms = lambda words: sum(map(int, re.findall(r"# [ABC]=(\d+)", words)))
    project.write("run.sh", PROGRAM).chmod(0o755)
    project.write("harness.toml", TOML)
    project.commit()
    monkeypatch.chdir(project.path)
    return project


def patches(project, **edits):
    """A patch of each name, which replaces some texts of the program by others."""
    for name, edit in edits.items():
        text = PROGRAM
        for old, new in edit.items():
            assert text.count(old) == 1
            text = text.replace(old, new)
        project.write("run.sh", text)
        project.write(f"{name}.patch", project.sh("git diff run.sh") + "\n")
        project.sh("git checkout -q run.sh")
    return [f"{name}.patch" for name in edits]


def of_each(said, what):
    return {v["name"]: v[what] for v in said.result["variants"]}


def test_all_that_gain_are_one_more_variant_which_is_confirmed(harness, tried):
    names = patches(
        tried, a={"A=100": "A=80"}, b={"B=30": "B=5"}, other={"B=30": "B=12"}, none={"C=6": "C=06"}
    )
    said = harness("try", *names, "--json", "--budget", "30s")
    assert said.code == 0, said.err
    assert said.result["winner"] == "b + a"
    assert said.result["together"]["parts"] == ["b", "a"]
    assert of_each(said, "rank") == {
        "b + a": "best",
        **dict.fromkeys("ab", "part of the best"),
        "other": "behind the best",
        "none": "no gain",
    }
    apart = "it gains too; does not merge with b + a: the same lines of run.sh"
    assert of_each(said, "why")["other"] == apart
    ratio = said.result["comparison"]["ratio"]
    assert ratio["low"] <= 136 / 91 <= ratio["high"]
    assert [(e["name"], e["commit"]) for e in said.result["leftover"]] == [("other", "")]
    assert tried.read("run.sh") == PROGRAM
    assert tried.sh("git worktree list").count("\n") == 0
    tried.sh(said.envelope["next_actions"][0])
    assert tried.read("run.sh") == PROGRAM.replace("A=100", "A=80").replace("B=30", "B=5")


def test_one_that_another_one_has_all_of_is_not_to_be_written_anew(harness, tried):
    both = {"A=100": "A=80", "B=30": "B=5"}
    names = patches(tried, both=both, part={"B=30": "B=5"}, more={"C=6": "C=1"})
    said = harness("try", *names, "--json", "--budget", "30s")
    assert said.result["winner"] == "both + more"
    assert of_each(said, "why")["part"] == "it gains too; both has all of it"
    assert said.result["leftover"] == []


def test_alone_the_best_single_one_wins(harness, tried):
    names = patches(tried, a={"A=100": "A=80"}, b={"B=30": "B=5"})
    said = harness("try", *names, "--alone", "--json", "--budget", "30s")
    assert (said.result["winner"], said.result["together"]) == ("b", None)


def test_those_that_are_wrong_together_are_left_out_and_named(harness, tried):
    names = patches(
        tried,
        one={"p=0": "p=1", "A=100": "A=80"},
        two={"q=0": "q=1", "B=30": "B=5"},
        three={"C=6": "C=1"},
    )
    said = harness("try", *names, "--json", "--budget", "30s")
    assert said.result["winner"] == "two + three"
    why = of_each(said, "why")["one"]
    assert "together with two: its output is wrong: done" in why, why
    assert [(e["name"], e["commit"]) for e in said.result["leftover"]] == [("one", "")]
    assert said.result["next_try"] == ""


@pytest.mark.parametrize("raced", [True, False])
def test_what_is_left_is_tried_by_its_commit_where_other_code_has_its_name(tried, raced):
    git, (file,) = Git(tried.path), patches(tried, c={"C=6": "C=1"})
    before = git.resolve("HEAD")
    git.update_ref(f"{ASIDE}c", before)
    tried.sh(f"git apply {file}")
    commit = git.snapshot("c on top of b")
    best = VariantStanding("p@b", Rank.BEST, None, 8, gains=True)
    left = (Leftover("c", commit), Leftover("gone", ""), Leftover("-O3 -g", commit))
    made = TryResult("p", "wall", (best,), "one is left", None, None, leftover=left)
    kept = keep_leftover(git, made, [before] if raced else [])
    first = "c" if raced else commit[:12]
    assert kept.next_try == f"harness try {first} {commit[:12]}"
    words = kept.leftover_words()
    assert (f"{commit[:12]} is c on top of it: other code is put aside" in words) is not raced
    assert f"{commit[:12]} is -O3 -g on top of it: git takes no such name" in words
    assert words.endswith("to be written anew on top of it, if it leaves them any: gone")
    assert git.refs(ASIDE) == {f"{ASIDE}c": commit if raced else before}
    assert named_variants([first], [], git)[0].value == commit


def test_a_small_gain_is_told_on_top_of_a_large_one(harness, tried, times):
    times.noise = 0.02
    names = patches(tried, large={"A=100": "A=1"}, small={"C=6": "C=3"})
    said = harness("try", *names, "--json", "--budget", "60s")
    assert said.result["winner"] == "large + small"
    assert of_each(said, "why")["small"].startswith("on top of large: 1.")


def test_flags_that_no_file_has_are_raced_and_not_merged(harness, tried):
    tried.write("p.c", '#include <stdio.h>\nint main(void) { puts("done: 1"); return 0; }\n')
    toml = TOML.replace('adapter = "command"\nprogram = "./run.sh"\nsources = ["run.sh"]', "")
    tried.write("harness.toml", f'{toml}adapter = "c"\nsources = ["p.c"]\n')
    tried.commit()
    said = harness(
        "try", "HEAD", "--flags", "-O1 -g", "--flags", "-O0", "--json", "--max-trials", "2"
    )
    assert said.result["together"] is None
    assert said.result["leftover"] == []


def test_what_gains_beside_a_best_single_one_is_put_upon_it(harness, tried, times):
    """All together is not the best, since two of it do not go together: the third is not lost."""

    def cpu_ms(words):
        total = sum(map(int, re.findall(r"# [ABC]=(\d+)", words)))
        return total + 60 * ("A=80" in words and "B=5" in words)

    times.cpu_ms = cpu_ms
    names = patches(tried, a={"A=100": "A=80"}, b={"B=30": "B=5"}, c={"C=6": "C=1"})
    said = harness("try", *names, "--json", "--budget", "20s")
    assert (said.result["winner"], said.result["together"]) == ("b", None)
    left = {each["name"]: each["commit"] for each in said.result["leftover"]}
    assert set(left) == {"a", "c"}
    assert "B=5" in tried.sh(f"git show {left['c']}:run.sh")
    assert said.result["next_try"] == "harness try a c"


def test_after_a_union_that_fresh_blocks_refute_the_single_one_may_err_half_as_often(
    harness, tried, times
):
    runs = 0

    def cpu_ms(words):
        nonlocal runs
        both = "A=1\n" in words and "C=3" in words
        runs += both
        own = sum(map(int, re.findall(r"# [ABC]=(\d+)", words)))
        return own + 300 * (both and runs > 7)

    times.noise, times.cpu_ms = 0.02, cpu_ms
    names = patches(tried, large={"A=100": "A=1"}, small={"C=6": "C=3"})
    said = harness("try", *names, "--json", "--budget", "60s")
    assert said.result["winner"] == "large"
    (passed_over,) = said.result["passed_over"]
    assert passed_over.startswith("on fresh blocks p@large + small is slower than p: ")
    assert passed_over.endswith(", so the best single one was taken next")
    assert said.result["comparison"]["ratio"]["confidence"] == 0.975
    assert of_each(said, "rank") == {"large": "best", "small": "behind the best"}


@pytest.mark.parametrize(
    ("kind", "then", "why"),
    [("wrong", "q=1", "done: 1 of 1"), ("failing", "q=0; [ $p = 0 ] || exit 3", "exit")],
)
def test_one_that_is_at_fault_upon_what_gains_much_is_to_be_written_anew(
    harness, tried, kind, then, why
):
    names = patches(
        tried, large={"p=0": "p=1", "A=100": "A=1"}, other={"q=0": then, "B=30": "B=25"}
    )
    said = harness("try", *names, "--json", "--budget", "30s")
    assert said.result["winner"] == "large"
    assert of_each(said, "rank")["other"] == "behind the best", kind
    told = of_each(said, "why")["other"]
    assert told.startswith("together with large: "), told
    assert why in told
    assert [(e["name"], e["commit"]) for e in said.result["leftover"]] == [("other", "")]


def test_of_two_that_gain_upon_a_large_one_and_not_beside_each_other_the_better_is_taken(
    harness, tried, times
):
    def cpu_ms(words):
        own = sum(map(int, re.findall(r"# [ABC]=(\d+)", words)))
        return own + 6 * ("B=25" in words and "C=2" in words)

    times.cpu_ms = cpu_ms
    names = patches(tried, large={"A=100": "A=1"}, b={"B=30": "B=25"}, c={"C=6": "C=2"})
    said = harness("try", *names, "--json", "--budget", "30s")
    assert said.result["winner"] == "large + b"
    assert of_each(said, "rank")["c"] == "behind the best"
    assert of_each(said, "why")["c"] == "it gains too; upon large + b it does not gain"
    assert said.result["next_try"] == "harness try c"


def test_one_that_further_draws_find_wrong_below_others_is_ranked_wrong(
    harness, tried, monkeypatch
):
    def further(session, both, case, seeds):
        source = (both.candidate[1].target.root / "run.sh").read_text()
        return Checked(
            1, Agreement(False, summary="wrong on a draw") if "A=1\n" in source else None
        )

    monkeypatch.setattr(trying, "check_further", further)
    monkeypatch.setattr(unions, "check_further", further)
    names = patches(tried, wrong={"A=100": "A=1"}, b={"B=30": "B=25"}, c={"C=6": "C=2"})
    said = harness("try", *names, "--json", "--budget", "30s")
    assert said.result["winner"] == "b + c"
    assert of_each(said, "rank")["wrong"] == "wrong"
    assert of_each(said, "gains")["wrong"] is False
    assert said.result["leftover"] == []
