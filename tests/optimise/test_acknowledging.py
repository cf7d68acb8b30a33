"""A flag that was looked into keeps its place, with what was found beside it."""

from dataclasses import replace

import pytest

from harness.campaign.events import Kind
from harness.campaign.flag_lines import flag_lines
from harness.campaign.folding import fold
from harness.campaign.sightings import CaseEvidence, Flag, SideSeen
from harness.cli import cli
from harness.cli.shared.base import guard
from harness.errors import DataDamaged, NotAllowed, UsageError
from harness.model.proposals import Reflection
from harness.optimise import Then, plan, think
from harness.optimise.acknowledging import acknowledge
from harness.optimise.completing import Rest, complete
from harness.optimise.verify import verify

NAME, REASON = "suspicious-speed-up", "a table in place of a search;\n300 draws agree"
NOTE = Reflection("far more than hoped", "", "the table", "look for searches")
SEEN = CaseEvidence(SideSeen(1e6, 1e6, 0.0), SideSeen(1e6, 1e6, 0.0), adapter="c")


@pytest.fixture
def flagged(started, thought, planned, monkeypatch):
    """A campaign whose first iteration, 200x as fast, is kept with a flag."""
    look = started.bench.bench

    def seen(request):
        outcome = look(request)
        return replace(outcome, fast=replace(outcome.fast, evidence=SEEN))

    monkeypatch.setattr(started.bench, "bench", seen)
    campaign = started.campaign
    think(campaign, thought())
    plan(campaign, planned())
    started.write(time=0.5)
    complete(started.campaign, started.bench, Rest(Then.AUTO, NOTE))
    return started


def test_the_reason_stands_beside_the_flag_in_logs_and_for_verify(flagged):
    before, other = flag_lines(flagged.campaign.state.iterations)
    acknowledge(flagged.campaign, NAME, REASON)
    lines = flag_lines(flagged.campaign.state.iterations)
    assert lines == [f"{before} (acknowledged: {' '.join(REASON.split())})", other]
    found = verify(flagged.campaign, flagged.bench)
    assert (found.problems, found.flags) == ([], lines)
    log = (flagged.root / "optim" / "optimization_log.md").read_text()
    assert f"FLAG {NAME}: on fast" in log
    assert "(acknowledged: a table in place of a search; 300 draws agree)" in log


def test_it_is_said_once(flagged):
    for _ in range(2):
        acknowledge(flagged.campaign, NAME, REASON)
    kinds = [event.kind for event in flagged.campaign.events]
    assert kinds.count(Kind.ACKNOWLEDGED) == 1
    with pytest.raises(NotAllowed, match="already: a table"):
        acknowledge(flagged.campaign, NAME, "another one")


@pytest.mark.parametrize(("name", "number"), [("waiting", None), (NAME, 2)])
def test_a_flag_that_does_not_stand_is_refused_with_those_that_do(flagged, name, number):
    with pytest.raises(UsageError, match="no flag") as refused:
        acknowledge(flagged.campaign, name, REASON, number)
    assert f"{NAME} (iteration 1)" in refused.value.hint


def test_a_journal_that_acknowledges_what_is_not_there_is_damaged(flagged):
    campaign = flagged.campaign
    other = Flag(NAME, "another sentence")
    data = {"iteration": 1, "flag": other, "reason": REASON}
    with pytest.raises(DataDamaged, match="not there"):
        fold([*campaign.events, campaign.draft(Kind.ACKNOWLEDGED, **data)])


def test_the_command_line_says_it_and_strict_still_asks(flagged, monkeypatch, capfd):
    monkeypatch.chdir(flagged.root)
    monkeypatch.setattr("harness.optimise.workbench.LocalWorkbench", lambda *_, **__: flagged.bench)
    assert guard(cli, ["acknowledge", NAME, "--reason", REASON]) == 0
    assert "(acknowledged: a table" in capfd.readouterr().out
    assert guard(cli, ["verify"]) == 0
    assert "(acknowledged: a table" in "".join(capfd.readouterr())
    assert guard(cli, ["verify", "--strict"]) == 1
