"""The floor bounds what a thought may predict; the whole program is a bottleneck of its own."""

import math
import tomllib
from dataclasses import replace

import pytest

from harness.campaign.advice import Situation, advise
from harness.campaign.bottlenecks import BY_FLOOR, BY_WHOLE, WHOLE_PROGRAM
from harness.campaign.dominating import dominating_words
from harness.campaign.events import Kind
from harness.campaign.gates import bound_problem, check_thought
from harness.campaign.logs import optimization_log, summary
from harness.campaign.moves import Tree
from harness.campaign.patterns import fitting
from harness.campaign.profile_values import ProfileOutcome, ProfileRow
from harness.campaign.status import profile_table, status_text
from harness.campaign.stopping import attackable, worthwhile
from harness.campaign.takeover import takeover_text
from harness.campaign.templates import thought_template
from harness.campaign.values import BenchOutcome, Terms
from harness.errors import NotAllowed
from harness.model import Floor, FloorPart

FLOOR = Floor(250e6, 240e6, (FloorPart("start-up", 12e6, 12e6), FloorPart("imports", 42e6, 40e6)))
LIMIT = FLOOR.bound  # 4.63
PROFILE = ProfileOutcome(
    "fast",
    (
        ProfileRow("solve", 1.0, "phase", LIMIT),
        ProfileRow("step", 0.4, "function", LIMIT),
        ProfileRow("(imports)", 0.168, "floor"),
        ProfileRow(WHOLE_PROGRAM, 1 - FLOOR.total_share, "whole program", LIMIT),
    ),
    wall_ns=250e6,
    floor=FLOOR,
)
WORDS = "an empty program takes 54 ms (12 ms start-up and 42 ms imports): at most 4.63x is left"


def test_a_phase_that_is_all_of_the_run_is_bounded_by_the_floor(tell, make_thought):
    state = tell().profiled(PROFILE)
    assert not bound_problem(state, make_thought(2, 4.6, "solve"))
    with pytest.raises(NotAllowed) as refused:
        check_thought(state, make_thought(2, 23.8, "solve"))
    assert refused.value.message == f"2 to 23.8x is beyond the floor: of 250 ms, {WORDS}"
    check_thought(state, make_thought(2, 23.8, "solve", reason="start-up goes too"))


def test_a_part_keeps_amdahl_s_bound_where_that_is_less(tell, make_thought):
    state = tell().profiled(PROFILE)
    assert "Amdahl's bound" in bound_problem(state, make_thought(1.2, 2, "step"))
    # An import can be avoided: the floor is no limit to its own part.
    assert not bound_problem(state, make_thought(1.1, 1.2, "(imports)"))


def test_a_share_of_few_samples_bounds_no_more_than_it_knows(tell, make_thought):
    row = ProfileRow("find", 0.12, "function", LIMIT, high=0.2)
    state = tell().profiled(replace(PROFILE, rows=(row,)))
    assert not bound_problem(state, make_thought(1.15, 1.25, "find"))
    said = bound_problem(state, make_thought(1.2, 1.4, "find"))
    assert said.endswith("would give 1.14x, and 1.25x were its share the 20.0% that it may be")


@pytest.mark.parametrize("name", ["main", "<module>", "total"])
def test_a_rewrite_of_the_whole_is_named_and_main_is_refused_with_its_name(
    tell, make_thought, name
):
    state = tell().profiled(PROFILE)
    with pytest.raises(NotAllowed) as refused:
        check_thought(state, make_thought(2, 3, name, reason="I rewrite it"))
    assert repr(WHOLE_PROGRAM) in refused.value.hint
    check_thought(state, make_thought(2, 4.5, WHOLE_PROGRAM))
    assert "beyond the floor" in bound_problem(state, make_thought(2, 5, WHOLE_PROGRAM))


def test_a_program_at_its_floor_is_not_worth_a_rewrite(tell, make_thought):
    row = ProfileRow(WHOLE_PROGRAM, 0.03, "whole program", 1 / 0.97)
    state = tell().profiled(ProfileOutcome("fast", (row,)))
    assert "takes 3.0% of the time" in bound_problem(state, make_thought(1.1, 2, WHOLE_PROGRAM))


def test_the_whole_is_open_where_parts_were_given_up_and_ends_nothing(tell, make_thought):
    story = tell()
    story.profiled(PROFILE)
    story.tell(Kind.SKIPPED, bottleneck="solve", reason="every change alters the output")
    check_thought(story.state, make_thought(2, 4.5, WHOLE_PROGRAM))
    assert worthwhile(story.state) == ["solve", "step"]  # neither the floor nor the whole
    story.tell(Kind.SKIPPED, bottleneck="step", reason="it is as fast as it gets")
    assert story.decided().decision.rule == "all bottlenecks skipped"


def test_where_no_part_is_known_the_whole_is_what_is_attacked(tell):
    row = ProfileRow(WHOLE_PROGRAM, 1.0, "whole program")
    state = tell().profiled(ProfileOutcome("fast", (row,)))
    assert worthwhile(state) == [WHOLE_PROGRAM]
    assert tomllib.loads(thought_template(state))["bottleneck"] == WHOLE_PROGRAM
    assert math.isinf(row.bound)


def test_status_and_the_form_of_a_thought_show_the_floor(tell):
    state = tell().profiled(PROFILE)
    table = profile_table(state, most=1)
    assert WORDS in table
    assert WHOLE_PROGRAM in table
    assert "no bound" not in table
    tree = Tree(state.kept_tree)
    assert WORDS in takeover_text(state, advise(Situation(state, tree)), tree)
    form = thought_template(state)
    assert WORDS in form
    assert f'bottleneck = "{WHOLE_PROGRAM}"' in form
    filled = tomllib.loads(form)
    assert filled["bottleneck"] == "solve"
    assert filled["predicted_high"] <= LIMIT


def test_a_profile_without_a_floor_says_nothing_of_one(tell):
    state = tell().profiled(ProfileOutcome("fast", (ProfileRow("solve", 1.0),)))
    assert "floor" not in profile_table(state)
    assert "no bound" in profile_table(state)


def _mostly(share: float) -> ProfileOutcome:
    """A profile of a program of which start-up takes this share."""
    limit = 1 / share
    rows = (
        ProfileRow("solve", 1 - share, "function", limit),
        ProfileRow("(start-up)", share, BY_FLOOR),
        ProfileRow(WHOLE_PROGRAM, 1 - share, BY_WHOLE, limit),
    )
    floor = Floor(1e8, 1e8, (FloorPart("start-up", share * 1e8, share * 1e8),))
    return ProfileOutcome("fast", rows, floor=floor)


UNTOLD = ProfileOutcome(
    "fast",
    (ProfileRow("solve", 0.9, "function"), ProfileRow(WHOLE_PROGRAM, 1.0, BY_WHOLE)),
    floor=Floor(1e8, 1e8, (FloorPart("start-up", 2e8, 2e8),), wall_told=False, cpu_told=False),
)


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        (PROFILE, "solve"),
        (_mostly(0.5), "solve"),
        (_mostly(0.97), None),
        (UNTOLD, None),
        (ProfileOutcome("fast", (ProfileRow("(start-up)", 1.0, BY_FLOOR),)), None),
        (ProfileOutcome("fast", (ProfileRow(WHOLE_PROGRAM, 0.5, BY_WHOLE),)), WHOLE_PROGRAM),
    ],
)
def test_start_up_is_nothing_to_attack(profile, name):
    row = attackable(profile, 0.05)
    assert (row.name if row else None) == name
    assert bool(fitting(profile)) is (name is not None)


@pytest.mark.parametrize("profile", [_mostly(0.97), UNTOLD])
def test_where_start_up_is_left_no_step_is_said_to_fit(tell, profile):
    state = tell().profiled(profile)
    advice = advise(Situation(state, Tree(state.kept_tree)))
    assert "hardly more than start-up is left" in advice.why
    assert "Patterns" not in advice.why
    assert advice.instead.startswith("harness decide --exhausted")


def _finished(tell, make_result, profile, rules):
    story = tell(Terms("work", "fast", rules=rules, objective="cpu", max_iterations=1))
    story.iterated(make_result(2.0))
    story.profiled(profile)
    story.tell(Kind.FINISHING, result=BenchOutcome(make_result(1.5)), request=None)
    return story.tell(Kind.FINISHED)


def test_the_end_names_no_start_up_as_the_next_bottleneck(tell, make_result):
    state = _finished(tell, make_result, _mostly(0.97), rules=4)
    advice = advise(Situation(state, Tree(state.kept_tree)))
    assert "hardly more than start-up is left" in advice.why
    assert "may attack" not in advice.why
    assert "## Hardly more than start-up is left\n\nfloor: of 100 ms" in summary(state)
    state = _finished(tell, make_result, _mostly(0.5), rules=4)
    assert "solve now takes 50%" in advise(Situation(state, Tree(state.kept_tree))).why
    assert "## solve now dominates" in summary(state)


def test_the_records_say_by_which_clock_a_time_is_since_the_fourth_rules(tell, make_result):
    new = summary(_finished(tell, make_result, PROFILE, rules=4))
    old = summary(_finished(tell, make_result, PROFILE, rules=3))
    assert new.count(" wall time | ") + new.count(" wall time\n- Commit") == 1
    assert new.count(" wall time vs ") == 1
    assert " wall time vs " not in old
    assert " wall time | " not in old
    assert " wall time\n- Commit" not in old


def test_a_finished_campaign_s_status_has_the_figure_that_was_measured_at_the_end(
    tell, make_result
):
    state = _finished(tell, make_result, PROFILE, rules=4)
    text = status_text(state, advise(Situation(state, Tree(state.kept_tree))))
    assert "measured at the end: 1.5" in text
    assert "so far" not in text
    before = tell(Terms("work", "fast", rules=4))
    before.iterated(make_result(2.0))
    advice = advise(Situation(before.state, Tree(before.state.kept_tree)))
    assert "so far: 2.00x" in status_text(before.state, advice)


def _spread(*parts: ProfileRow, start_up: float = 0.0) -> ProfileOutcome:
    """A profile of a program with these parts, of which start-up takes this share."""
    floor = Floor(1e8, 1e8, (FloorPart("start-up", start_up * 1e8, start_up * 1e8),))
    whole = ProfileRow(WHOLE_PROGRAM, 1 - start_up, BY_WHOLE, floor.limit)
    return ProfileOutcome("fast", (*parts, whole), floor=floor if start_up else None)


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        (_spread(ProfileRow("solve", 0.8)), "solve now dominates (80 % of total)."),
        (_spread(ProfileRow("solve", 0.3)), "solve now takes the most, and not half (30 % of"),
        (
            _spread(ProfileRow("solve", 0.03), start_up=0.83),
            "Nothing dominates: the program's own work, 17 % of total, is spread over parts of less"
            " than 5.0 %; the rest, 83 %, is start-up",
        ),
        (_spread(ProfileRow("(outside phases)", 0.6), start_up=0.58), "Nothing dominates: the"),
        (_spread(ProfileRow("(outside phases)", 0.6), start_up=0.2), "(outside phases) now dom"),
        (_spread(), "Nothing is known of the parts of the program's own work, 100 % of total"),
        (_mostly(0.97), "Hardly more than start-up is left"),
        (UNTOLD, "Hardly more than start-up is left"),
    ],
)
def test_what_is_left_is_named_only_where_a_part_of_it_is_worth_an_attack(profile, words):
    assert dominating_words(profile, 0.05).startswith(words)


@pytest.mark.parametrize("rules", [7, 8])
def test_older_records_name_the_whole_program_as_they_did(tell, make_result, rules):
    profile = _spread(ProfileRow("solve", 0.03), start_up=0.83)
    text = summary(_finished(tell, make_result, profile, rules))
    assert ("## the whole program now dominates (17 %" in text) is (rules == 7)
    assert ("## Nothing dominates: " in text) is (rules == 8)


def test_shares_that_overlap_are_said_to(tell, make_result):
    nested = _spread(ProfileRow("solve", 0.7), ProfileRow("step", 0.6))
    apart = _spread(ProfileRow("solve", 0.7), ProfileRow("step", 0.3))
    assert "they overlap, and have no sum" in profile_table(tell().profiled(nested))
    assert "overlap" not in profile_table(tell().profiled(apart))


@pytest.mark.parametrize(("rules", "said"), [(7, False), (8, True)])
def test_the_log_says_that_shares_overlap_since_the_eighth_rules(tell, make_result, rules, said):
    story = tell(Terms("work", "fast", rules=rules, objective="wall"))
    story.profiled(_spread(ProfileRow("forces", 0.8), ProfileRow("step", 0.6)))
    story.planned()
    story.tested()
    story.benched(make_result(2.0))
    assert ("case fast, each with all that it calls)" in optimization_log(story.closed())) is said
