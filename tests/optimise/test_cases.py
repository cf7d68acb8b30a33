"""A campaign over several cases, from its terms to what `verify` says of it."""

import pytest

from harness.campaign.events import Kind
from harness.errors import NotAllowed
from harness.optimise import (
    BenchOptions,
    bench_candidate,
    check_candidate,
    commit,
    decide,
    finish,
    log,
    plan,
    run_profile,
    start,
    think,
)
from harness.optimise.verify import verify
from tests.optimise.conftest import CONFIG
from tests.optimise.test_verify import rewrite


@pytest.fixture
def several(world):
    """A campaign whose fast case has two further ones beside it."""
    config = CONFIG.replace('case = "fast"', 'cases = ["fast", "wide", "deep"]')
    config = config.replace(
        "cases.full", "cases.wide.params = { n = 2 }\ncases.deep.params = { n = 3 }\ncases.full"
    )
    (world.root / "harness.toml").write_text(config)
    world.write(wide=100, deep=100)
    world.shell("commit", "--all", "--quiet", "-m", "several cases")
    start(world.campaign, world.bench)
    return world


def looked(world, thought, planned, **change):
    run_profile(world.campaign, world.bench)
    think(world.campaign, thought())
    plan(world.campaign, planned())
    world.write(**change)
    check_candidate(world.campaign, world.bench, full=False)
    return bench_candidate(world.campaign, world.bench, BenchOptions())


def test_a_gain_on_one_case_is_kept_and_verified(several, thought, planned, note):
    looked(several, thought, planned, deep=50)
    log(several.campaign, note)
    commit(several.campaign)
    decide(several.campaign)
    decide(several.campaign, exhausted="enough")
    finish(several.campaign, several.bench)
    found = verify(several.campaign, several.bench)
    assert found.problems == []
    assert found.checked["measured cases"] == 7  # three of the look, and four at the end


def test_a_loss_on_one_case_is_not_kept(several, thought, planned, note):
    looked(several, thought, planned, time=50, wide=120)
    log(several.campaign, note)
    with pytest.raises(NotAllowed):
        commit(several.campaign)


def test_a_case_that_was_left_out_is_named(several, thought, planned):
    looked(several, thought, planned, deep=50)

    def left_out(kind, data):
        if kind is Kind.BENCHED:
            data["outcome"]["others"].pop()

    rewrite(several, left_out)
    problems = " ".join(verify(several.campaign, several.bench).problems)
    assert "deep: due and not measured" in problems
