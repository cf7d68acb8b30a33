"""A bottleneck is what it is, not what it is called."""

import pytest

from harness.campaign.bottlenecks import holds_others, identity
from harness.campaign.events import Kind
from harness.campaign.gates import check_thought
from harness.campaign.profile_values import ProfileOutcome, ProfileRow
from harness.campaign.stopping import worthwhile
from harness.campaign.values import Terms
from harness.errors import NotAllowed, UsageError

PROFILE = ProfileOutcome(
    "fast",
    (ProfileRow("<module>", 1.0), ProfileRow("forces", 0.8), ProfileRow("read", 0.15)),
)


@pytest.mark.parametrize(
    "name", ["Forces", " forces ", "forces()", "forces(double*, int)", "forces.constprop.0"]
)
def test_names_of_one_place_are_the_same(name):
    assert identity(name) == identity("forces")


def test_different_places_stay_apart():
    assert identity("read/header") != identity("write/header")
    assert not holds_others("main_loop")
    assert holds_others("main")
    assert holds_others("asm_exc_page_fault")
    assert holds_others("irqentry_exit_to_user_mode")


@pytest.mark.parametrize("name", ["forces", "Forces()", "<module>"])
def test_another_name_is_no_way_around_a_skip(tell, make_thought, name):
    story = tell(Terms("work", "fast", rules=2))
    story.profiled(PROFILE)
    story.tell(Kind.SKIPPED, bottleneck="forces", reason="every change alters the output")
    with pytest.raises(NotAllowed) as refused:
        check_thought(story.state, make_thought(1.05, 1.1, name))
    assert "read (15%)" in refused.value.hint
    assert worthwhile(story.state) == ["forces", "read"]


def test_what_the_profile_shows_can_be_attacked_whatever_it_looks_like(tell, make_thought):
    story = tell(Terms("work", "fast", rules=2))
    story.profiled(PROFILE)
    check_thought(story.state, make_thought(1.05, 1.1, "<module>"))
    with pytest.raises(UsageError):
        check_thought(story.state, make_thought(1.05, 1.1, " "))
