"""Gates: what is refused, in which words, and with which way out."""

from dataclasses import replace

import pytest

from harness.campaign.advice import Situation, advise
from harness.campaign.events import Kind
from harness.campaign.gates import (
    bound_problem,
    check_note,
    check_plan,
    check_thought,
    compare_words,
    name_some,
)
from harness.campaign.logs import optimization_log, thinking_log
from harness.campaign.moves import RULES, Move, Tree, forbidden, permit
from harness.campaign.state import Step
from harness.campaign.status import status_text
from harness.campaign.values import Terms
from harness.errors import NotAllowed, UsageError
from harness.model import Verdict
from harness.model.proposals import Option, Plan, Reflection


def test_what_is_allowed_instead_is_said(story):
    with pytest.raises(NotAllowed, match="waits for PROFILE") as refused:
        permit(Move.THINK, story.state, Tree(story.state.kept_tree))
    assert "harness profile" in refused.value.hint


def test_an_end_before_its_time_is_told_how(story, make_result):
    state = story.iterated(make_result(2.0))
    with pytest.raises(NotAllowed, match="waits for PROFILE") as refused:
        permit(Move.FINISH, state, Tree(state.kept_tree))
    assert '`harness campaign finish --exhausted "why"` ends it' in refused.value.hint


def test_what_the_hint_allows_is_what_the_tree_allows_too(story):
    with pytest.raises(NotAllowed) as refused:
        permit(Move.THINK, story.state, Tree("other", ("work.c",)))
    assert "harness profile" not in refused.value.hint
    assert "harness restore" in refused.value.hint


def test_every_move_has_a_rule_and_every_state_a_move():
    assert set(RULES) == set(Move)
    covered = set().union(*(rule.steps for rule in RULES.values()))
    assert covered == set(Step) - {Step.START}


@pytest.mark.parametrize(
    ("path", "terms", "bad"),
    [
        ("tests/a/b.py", Terms("t", "c", protect=("tests/",)), True),
        ("testsuite.py", Terms("t", "c", protect=("tests/",)), False),
        ("tests", Terms("t", "c", protect=("tests/",)), True),
        ("harness.toml", Terms("t", "c", protect=("harness.toml",)), True),
        ("src/a.lock", Terms("t", "c", protect=("*.lock",)), True),
        ("src/a.c", Terms("t", "c", paths=("src/",)), False),
        ("lib/a.c", Terms("t", "c", paths=("src/",)), True),
        ("src/a.c", Terms("t", "c", paths=("src/",), protect=("src/a.c",)), True),
    ],
)
def test_protected_and_foreign_files_are_forbidden(path, terms, bad):
    assert forbidden([path], terms) == ([path] if bad else [])


def test_a_prediction_within_the_bound_is_fine(story, make_thought):
    assert bound_problem(story.profiled(), make_thought(2, 5)) == ""


def test_the_bound_may_be_predicted_as_it_is_shown(story, make_thought):
    from harness.campaign.profile_values import ProfileOutcome, ProfileRow

    story.profiled(ProfileOutcome("fast", (ProfileRow("energy", 0.443),)))  # 1.7953x
    assert bound_problem(story.state, make_thought(1.5, 1.80, "energy")) == ""
    assert "1.80x" in bound_problem(story.state, make_thought(1.5, 1.81, "energy"))


def test_the_whole_program_has_no_bound(story, make_thought):
    from harness.campaign.profile_values import ProfileOutcome, ProfileRow

    story.profiled(ProfileOutcome("fast", (ProfileRow("main", 1.0),)))
    assert bound_problem(story.state, make_thought(10, 100, "main")) == ""


def test_a_skipped_bottleneck_is_not_attacked_again(story, make_thought):
    story.profiled()
    state = story.tell(Kind.SKIPPED, bottleneck="forces", reason="all of it is libm")
    with pytest.raises(NotAllowed, match="all of it is libm") as refused:
        check_thought(state, make_thought())
    assert "read" in refused.value.hint


def test_one_option_is_no_choice(story, make_thought):
    thought = replace(make_thought(), options=(Option("a", "b", "c"),))
    with pytest.raises(UsageError, match="2 or 3 options or names none, got 1"):
        check_thought(story.profiled(), thought)


def test_a_field_left_as_in_a_form_is_not_filled_in(story, make_thought):
    with pytest.raises(UsageError, match="reasoning is left as in a form"):
        check_thought(story.profiled(), replace(make_thought(), reasoning="<why so much>"))


@pytest.mark.parametrize("words", ["", "  ", "<what limits it, and why>"])
def test_a_thought_without_a_hypothesis_is_none(story, make_thought, words):
    with pytest.raises(UsageError, match="needs hypothesis"):
        check_thought(story.profiled(), replace(make_thought(), hypothesis=words))


def test_bottleneck_hypothesis_and_prediction_are_all_that_a_thought_needs(story, make_thought):
    short = replace(make_thought(), options=(), chosen="", reasoning="", risk="")
    check_thought(story.profiled(), short)


@pytest.mark.parametrize("title", ["", "<brief title>", "two\nlines", "x" * 73])
def test_a_title_is_one_line(title):
    with pytest.raises(UsageError, match="title"):
        check_plan(Plan(title, "because"))


def measured(story, make_result, make_thought, point):
    story.profiled()
    story.planned(make_thought(1.5, 2.5))
    story.tested()
    return story.benched(make_result(point)).iterations[-1]


@pytest.mark.parametrize("point", [1.5, 2.0, 2.5])
def test_the_predicted_interval_holds_its_ends(story, make_result, make_thought, point):
    check_note(measured(story, make_result, make_thought, point), Reflection("None"))


@pytest.mark.parametrize("point", [1.49, 2.51, 0.9])
def test_none_is_refused_where_the_point_lies_outside(story, make_result, make_thought, point):
    iteration = measured(story, make_result, make_thought, point)
    with pytest.raises(NotAllowed, match="outside the predicted interval"):
        check_note(iteration, Reflection("None", why="w", lesson="l"))


@pytest.mark.parametrize(
    "words",
    [
        "No effect: the loop was vectorised already",
        "None of the time was in forces",
        "Nothing moved but the cache misses",
    ],
)
def test_a_surprise_that_begins_with_a_denial_is_still_one(story, make_result, make_thought, words):
    iteration = measured(story, make_result, make_thought, 1.0)
    check_note(iteration, Reflection(words, why="w", lesson="l"))


@pytest.mark.parametrize(
    ("rules", "point", "half", "surprised"),
    [
        (3, 2.6, 0.2, True),  # an older campaign goes by the point
        (4, 2.6, 0.2, False),
        (4, 2.6, 0.01, True),  # its whole interval lies above
        (4, 1.4, 0.2, False),
        (4, 1.3, 0.01, True),
        (4, 2.0, 0.01, False),
        (4, 1.0, 0.9, True),  # no gain: the prediction did not come true, however wide it is
    ],
)
def test_a_gain_whose_interval_meets_the_prediction_is_no_surprise(
    tell, make_result, make_thought, rules, point, half, surprised
):
    story = tell(Terms("work", "fast", rules=rules, objective="wall"))
    story.profiled()
    story.planned(make_thought(1.5, 2.5))
    story.tested()
    iteration = story.benched(make_result(point, half=half)).iterations[-1]
    assert iteration.surprised is surprised
    if surprised:
        with pytest.raises(NotAllowed, match=r"outside the predicted interval$"):
            check_note(iteration, Reflection("None: as predicted", why="w", lesson="l"))
    else:
        check_note(iteration, Reflection("None: as predicted"))
    assert ("which its own one meets" in compare_words(iteration)) is (
        half == 0.2 and not surprised
    )


@pytest.mark.parametrize(("point", "shown"), [(1.0097, "1.0097x"), (1.0604, "1.0604x")])
def test_a_figure_outside_of_the_prediction_is_not_shown_as_one_of_its_ends(
    tell, make_result, make_thought, point, shown
):
    story = tell(Terms("work", "fast", rules=8, objective="wall"))
    story.profiled()
    story.planned(make_thought(1.01, 1.06))
    story.tested()
    state = story.benched(make_result(point, verdict=Verdict.EQUIVALENT, half=0.0001))
    assert f"predicted 1.01 to 1.06x, measured {shown} [" in compare_words(state.iterations[-1])
    state = story.closed()
    assert f"**Actual:** {shown} speedup [" in thinking_log(state)
    assert f"**Result:** {shown} speedup " in optimization_log(state)
    assert shown in status_text(state, advise(Situation(state, Tree(state.kept_tree))))


def test_an_empty_surprise_is_never_fine(story, make_result, make_thought):
    with pytest.raises(UsageError, match="think hard"):
        check_note(measured(story, make_result, make_thought, 2.0), Reflection(" "))


def test_many_paths_are_named_by_a_few():
    assert name_some([f"f{n}" for n in range(7)]) == "f0, f1, f2, f3, f4 and 2 more"
