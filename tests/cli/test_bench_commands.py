"""`harness baseline`, `test` and `bench` as a user meets them: exit codes, JSON, words."""

from __future__ import annotations

import pytest

from harness.system.store.lock import hold

TOML = """
[tasks.t.cases.fast]
params = { n = 3 }
[tasks.t.cases.full]
params = { n = 4 }
[tasks.t.outputs.sum]
key = "sum"
kind = "deterministic"
[targets.t]
task = "t"
adapter = "command"
sources = ["prog"]
args = ["{n}"]
"""


def program(project, text="echo sum: $(( $1 * 2 )).0"):
    project.write("prog", f"#!/bin/sh\n{text}\n").chmod(0o755)


@pytest.fixture
def written(project, monkeypatch):
    """A committed project, and the current folder in it."""
    project.write("harness.toml", TOML)
    program(project)
    project.commit()
    monkeypatch.chdir(project.path)
    return project


def fill(project):
    project.write("harness.toml", TOML)
    program(project)
    project.commit()
    project.make()


@pytest.fixture
def begun(begin, monkeypatch, times):
    """The same with a baseline."""
    project = begin("cli-project", fill)
    monkeypatch.chdir(project.path)
    return project


class TestBaseline:
    def test_it_says_what_was_made_and_what_comes_next(self, written, harness):
        said = harness("baseline", "--trials", "2", "--json")
        assert said.code == 0
        assert said.result["tag"] == "pre-optimization"
        assert said.result["commit"] == written.head()
        assert set(said.result["cases"]) == {"fast", "full"}
        assert "harness bench" in said.envelope["next_actions"]
        assert written.sh("git cat-file -t pre-optimization") == "tag"

    def test_people_get_a_table(self, written, harness):
        said = harness("baseline", "--trials", "2")
        assert said.code == 0
        assert "fast" in said.out
        assert "seal: " in said.out

    def test_changes_that_were_not_measured_are_mentioned(self, written, harness):
        program(written, "echo sum: 0")
        said = harness("baseline", "--trials", "2")
        assert "without your changes to prog" in said.out

    def test_a_second_one_is_not_allowed(self, begun, harness):
        said = harness("baseline", "--json")
        assert said.code == 7
        assert "already" in said.envelope["error"]

    def test_without_git_it_says_how_to_begin(self, folder, harness):
        (folder / "prog").write_text("#!/bin/sh\necho sum: 1\n")
        (folder / "prog").chmod(0o755)
        (folder / "harness.toml").write_text(TOML)
        said = harness("baseline")
        assert said.code == 2
        assert "git init" in said.err

    def test_a_program_that_fails_is_a_failed_trial(self, written, harness):
        program(written, "exit 3")
        written.commit()
        said = harness("baseline")
        assert said.code == 5
        assert "exit code 3" in said.err
        assert not (written.path / "optim").exists()


class TestTest:
    def test_pass(self, begun, harness):
        said = harness("test", "--json")
        assert (said.code, said.result["verdict"], said.result["case"]) == (0, "PASS", "fast")

    def test_full(self, begun, harness):
        assert harness("test", "--full", "--json").result["case"] == "full"

    def test_fail_shows_the_place(self, begun, harness):
        program(begun, "echo sum: 7")
        said = harness("test", "--json")
        assert (said.code, said.result["verdict"]) == (1, "FAIL")
        (mismatch,) = said.result["agreement"]["mismatches"]
        assert (mismatch["expected"], mismatch["actual"]) == ("6.0", "7")
        assert "Correctness: FAIL" in harness("test").out

    def test_a_crash_is_exit_code_5(self, begun, harness):
        program(begun, "exit 1")
        assert harness("test").code == 5

    def test_without_a_baseline_it_says_how_to_make_one(self, written, harness):
        said = harness("test")
        assert said.code == 7
        assert "harness baseline" in said.err

    def test_a_tampered_baseline_is_exit_code_6_and_names_the_file(self, begun, harness):
        text = begun.read("optim/baseline.json").replace('"sum"', '"sun"')
        begun.write("optim/baseline.json", text)
        said = harness("test")
        assert said.code == 6
        assert "baseline.json: changed" in said.err

    def test_another_harness_at_work_is_named(self, begun, harness):
        with hold(begun.path / ".harness" / "lock"):
            said = harness("test")
        assert said.code == 7
        assert "another harness is at work here" in said.err

    def test_a_loosened_tolerance_is_not_allowed(self, begun, harness):
        toml = begun.read("harness.toml").replace('"deterministic"', '"deterministic"\nrtol = 0.9')
        begun.write("harness.toml", toml)
        said = harness("test")
        assert said.code == 7
        assert "rtol" in said.err


class TestBench:
    def test_too_few_trials_are_undecided(self, begun, harness):
        said = harness("bench", "--trials", "2", "--json")
        assert said.code == 8
        assert said.result["correct"] is True
        assert said.result["verdict"] == "undecided"
        (case,) = said.result["cases"]
        assert case["comparisons"]["baseline"]["blocks"] == 2

    def test_a_wrong_output_is_exit_code_1(self, begun, harness):
        program(begun, "echo sum: 7")
        said = harness("bench", "--json")
        assert said.code == 1
        assert said.envelope["error"] == "wrong output"
        assert said.result["cases"][0]["comparisons"] == {}

    def test_a_regression_is_exit_code_1(self, begun, harness):
        program(begun, "sleep 0.1; echo sum: $(( $1 * 2 )).0")
        said = harness("bench", "--trials", "8", "--metric", "wall", "--json")
        assert (said.code, said.envelope["error"]) == (1, "slower than the baseline")

    def test_people_get_the_guides_table(self, begun, harness):
        said = harness("bench", "--trials", "2", "--validate-full")
        assert said.out.count("TOTAL") >= 2
        assert "Correctness: PASS" in said.out
        assert "At scale: " in said.out

    def test_a_further_reference(self, begun, harness):
        said = harness("bench", "--trials", "2", "--against", "HEAD", "--json")
        assert list(said.result["cases"][0]["comparisons"]) == ["baseline", "HEAD"]

    def test_stored_is_marked(self, begun, harness):
        said = harness("bench", "--trials", "2", "--stored")
        assert "STORED" in said.out

    def test_a_wish_that_makes_no_sense_is_usage(self, begun, harness):
        assert harness("bench", "--confidence", "2").code == 2
        assert harness("bench", "--budget", "soon").code == 2
        assert harness("bench", "--against", "nowhere", "--trials", "2").code == 2

    def test_a_campaign_that_is_not_declared_is_usage(self, begun, harness):
        said = harness("bench", "--campaign", "x")
        assert said.code == 2
        assert "declares none" in said.err
