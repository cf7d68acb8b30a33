"""`harness try` as a user meets it: patches, folders, revisions, flags, and code put aside."""

from __future__ import annotations

import re

import pytest

from harness.running.variants import ASIDE

PROGRAM = """#include <stdio.h>
#define ROUNDS 3000000
int main(void) {
    unsigned x = 1;
    for (long i = 0; i < ROUNDS; i++) { x = x * 3u + 1u; __asm__ volatile("" : "+r"(x)); }
    printf("done: 1\\nMETRIC nodes=%d\\n", ROUNDS);
    return 0;
}
"""

TOML = """
[tasks.t.cases.fast]
[tasks.t.outputs.done]
key = "done"
[tasks.t.metrics.nodes]
better = "lower"
[targets.p]
task = "t"
adapter = "c"
sources = ["p.c"]
"""


@pytest.fixture
def tried(project, monkeypatch, times):
    """A project with a C program of some milliseconds."""
    times.cpu_ms = lambda words: int(re.findall(r"ROUNDS (\d+)", words)[0]) / 1e6
    project.write("p.c", PROGRAM)
    project.write("harness.toml", TOML)
    project.commit()
    monkeypatch.chdir(project.path)
    return project


def patch(project, name, old, new):
    """A patch of the program; the tree is as before."""
    assert old in PROGRAM
    patch_of(project, name, "p.c", PROGRAM.replace(old, new))


def patch_of(project, name, file, content):
    """A patch that gives a file this content; the tree is as before."""
    project.write(file, content)
    project.write(f"{name}.patch", project.sh("git diff") + "\n")
    project.sh(f"git checkout -q {file}")


def places(said):
    return {v["name"]: v["rank"] for v in said.result["variants"]}


def test_a_gain_that_breaks_a_guard_is_none(harness, tried):
    patch(tried, "large", "ROUNDS 3000000", "ROUNDS 300000\nconst char large[100000] = {1};")
    said = harness(
        "try", "large.patch", "--budget", "20s", "--guard", "binary_bytes=1KiB", "--json"
    )
    assert (said.code, said.result["winner"]) == (1, None)
    assert said.result["comparison"]["guards"][0]["state"] == "broken"
    assert "breaks binary_bytes=1KiB" in said.envelope["error"]


def test_a_variant_of_what_is_read_from_standard_input_is_no_twin_of_the_code(harness, tried):
    tried.write("words.txt", "one\n")
    tried.write("harness.toml", f'{TOML}stdin = "words.txt"\n')
    tried.commit()
    patch_of(tried, "other", "words.txt", "two\n")
    patch(tried, "same", "#define", "// a comment\n#define")
    said = harness("try", "other.patch", "same.patch", "--json", "--budget", "20s")
    assert places(said) == {"other": "no gain", "same": "same"}


def test_a_script_may_execute_what_a_variant_changes(harness, tried, times):
    times.cpu_ms = lambda words: 3.0
    tried.write("run.sh", '#!/bin/sh\nexec sh "$(dirname "$0")/part.sh"\n')
    tried.write("part.sh", "echo done: 1\necho METRIC nodes=1\n")
    tried.sh("chmod +x run.sh")
    compiled = 'adapter = "c"\nsources = ["p.c"]'
    script = TOML.replace(compiled, 'adapter = "command"\nprogram = "./run.sh"')
    tried.write("harness.toml", script)
    tried.commit()
    patch_of(tried, "other", "part.sh", "echo done: 1\necho METRIC nodes=2\n")
    said = harness("try", "other.patch", "--json", "--budget", "5s")
    assert "same" not in places(said).values()


def test_trials_in_the_root_folder_may_read_what_a_variant_changes(harness, tried):
    tried.write("words.txt", "one\n")
    tried.write("harness.toml", f'{TOML}working_folder = "root"\n')
    tried.commit()
    patch_of(tried, "other", "words.txt", "two\n")
    said = harness("try", "other.patch", "--json", "--budget", "20s")
    assert places(said) == {"other": "no gain"}


def test_variants_of_every_kind_are_ranked_and_the_best_is_confirmed(harness, tried):
    patch(tried, "half", "ROUNDS 3000000", "ROUNDS 300000")
    patch(tried, "wrong", "done: 1", "done: 2")
    patch(tried, "broken", "return 0;", "return 0 0;")
    patch(tried, "stale", "ROUNDS 3000000", "ROUNDS 1")
    tried.write("stale.patch", tried.read("stale.patch").replace("int main", "int mian"))
    tried.write("more/p.c", PROGRAM.replace("ROUNDS 3000000", "ROUNDS 9000000"))
    patch(tried, "words", "#define", "// a comment\n#define")
    tried.write("again/p.c", PROGRAM.replace("ROUNDS 3000000", "ROUNDS  9000000 /* more */"))
    names = ["half.patch", "wrong.patch", "broken.patch", "stale.patch", "more", "HEAD"]
    names += ["words.patch", "again"]
    said = harness("try", *names, "--flags", "-O3 -g", "--json", "--budget", "30s")
    assert said.code == 0, said.err
    assert said.result["winner"] == "half"
    assert said.result["comparison"]["ratio"]["low"] > 1
    assert said.result["confirmation_id"] != said.result["race_id"]
    found = places(said)
    slower = {found.pop(name) for name in ("more", "-O3 -g")}
    assert slower <= {"behind the best", "no gain"}
    assert found == {
        "half": "best",
        "wrong": "wrong",
        "broken": "does not build",
        "stale": "does not build",
        **dict.fromkeys(("HEAD", "words", "again"), "same"),
    }
    reasons = {v["name"]: v["why"] for v in said.result["variants"]}
    assert reasons["words"] == "builds to the same bytes as p"
    assert reasons["again"] == "builds to the same bytes as p@more"
    why = reasons["broken"]
    assert "\np.c:" in why, "a file is named by its place in the project"
    assert tried.read("p.c") == PROGRAM
    assert tried.sh("git worktree list").count("\n") == 0


def test_without_a_gain_the_answer_is_no(harness, tried):
    patch(tried, "twice", "ROUNDS 3000000", "ROUNDS 9000000")
    said = harness("try", "twice.patch", "--budget", "20s")
    assert said.code == 1
    assert "no gain of 1 %" in said.out
    assert "no variant of p is seen to gain" in said.out


def wrong_later(tried, *, after):
    """A folder `late` with a fast variant whose output is wrong after so many runs."""
    runs = tried.path / "runs"
    wrong = f"""FILE *runs = fopen("{runs}", "a+");
    fputc('x', runs); fseek(runs, 0, SEEK_END);
    if (ftell(runs) > {after}) puts("done: 2");
    printf("""
    fast = PROGRAM.replace("ROUNDS 3000000", "ROUNDS 30000")
    tried.write("late/p.c", fast.replace("printf(", wrong, 1))


def test_what_is_wrong_in_the_last_block_is_told_once_and_hides_no_gain(harness, tried):
    patch(tried, "half", "ROUNDS 3000000", "ROUNDS 300000")
    wrong_later(tried, after=8)
    said = harness("try", "late", "half.patch", "--max-trials", "8", "--warmup", "1", "--json")
    assert said.code == 0, said.err
    assert said.result["winner"] == "half"
    ranks = [(v["name"], v["rank"]) for v in said.result["variants"]]
    assert ranks == [("half", "best"), ("late", "wrong")]


@pytest.mark.parametrize("other", [True, False])
def test_the_next_best_is_taken_where_the_best_is_wrong_in_its_confirmation(harness, tried, other):
    patch(tried, "half", "ROUNDS 3000000", "ROUNDS 300000")
    wrong_later(tried, after=10)  # the race runs it ten times at most
    names = ["late", *["half.patch"] * other]
    said = harness("try", *names, "--max-trials", "8", "--warmup", "1", "--json")
    assert said.code == (0 if other else 1), said.err
    assert said.result["winner"] == ("half" if other else None)
    assert places(said) == {"late": "wrong", **({"half": "best"} if other else {})}
    assert said.result["leftover"] == []
    (told,) = said.result["passed_over"]
    assert told.startswith("on fresh blocks p@late: wrong, ")
    end = "so p@half was taken next" if other else "and no other one seems to gain"
    assert told.endswith(end)
    assert said.result["verdict"] == ("faster" if other else None)
    assert other or "p@late: wrong" in said.envelope["error"]


def test_those_left_for_later_are_raced_where_the_best_is_wrong_in_the_end(harness, tried):
    patch(tried, "little", "ROUNDS 3000000", "ROUNDS 2700000")
    wrong_later(tried, after=10)
    said = harness("try", "late", "little.patch", "--max-trials", "8", "--warmup", "1", "--json")
    assert said.code == 0, said.err
    assert said.result["winner"] == "little"
    assert places(said) == {"late": "wrong", "little": "best"}
    assert said.result["passed_over"][0].startswith("on fresh blocks p@late: wrong, ")


def test_variants_that_cannot_be_raced_have_no_verdict(harness, tried):
    patch(tried, "wrong", "done: 1", "done: 2")
    patch(tried, "broken", "return 0;", "return 0 0;")
    said = harness("try", "wrong.patch", "broken.patch", "--json", "--budget", "5s")
    assert (said.code, said.result["verdict"]) == (1, None)
    told = "no variant of p could be raced: 1 does not build, 1 wrong"
    assert said.envelope["error"] == told


def test_code_is_put_aside_and_tried_by_its_name(harness, tried):
    tried.write("p.c", PROGRAM.replace("ROUNDS 3000000", "ROUNDS 300000"))
    tried.write("mine.txt", "untracked")
    assert harness("try", "--save", "less").code == 0
    assert tried.read("p.c") == PROGRAM
    assert tried.read("mine.txt") == "untracked"
    assert tried.sh(f"git show {ASIDE}less:p.c").count("300000)") == 0
    said = harness("try", "--json", "--budget", "20s")
    assert said.code == 0, said.err
    assert said.result["winner"] == "less"
    assert harness("try", "--save", "less").code == 7
    other = PROGRAM.replace("ROUNDS 3000000", "ROUNDS 200000")
    tried.write("p.c", other)
    said = harness("try", "--save", "less")
    assert said.code == 7
    assert "a variant is called less already" in said.err
    assert tried.read("p.c") == other


def test_a_figure_of_the_program_ranks_and_time_confirms(harness, tried):
    patch(tried, "few", "ROUNDS 3000000", "ROUNDS 300000")
    patch(tried, "many", "ROUNDS 3000000", "ROUNDS 3300000")
    said = harness("try", "few.patch", "many.patch", "--metric", "nodes", "--json")
    assert said.code == 0, said.err
    assert places(said) == {"few": "best", "many": "no gain"}
    assert said.result["variants"][0]["ratio"]["point"] == pytest.approx(10)
    assert said.result["variants"][0]["blocks"] == 2
    assert said.result["comparison"]["metric"] in ("wall", "cpu")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing",), "nothing is no patch, no folder, no revision"),
        ((), "no variant to try"),
        (("p.c",), "p.c is a file, and no patch"),
        (("lost.patch",), "no such patch: lost.patch"),
        (("HEAD", "HEAD"), "two variants are called HEAD"),
        (("HEAD", "--metric", "bytes"), "no figure is called 'bytes' here"),
        (("HEAD", "--metric", "memory"), "raced by time, or by a figure"),
        (("HEAD", "--save", "x"), "--save puts code aside and tries nothing"),
        (("--save", "a b"), "'a b' is no name for code"),
        (("HEAD", "--target", "q"), "no target named 'q'"),
    ],
)
def test_what_makes_no_sense_is_refused(harness, tried, words, said):
    answer = harness("try", *words)
    assert answer.code == 2
    assert said in answer.err


@pytest.mark.parametrize(
    ("words", "told"), [("", "no flag in it"), ("  ", "no flag in it"), ("'-O3", "no closing")]
)
def test_flags_that_are_none_are_a_mistake_of_the_command_line(harness, tried, words, told):
    said = harness("try", "--flags", words)
    assert said.code == 2
    assert told in said.err


def test_the_same_flags_twice_are_one_variant_too_many(harness, tried):
    said = harness("try", "--flags=-O3", "--flags=-O3")
    assert said.code == 2
    assert "two variants are called -O3" in said.err


def test_flags_that_the_compiler_refuses_are_a_variant_that_does_not_build(harness, tried):
    said = harness("try", "--flags=--no-such-flag", "--json", "--budget", "5s")
    assert said.code == 1
    assert places(said) == {"--no-such-flag": "does not build"}
