"""`harness next`: safe, exact, small."""

import re
from dataclasses import replace

import pytest

from harness.campaign.advice import Advice, Situation, advise
from harness.campaign.case_parts import SideBuild
from harness.campaign.events import Kind
from harness.campaign.moves import Tree
from harness.campaign.profile_values import ProfileOutcome, ProfileRow
from harness.campaign.state import State, Step
from harness.campaign.values import Terms, TestStatus
from harness.model import Verdict
from harness.model.forms import read_fields, read_plan, read_reflection, read_thought
from harness.model.proposals import Reflection

KEPT = Tree("tree-0")
CHANGED = Tree("changed", ("work.c",))


def _advise(state: State, tree: Tree, looked_ns: int = 0) -> Advice:
    return advise(Situation(state, tree, looked_ns))


def tokens(text: str) -> int:
    """More than any tokenizer in use makes of it: words, numbers and marks, long words in parts."""
    parts = re.findall(r"[A-Za-z]+|\d+|[^\sA-Za-z\d]", text)
    return sum(1 + (len(part) - 1) // 6 if part.isalpha() else 1 for part in parts)


def test_each_step_has_its_command(story, make_result):
    state = story.state
    assert _advise(state, KEPT).command == "harness profile"
    state = story.profiled()
    assert _advise(state, KEPT).command == "harness think --file -"
    state = story.planned()
    assert _advise(state, KEPT).action == "IMPLEMENT"
    assert _advise(state, CHANGED).command == "harness test"
    state = story.tested()
    tree = Tree(state.iterations[-1].tested_tree, ("work.c",))
    assert _advise(state, tree).command == "harness bench"
    state = story.benched(make_result(2.0))
    assert _advise(state, tree).command == "harness log --file -"


def test_the_last_three_steps_have_theirs(story, make_result):
    state = story.iterated(make_result(2.0))
    assert _advise(state, Tree(state.kept_tree)).command == "harness profile"
    story.profiled()
    tree = Tree(story.state.kept_tree)
    story.tell(
        Kind.DECIDED, decision={"stop": True, "rule": "exhausted", "reason": "x"}, exhausted="x"
    )
    assert _advise(story.state, tree).command == "harness campaign finish"
    story.tell(Kind.FINISHING, result=None, request=None)
    advice = _advise(story.tell(Kind.FINISHED), tree)
    assert not advice.should_continue
    assert "forces now takes 80%" in advice.why


def test_a_change_before_the_thought_is_to_be_put_aside(story):
    advice = _advise(story.profiled(), CHANGED)
    assert advice.action == "RESTORE"
    assert advice.command == "harness restore"


def test_code_that_changed_after_it_was_measured_is_undone_before_the_commit(story, make_result):
    story.profiled()
    story.planned()
    story.tested()
    story.benched(make_result(2.0))
    state = story.tell(Kind.LOGGED, note=Reflection("the compiler knew"))
    assert state.step is Step.COMMIT
    kept = replace(CHANGED, tested_commit="abc")
    assert _advise(state, kept).command == "harness restore"
    assert "--abandon" in _advise(state, CHANGED).command
    assert _advise(state, Tree(state.iterations[-1].tested_tree)).action == "COMMIT"
    interrupted = story.tell(Kind.COMMITTING, iteration=1)
    assert _advise(interrupted, replace(CHANGED, committed=True)).command == "harness commit"
    assert _advise(interrupted, kept).command == "harness restore"


def test_a_longer_look_asks_for_more_than_the_last_one_had(story, make_result):
    story.profiled()
    story.planned()
    story.tested()
    state = story.benched(make_result(1.1, verdict=Verdict.UNDECIDED, budget_needed_ns=9 * 10**10))
    tree = Tree(state.iterations[-1].tested_tree, ("work.c",))
    assert "--budget 90s" in _advise(state, tree, 60 * 10**9).command
    assert "--budget 101s" in _advise(state, tree, 100 * 10**9).command


def test_code_that_was_put_back_after_its_test_is_no_code_to_test(story):
    story.profiled()
    story.planned()
    state = story.tested()
    assert _advise(state, KEPT).action == "IMPLEMENT"
    assert _advise(state, replace(KEPT, tested_commit="abc")).action == "RESTORE"


def test_the_example_of_a_prediction_is_within_the_bound(story):
    profile = ProfileOutcome("fast", (ProfileRow("a", 0.074), ProfileRow("b", 0.06)))
    state = story.profiled(profile)
    thought = read_thought(read_fields(_advise(state, KEPT).template, "next"), "next")
    assert 1 < thought.prediction.low <= thought.prediction.high <= profile.rows[0].bound


def test_where_everything_is_small_the_template_asks_for_the_reason(story):
    state = story.profiled(ProfileOutcome("fast", (ProfileRow("a", 0.04), ProfileRow("b", 0.03))))
    thought = read_thought(read_fields(_advise(state, KEPT).template, "next"), "next")
    assert thought.reason
    assert thought.prediction.bottleneck == "a"


def test_what_only_the_reader_can_do_stands_before_the_command(story):
    story.profiled()
    advice = _advise(story.planned(), KEPT)
    assert (advice.first, advice.command) == ("change the code as planned", "harness test")
    assert advice.line == "change the code as planned, then harness test"


def test_the_way_to_say_that_nothing_is_left_is_named(story):
    assert "harness decide --exhausted" in _advise(story.profiled(), KEPT).text


def test_the_full_case_is_asked_for_where_it_is_due(tell, make_result):
    story = tell(Terms("work", "fast", full_case="full", full_every=1))
    story.profiled()
    story.planned()
    state = story.tested()
    tree = Tree(state.iterations[-1].tested_tree, ("work.c",))
    assert _advise(state, tree).command == "harness bench --validate-full"


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
    assert _advise(state, tree).action == action


def test_no_longer_look_is_asked_for_where_hardly_anything_is_left_to_win(story, make_result):
    story.profiled()
    story.planned()
    story.tested()
    budget_ns = 90_000_000_000
    state = story.benched(make_result(1.0, verdict=Verdict.UNDECIDED, budget_needed_ns=budget_ns))
    advice = _advise(state, Tree(state.iterations[-1].tested_tree, ("work.c",)))
    assert advice.action == "LOG"
    assert "at most 1.0" in advice.why


def test_a_broken_build_is_to_be_repaired(story):
    story.profiled()
    story.planned()
    state = story.tested(TestStatus.BUILD_FAILED, "work.c:3: error")
    same = Tree(state.iterations[-1].tested_tree, ("work.c",))
    assert _advise(state, same).action == "REPAIR"
    assert _advise(state, CHANGED).action == "TEST"


def test_the_advice_of_every_state_fits_into_400_tokens(story, make_result, make_thought):
    """Long names, many files, long messages: still small."""
    name = "evaluate_all_candidate_trajectories_with_interpolation"
    story.profiled(ProfileOutcome("fast", (ProfileRow(name, 0.9), ProfileRow("read_filter", 0.08))))
    many = Tree("changed", tuple(f"source/module_{n}/kernel_{n}.c" for n in range(40)))
    seen = [_advise(story.state, KEPT), _advise(story.state, many)]
    story.planned(make_thought(bottleneck=name))
    seen += [_advise(story.state, KEPT), _advise(story.state, many)]
    story.tested(TestStatus.BUILD_FAILED, "error: expected expression before token\n" * 50)
    seen.append(_advise(story.state, Tree(story.state.iterations[-1].tested_tree, many.changed)))
    story.tested()
    state = story.benched(make_result(1.01, verdict=Verdict.UNDECIDED, budget_needed_ns=10**11))
    seen += [_advise(state, Tree(state.iterations[-1].tested_tree, many.changed))]
    story.tell(Kind.ABANDONED, reason="undecided")
    seen.append(_advise(story.state, many))
    story.closed()
    seen.append(_advise(story.state, KEPT))
    assert story.decided().step is Step.THINK
    assert max(tokens(advice.text) for advice in seen) <= 400


def test_the_templates_are_what_the_commands_read(story, make_result):
    state = story.profiled()
    thought = read_thought(read_fields(_advise(state, KEPT).template, "next"), "next")
    assert thought.prediction.bottleneck == "forces"
    state = story.planned()
    plan = read_plan(read_fields('title = "a"\noptimization = "b"', "x"), "x")
    assert plan.title == "a"
    story.tested()
    state = story.benched(make_result(9.0))
    tree = Tree(state.iterations[-1].tested_tree, ("work.c",))
    note = read_reflection(read_fields(_advise(state, tree).template, "next"), "next")
    assert note.lesson == "<what it teaches>"


def test_a_look_at_one_program_on_both_sides_is_given_up_at_once(story, make_result):
    story.profiled()
    story.planned()
    story.tested()
    result = make_result(1.1, verdict=Verdict.UNDECIDED, budget_needed_ns=9 * 10**10)
    builds = tuple(SideBuild(side, "b", "same") for side in ("baseline", "kept", "current"))
    state = story.benched(replace(result, builds=builds))
    tree = Tree(state.iterations[-1].tested_tree, ("work.c",))
    advice = _advise(state, tree, 60 * 10**9)
    assert advice.command == 'harness log --abandon "undecided" --file - --then auto'
    assert "byte for byte" in advice.why


def test_a_target_that_only_the_chained_intervals_width_hides_may_end_the_loop(tell, make_result):
    story = tell(Terms("work", "fast", target_speedup=2.0))
    wide = make_result(2.1, half=0.3)
    quick = replace(wide, cumulative=wide.step, chained=True)
    story.iterated(quick)
    advice = _advise(story.state, Tree(story.state.kept_tree))
    assert "reached by the middle of the chained figure, 2.10x" in advice.why
    assert "harness decide --exhausted" in advice.instead
    story.profiled()
    assert "and finish measures it" in _advise(story.state, Tree(story.state.kept_tree)).why
    sure = tell(Terms("work", "fast", target_speedup=3.0))
    sure.iterated(quick)
    assert "target" not in _advise(sure.state, Tree(sure.state.kept_tree)).why
