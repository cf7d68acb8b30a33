"""`harness next`: safe, exact, small."""

import re

import pytest

from harness.campaign.advice import advise
from harness.campaign.events import Kind
from harness.campaign.gates import Tree
from harness.campaign.state import Step
from harness.campaign.templates import read_fields, read_note, read_plan, read_thought
from harness.campaign.values import LogNote, ProfileOutcome, ProfileRow, Terms, TestStatus
from harness.model import Verdict

KEPT = Tree("tree-0")
CHANGED = Tree("changed", ("work.c",))


def tokens(text: str) -> int:
    """More than any tokenizer in use makes of it: words, numbers and marks, long words in parts."""
    parts = re.findall(r"[A-Za-z]+|\d+|[^\sA-Za-z\d]", text)
    return sum(1 + (len(part) - 1) // 6 if part.isalpha() else 1 for part in parts)


def test_each_step_has_its_command(story, make_result):
    state = story.state
    assert advise(state, KEPT).command == "harness profile"
    state = story.profiled()
    assert advise(state, KEPT).command == "harness think --file -"
    state = story.planned()
    assert advise(state, KEPT).action == "IMPLEMENT"
    assert advise(state, CHANGED).command == "harness test"
    state = story.tested()
    tree = Tree(state.iterations[-1].tested_tree, ("work.c",))
    assert advise(state, tree).command == "harness bench"
    state = story.benched(make_result(2.0))
    assert advise(state, tree).command == "harness log --file -"


def test_the_last_three_steps_have_theirs(story, make_result):
    story.iterated(make_result(2.0))
    assert advise(story.state, KEPT).command == "harness profile"
    story.profiled()
    tree = Tree(story.state.kept_tree)
    story.tell(
        Kind.DECIDED, decision={"stop": True, "rule": "exhausted", "reason": "x"}, exhausted="x"
    )
    assert advise(story.state, tree).command == "harness campaign finish"
    story.tell(Kind.FINISHING, result=None, request=None)
    advice = advise(story.tell(Kind.FINISHED), tree)
    assert not advice.should_continue
    assert "forces now takes 80%" in advice.why


def test_a_change_before_the_thought_is_to_be_put_aside(story):
    advice = advise(story.profiled(), CHANGED)
    assert advice.action == "RESTORE"
    assert "git restore" in advice.command


def test_code_that_changed_after_it_was_measured_is_undone_before_the_commit(story, make_result):
    story.profiled()
    story.planned()
    story.tested()
    story.benched(make_result(2.0))
    state = story.tell(Kind.LOGGED, note=LogNote("the compiler knew"))
    assert state.step is Step.COMMIT
    assert advise(state, CHANGED).action == "RESTORE"
    assert advise(state, Tree(state.iterations[-1].tested_tree)).action == "COMMIT"
    interrupted = story.tell(Kind.COMMITTING, iteration=1)
    assert advise(interrupted, CHANGED).command == "harness commit"


def test_the_full_case_is_asked_for_where_it_is_due(tell, make_result):
    story = tell(Terms("work", "fast", full_case="full", full_every=1))
    story.profiled()
    story.planned()
    state = story.tested()
    tree = Tree(state.iterations[-1].tested_tree, ("work.c",))
    assert advise(state, tree).command == "harness bench --validate-full"


@pytest.mark.parametrize(("needed", "action"), [(90e9, "BENCHMARK"), (9e11, "LOG"), (None, "LOG")])
def test_an_undecided_look_is_repeated_only_where_that_may_decide(
    story, make_result, needed, action
):
    story.profiled()
    story.planned()
    story.tested()
    budget = None if needed is None else int(needed)
    state = story.benched(make_result(1.1, verdict=Verdict.UNDECIDED, budget_needed_ns=budget))
    tree = Tree(state.iterations[-1].tested_tree, ("work.c",))
    assert advise(state, tree).action == action


def test_no_longer_look_is_asked_for_where_hardly_anything_is_left_to_win(story, make_result):
    story.profiled()
    story.planned()
    story.tested()
    budget_ns = 90_000_000_000
    state = story.benched(make_result(1.0, verdict=Verdict.UNDECIDED, budget_needed_ns=budget_ns))
    advice = advise(state, Tree(state.iterations[-1].tested_tree, ("work.c",)))
    assert advice.action == "LOG"
    assert "at most 1.0" in advice.why


def test_a_broken_build_is_to_be_repaired(story):
    story.profiled()
    story.planned()
    state = story.tested(TestStatus.BUILD_FAILED, "work.c:3: error")
    same = Tree(state.iterations[-1].tested_tree, ("work.c",))
    assert advise(state, same).action == "REPAIR"
    assert advise(state, CHANGED).action == "TEST"


def test_the_advice_of_every_state_fits_into_400_tokens(story, make_result, make_thought):
    """Long names, many files, long messages: still small."""
    name = "evaluate_all_candidate_trajectories_with_interpolation"
    story.profiled(ProfileOutcome("fast", (ProfileRow(name, 0.9), ProfileRow("read_filter", 0.08))))
    many = Tree("changed", tuple(f"source/module_{n}/kernel_{n}.c" for n in range(40)))
    seen = [advise(story.state, KEPT), advise(story.state, many)]
    story.planned(make_thought(bottleneck=name))
    seen += [advise(story.state, KEPT), advise(story.state, many)]
    story.tested(TestStatus.BUILD_FAILED, "error: expected expression before token\n" * 50)
    seen.append(advise(story.state, Tree(story.state.iterations[-1].tested_tree, many.changed)))
    story.tested()
    state = story.benched(make_result(1.01, verdict=Verdict.UNDECIDED, budget_needed_ns=10**11))
    seen += [advise(state, Tree(state.iterations[-1].tested_tree, many.changed))]
    story.tell(Kind.ABANDONED, reason="undecided")
    seen.append(advise(story.state, many))
    story.closed()
    seen.append(advise(story.state, KEPT))
    assert story.decided().step is Step.THINK
    assert max(tokens(advice.text) for advice in seen) <= 400


def test_the_templates_are_what_the_commands_read(story, make_result):
    state = story.profiled()
    thought = read_thought(read_fields(advise(state, KEPT).template, "next"), "next")
    assert thought.prediction.bottleneck == "forces"
    state = story.planned()
    plan = read_plan(read_fields('title = "a"\noptimization = "b"', "x"), "x")
    assert plan.title == "a"
    story.tested()
    state = story.benched(make_result(9.0))
    tree = Tree(state.iterations[-1].tested_tree, ("work.c",))
    note = read_note(read_fields(advise(state, tree).template, "next"), "next")
    assert note.lesson == "<what it teaches>"
