"""The floor bounds what a thought may predict; the whole program is a bottleneck of its own."""

import math
import tomllib

import pytest

from harness.campaign.advice import Situation, advise
from harness.campaign.bottlenecks import WHOLE_PROGRAM
from harness.campaign.events import Kind
from harness.campaign.gates import bound_problem, check_thought
from harness.campaign.moves import Tree
from harness.campaign.status import profile_table
from harness.campaign.stopping import worthwhile
from harness.campaign.takeover import takeover_text
from harness.campaign.templates import thought_template
from harness.campaign.values import ProfileOutcome, ProfileRow
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
