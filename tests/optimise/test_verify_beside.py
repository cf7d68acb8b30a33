"""`verify` beside a command that writes: read again, and no damage where there is none."""

from __future__ import annotations

import pytest

from harness.errors import NotAllowed
from harness.optimise import Campaign, check_candidate, plan, run_profile, think
from harness.optimise.verify import verify
from harness.optimise.verify_beside import verified_beside
from harness.project.state_folder import lock_of
from harness.system.store.lock import hold


def test_an_event_that_was_written_meanwhile_is_read_and_not_missed(started, thought):
    world = started
    early = Campaign(world.campaign.config, world.campaign.name)
    run_profile(world.campaign, world.bench)
    think(world.campaign, thought())
    assert "was seen, and is not here" in str(verify(early, world.bench).problems)
    assert verified_beside(early, world.bench).problems == []


def test_what_does_not_fit_while_a_command_is_at_work_is_no_damage_yet(started, thought, planned):
    world = started
    run_profile(world.campaign, world.bench)
    think(world.campaign, thought())
    plan(world.campaign, planned())
    world.write(time=50)
    check_candidate(world.campaign, world.bench, full=False)
    log = world.root / "optim" / "thinking_log.md"
    whole = log.read_text()
    log.write_text(whole.replace("1", "2"))
    with hold(lock_of(world.root)), pytest.raises(NotAllowed) as refused:
        verified_beside(world.campaign, world.bench)
    assert "at work here" in refused.value.message
    assert "when it has ended" in refused.value.hint
    assert "not what the events give" in str(verified_beside(world.campaign, world.bench).problems)
    log.write_text(whole)
    with hold(lock_of(world.root)):
        assert verified_beside(world.campaign, world.bench).ok
