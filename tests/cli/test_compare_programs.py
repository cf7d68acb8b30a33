"""`harness compare` of files, programs and command lines, without any configuration."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

CONFIG = """
[tasks.say.cases.only]
[targets.word]
task = "say"
adapter = "command"
program = "echo"
argv = ["done"]
"""


@pytest.fixture
def here(folder: Path, times: object) -> Path:
    for name, text in (("old", "echo done"), ("new", ": quicker; echo done")):
        script(folder / name, f"#!/bin/sh\n{text}\n")
    (folder / "empty").write_text("")
    (folder / "inner").mkdir()
    (folder / "noexec").write_text("words\n")
    return folder


def script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Me", "-c", "user.email=me@example.org")
    subprocess.run(("git", *who, *arguments), cwd=folder, check=True, capture_output=True)


def compare(harness, *words):
    return harness("compare", *words, "--trials", "2", "--json")


def test_two_programs_need_no_file_and_are_stored_in_their_folder(harness, here):
    said = compare(harness, "./old", "./new")
    assert said.code == 8, said.err
    assert [m["target"] for m in said.result["measurements"]] == ["./old", "./new"]
    assert "./old: adapter command, as a program" in said.err
    assert len([*(here / ".harness/results").iterdir()]) == 1


def test_a_command_line_is_split_as_a_shell_would_without_one(harness, here):
    said = compare(harness, "printf '%s' 'a b'", "printf '%s %s' a b")
    assert said.code == 8, said.err
    assert all(m["output_ok"] for m in said.result["measurements"])


def test_a_shell_runs_what_is_the_shell_s_where_it_is_asked_for(harness, here):
    lines = ("echo b a | tr -d b", "echo ' a' | cat")
    assert "| is the shell's" in compare(harness, *lines).err
    said = compare(harness, *lines, "--shell")
    assert said.code == 8, said.err
    assert all(m["output_ok"] for m in said.result["measurements"])


def test_the_first_line_of_a_script_says_its_language(harness, here):
    (here / "one").write_text("#!/usr/bin/env python3\nimport sys\nprint(sys.argv[1])\n")
    (here / "two.py").write_text("import sys\nprint(sys.argv[1])\n")
    said = harness("compare", "./one", "two.py", "--trials", "2", "--json", "--", "7")
    assert said.code == 8, said.err
    assert "./one: adapter python, by its first line #!/usr/bin/env python3" in said.err
    assert "two.py: adapter python, by its suffix .py" in said.err


def test_a_file_is_compared_with_itself_at_a_revision(harness, here):
    git(here, "init", "-q", "-b", "main")
    git(here, "add", "old")
    git(here, "commit", "-q", "-m", "first")
    script(here / "old", "#!/bin/sh\necho other\n")
    said = compare(harness, "./old@main", "./old")
    assert said.code == 1, said.err
    assert "wrong output" in said.envelope["error"], "each side ran its own file"


def test_revisions_alone_are_those_of_the_only_target(harness, here):
    (here / "harness.toml").write_text(CONFIG)
    git(here, "init", "-q", "-b", "main")
    git(here, "add", "harness.toml")
    git(here, "commit", "-q", "-m", "first")
    git(here, "tag", "before")
    said = compare(harness, "before", "main")
    assert said.code == 8, said.err
    assert [m["target"] for m in said.result["measurements"]] == ["word@before", "word@main"]


def test_a_command_runs_before_and_after_every_trial_and_is_not_timed(harness, here):
    said = harness(
        *("compare", "cat state", "head -n 9 state", "--trials", "2", "--warmup", "0", "--json"),
        *("--shell", "--prepare", "echo up > state; echo up >> log"),
        *("--conclude", "rm state; echo down >> log"),
    )
    assert said.code == 8, said.err
    assert not (here / "state").exists()
    # Each is run once to be checked, and twice to be timed.
    assert (here / "log").read_text() == "up\ndown\n" * 6


def test_what_was_prepared_is_concluded_after_a_program_that_fails(harness, here):
    words = ("--prepare", "touch state", "--conclude", "rm state")
    said = compare(harness, "cat state nowhere", "cat nowhere", *words)
    assert said.code == 5, said.err
    assert not (here / "state").exists()


def test_a_command_that_fails_before_a_trial_fails_it(harness, here):
    said = compare(harness, "./old", "./new", "--prepare", "false")
    assert said.code == 5
    assert "prepare command 'false' ended with 1; ./new" in said.envelope["error"]


def test_what_is_printed_can_be_ignored(harness, here):
    assert compare(harness, "echo 1", "echo 2").code == 1
    said = compare(harness, "echo 1", "echo 2", "--ignore-output")
    assert said.code == 8, said.err
    assert "the output is ignored, as was asked" in " ".join(said.result["warnings"])


def test_equal_files_of_two_names_are_told(harness, here):
    script(here / "same", (here / "old").read_text())
    said = compare(harness, "./old", "./same")
    assert "./old and ./same are the same program" in said.result["warnings"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("./old", "./nwe"), "Did you mean 'new'?"),
        (("./old",), "two or more, got ./old alone"),
        ((), "two or more"),
        (("./old", "./old"), "the same program twice"),
        (("./old", "old"), "./old and old: the same program twice"),
        (("./old", "empty"), "empty is empty"),
        (("./old", "inner"), "inner is a folder"),
        (("./old", "./noexec"), "noexec is not executable"),
        (("./old 1", 'sort "x'), "a quote is not closed"),
        (("./old", "srot x"), "Did you mean 'sort'?"),
        (("./old", "sort x > y"), "> is the shell's"),
        (("./old", ""), "has a name"),
        (("./old", "./new", "--input", "none"), "--input: no such file: none"),
        (("./old", "./new", "--prepare", "srot 1"), "no program is called 'srot'"),
        (("./old", "./new", "--case", "x"), "--case is of harness.toml"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(harness, here, words, expected):
    said = harness("compare", *words)
    assert said.code == 2
    assert expected in said.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("word", "./old"), "./old is a file or command, word a target"),
        (("word", "wrod"), "Did you mean 'word'?"),
        (("word", "main"), "no target named 'main'; there are: word; nor is it a revision"),
        (("word", "word@nothing"), "no commit 'nothing'"),
        (("word", "word", "--prepare", "true"), "against itself"),
        (("word", "word@HEAD", "--prepare", "true"), "--prepare is for files and programs"),
    ],
)
def test_what_cannot_be_compared_in_a_project_is_refused_too(harness, here, words, expected):
    (here / "harness.toml").write_text(CONFIG)
    git(here, "init", "-q", "-b", "trunk")
    git(here, "add", "harness.toml")
    git(here, "commit", "-q", "-m", "first")
    said = harness("compare", *words)
    assert said.code == 2
    assert expected in said.err


def test_a_name_that_is_a_target_and_a_file_is_asked_about(harness, here):
    (here / "harness.toml").write_text(CONFIG + CONFIG.partition("only]")[2].replace("word", "too"))
    script(here / "word", "#!/bin/sh\necho done\n")
    said = harness("compare", "word", "too")
    assert said.code == 2
    assert "a target of" in said.err
    assert "The file is ./word; with --config said, the target is meant." in said.err
    assert compare(harness, "word", "too", "--config", "harness.toml").code == 8


# -- more than two --------------------------------------------------------------------------------

NAPS = tuple(f"sh -c 'sleep {seconds}; echo done'" for seconds in (0.15, 0.01, 0.011))


def test_more_than_two_are_ranked_in_sets_at_one_level(harness, here):
    said = harness("compare", *NAPS, "--max-trials", "12", "--json")
    assert said.code == 0, said.err
    (ranking,) = said.result["rankings"]
    assert ranking["sets"][-1] == [NAPS[0]]
    assert set(said.result["best"]) <= set(NAPS[1:])
    assert ranking["confidence"] == 0.95
    levels = {c["ratio"]["confidence"] for c in said.result["comparisons"]}
    assert levels == {1 - 0.05 / 3}, "three comparisons share what one has alone"


def test_each_comparison_can_have_the_level_for_itself(harness, here):
    said = harness("compare", *NAPS, "--trials", "8", "--per-comparison", "--json")
    assert {c["ratio"]["confidence"] for c in said.result["comparisons"]} == {0.95}


def test_a_slower_one_in_a_table_is_a_failure_where_that_is_asked(harness, here):
    order = (NAPS[1], NAPS[0], NAPS[2])
    assert harness("compare", *order, "--max-trials", "6", "--fail-on", "slower").code == 1
    assert harness("compare", NAPS[0], NAPS[1], "--trials", "1", "--fail-on", "slower").code == 0


def test_one_of_a_table_that_computes_something_else_gets_no_place(harness, here):
    said = harness("compare", *NAPS[:2], "echo other", "--trials", "4", "--json")
    assert said.code == 1
    assert "echo other" not in [n for names in said.result["rankings"][0]["sets"] for n in names]
    assert "wrong output" in said.envelope["error"]


def test_a_table_fits_eighty_columns(harness, here, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    said = harness("compare", *NAPS, "--trials", "4")
    table = said.out.partition("\n\n")[2].partition("\n\n")[0]
    assert "no room for" in table
    assert max(map(len, table.splitlines())) <= 80
