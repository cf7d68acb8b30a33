"""Relations of a task: tried on every test, and on the baseline before it is sealed."""

from __future__ import annotations

import pytest

from harness.baseline import BaselineSettings, load_baseline, make_baseline, run_test
from harness.errors import AnswerIsNo, NotAllowed, TrialFailed
from harness.model import Jail
from harness.running.relating import relation_files
from harness.running.session import open_session
from harness.system.git.writing import Git

TOML = """
[tasks.t.outputs.sorted]
from = "file"
path = "out"
[[tasks.t.relations]]
name = "order"
transform = ["/bin/sh", "rules/turn.sh"]
[[tasks.t.relations]]
name = "one more"
transform = ["/bin/sh", "rules/add.sh", "{draw}"]
expect = ["/bin/sh", "rules/has.sh", "{draw}"]
[targets.t]
task = "t"
adapter = "command"
sources = ["prog"]
args = ["data/{case}.txt", "{{}}"]
inputs = ["data"]
"""
TURN = 'tac data/default.txt > x && mv x data/default.txt && grep -q "{}" arguments.json'
ADD = "echo $1 >> data/default.txt"
HAS = """
n=$(comm -13 before/out after/out | tr -d '\\n')
test "$n" = "$1" || { echo "$1 is not there" >&2; exit 1; }
"""
RIGHT = 'test "$2" = "{}" && sort "$1" > out'


def script(text: str) -> str:
    return f"#!/bin/sh\n{text}\n"


def fill(project) -> None:
    """Commit a project that sorts a file, in which nothing is drawn."""
    project.write("harness.toml", TOML)
    project.write("data/default.txt", "c\nb\na\n")
    for name, text in {"turn": TURN, "add": ADD, "has": HAS}.items():
        project.write(f"rules/{name}.sh", text)
    project.write("prog", script(RIGHT)).chmod(0o755)
    project.commit()


@pytest.fixture
def sorting(project):
    """That project, without a baseline."""
    fill(project)
    return project


@pytest.fixture
def sealed(begin):
    """That project with its baseline."""

    def fill_and_make(project) -> None:
        fill(project)
        project.make()

    return begin("relations-project", fill_and_make)


def test_a_right_program_obeys_and_the_test_says_what(sealed) -> None:
    found = sealed.test()
    assert found.ok
    assert "obeys order, one more" in found.agreement.summary


def test_an_answer_by_heart_disobeys_on_input_that_nobody_knew(sealed) -> None:
    sealed.write("prog", script("printf 'a\\nb\\nc\\n' > out"))
    found = sealed.test()
    assert not found.ok
    assert "relation 'one more' (draw " in found.agreement.summary
    assert "is not there" in found.agreement.summary


def test_an_output_that_should_be_the_same_is_shown_where_it_differs(sealed) -> None:
    known = 'test "$(head -n 1 "$1")" = c && sort "$1" > out || cp "$1" out'
    sealed.write("prog", script(known))
    sealed.write("rules/turn.sh", "printf 'b\\nc\\na\\n' > data/default.txt")
    found = sealed.test()
    assert "relation 'order'" in found.agreement.summary
    assert found.agreement.mismatches


def test_what_fails_on_a_changed_input_is_told_with_the_relation(sealed) -> None:
    sealed.write("prog", script('test $(wc -l < "$1") = 3 || exit 3; ' + RIGHT))
    with pytest.raises(TrialFailed, match=r"relation 'one more' \(draw \d+\): .*exit code 3"):
        sealed.test()


def test_a_relation_that_the_baseline_does_not_obey_is_refused(sorting) -> None:
    sorting.write("prog", script('test "$2" = "{}" && cp "$1" out'))
    sorting.commit()
    with pytest.raises(AnswerIsNo, match="the baseline on default: relation 'order'"):
        sorting.make()


def test_a_transform_that_leaves_no_arguments_is_named(sorting) -> None:
    sorting.write("rules/turn.sh", "rm arguments.json")
    sorting.commit()
    with pytest.raises(TrialFailed, match=r"relation 'order'.*arguments\.json"):
        sorting.make()


def test_relations_are_sealed_with_the_baseline(sealed) -> None:
    sealed.write("harness.toml", TOML.replace('name = "order"', 'name = "ordre"'))
    with pytest.raises(NotAllowed, match=r"relations\.order"):
        sealed.test()


def test_commands_of_a_relation_run_in_the_jail_of_trials(sorting) -> None:
    sorting.write("rules/add.sh", f"{ADD}; test ! -e {sorting.path}/.git")
    sorting.commit()
    workload = sorting.workload()
    with open_session(workload.config, apart=True) as session:
        session.runner.jail = Jail.STRICT
        baseline = make_baseline(session, workload, BaselineSettings(10**9, 2))
        assert run_test(session, workload, baseline).ok
        assert load_baseline(workload, Git(sorting.path)).document.relations


def test_the_files_of_a_relation_are_named_to_be_protected(sorting) -> None:
    relations = sorting.workload().task.relations
    named = ("rules/add.sh", "rules/has.sh", "rules/turn.sh")
    assert relation_files(relations, sorting.path) == named
