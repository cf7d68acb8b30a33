"""`finish` that ends the loop as well, in one call."""

from __future__ import annotations

import pytest

from harness.campaign.events import Kind
from harness.campaign.state import Step
from harness.errors import NotAllowed
from harness.optimise import finish, log, plan, think
from harness.optimise.verify import verify
from tests.optimise.test_steps import iterate

WHY = "out of time"


def test_between_iterations_finish_decides_that_the_loop_ends(started, thought, planned, note):
    iterate(started, thought(), planned(), note, time=50)
    finish(started.campaign, started.bench, exhausted=WHY)
    campaign = started.campaign
    assert campaign.state.step is Step.FINISHED
    decided = [event.data for event in campaign.events if event.kind is Kind.DECIDED][-1]
    assert decided["exhausted"] == WHY
    assert (campaign.state.decision.rule, campaign.state.decision.reason) == ("exhausted", WHY)
    assert verify(campaign, started.bench).ok


def test_said_once_more_it_goes_on_with_the_end(started, thought, planned, note):
    iterate(started, thought(), planned(), note, time=50)
    assert finish(started.campaign, started.bench, merge=False, exhausted=WHY).merged == ""
    assert finish(started.campaign, started.bench, exhausted="again").merged
    assert started.campaign.state.decision.reason == WHY


def test_inside_of_an_iteration_nothing_is_written_and_the_way_is_named(
    started, thought, planned, note
):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    before = len(started.campaign.events)
    with pytest.raises(NotAllowed, match="iteration 1 is open") as refused:
        finish(started.campaign, started.bench, exhausted=WHY)
    assert 'harness log --abandon "WHY" --surprise "..." --why' in refused.value.hint
    assert len(started.campaign.events) == before
    log(started.campaign, note, abandon=WHY)
    with pytest.raises(NotAllowed, match="REVERT") as refused:
        finish(started.campaign, started.bench, exhausted=WHY)
    assert "harness revert" in refused.value.hint


def test_where_finish_would_be_refused_nothing_is_decided(started):
    (started.root / "work.txt").write_text("time = 90\n")
    before = len(started.campaign.events)
    with pytest.raises(NotAllowed, match="these files differ"):
        finish(started.campaign, started.bench, exhausted=WHY)
    assert len(started.campaign.events) == before
