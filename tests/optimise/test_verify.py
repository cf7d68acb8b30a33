"""`verify`: whole campaigns fit, and the first thing that was changed is named."""

import json
import shutil
from dataclasses import replace

import pytest

from harness.campaign.events import Kind, builtins, next_event
from harness.campaign.stopping import decision_by_rules as rules
from harness.errors import DataDamaged
from harness.optimise import (
    BenchOptions,
    Campaign,
    bench_candidate,
    check_candidate,
    commit,
    decide,
    finish,
    log,
    plan,
    revert,
    run_profile,
    start,
    think,
)
from harness.optimise.journal import read_events
from harness.optimise.verify import Verification, _decision, verify
from tests.optimise.conftest import (
    NOTE,
    copy_of,
    keep_witness,
    make_plan,
    make_thought,
    name_the_author,
)


@pytest.fixture(scope="session")
def template(templates, tmp_path_factory):
    """A finished campaign with a kept and a reverted iteration, merged into main; made once."""
    with pytest.MonkeyPatch.context() as patch:
        name_the_author(patch)
        world = copy_of(templates["begun"], tmp_path_factory.mktemp("finished") / "repo")
        start(world.campaign, world.bench)
        for change in ({"time": 50, "full": 500}, {"output": "wrong"}):
            run_profile(world.campaign, world.bench)
            think(world.campaign, make_thought())
            plan(world.campaign, make_plan())
            world.write(**change)
            check_candidate(world.campaign, world.bench, full=False)
            if "time" in change:
                bench_candidate(world.campaign, world.bench, BenchOptions())
            log(world.campaign, NOTE)
            (commit if "time" in change else revert)(world.campaign)
            decide(world.campaign)
        decide(world.campaign, exhausted="enough")
        finish(world.campaign, world.bench)
        keep_witness(world)
    return world


@pytest.fixture
def finished(template, tmp_path, monkeypatch):
    """A finished and merged campaign, for a test to do with as it likes."""
    name_the_author(monkeypatch)
    return copy_of(template, tmp_path / "repo")


def checked(world):
    return verify(world.campaign, world.bench)


def rewrite(world, change) -> None:
    """Change the data of events and chain them anew, as a forger would."""
    path = world.root / "optim" / "events.jsonl"
    events: list = []
    for event in read_events(path):
        data = json.loads(json.dumps(event.data))
        change(event.kind, data)
        events.append(next_event(events, event.kind, data, event.at_ns))
    path.write_text("".join(f"{event.line}\n" for event in events))
    shutil.rmtree(world.root / ".harness")


def test_a_finished_and_merged_campaign_fits(finished):
    found = checked(finished)
    assert found.problems == []
    assert found.unchecked == []
    assert found.checked["commits"] == 1
    assert found.checked["attempts"] == 1
    assert found.checked["measured cases"] == 3
    assert found.checked["rendered logs"] == 3


def test_what_was_said_when_the_baseline_was_made_is_no_part_of_what_it_is(started, monkeypatch):
    sealed = started.campaign.state.sealed
    told = replace(sealed, notes=("the output is the same whatever seed is",), runs=11)
    monkeypatch.setattr(started.bench, "check_baseline", lambda: (told, ()))
    assert verify(started.campaign, started.bench).ok


def test_a_clone_says_what_it_could_not_check(finished, tmp_path):
    clone = tmp_path / "clone"
    finished.shell(
        "clone", "--quiet", "--no-tags", "--branch", "main", str(finished.root), str(clone)
    )
    finished.root = clone
    finished.bench.root = clone
    found = checked(finished)
    assert found.problems == []
    assert "the tag pre-optimization is not here" in found.unchecked
    assert any("refs/harness" in what for what in found.unchecked)


def test_a_campaign_on_another_branch_is_not_called_damaged(started):
    started.shell("switch", "--quiet", "--force", "main")
    found = checked(started)
    assert found.problems == []
    assert found.unchecked == ["the campaign 'work' lives on the branch 'optimization'"]


def test_a_hand_edited_log_is_named(finished):
    path = finished.root / "optim" / "optimization_log.md"
    path.write_text(path.read_text().replace("2.00x speedup", "4.00x speedup"))
    (problem,) = checked(finished).problems
    assert str(path) in problem


def test_logs_that_an_earlier_harness_rendered_otherwise_still_fit(finished, monkeypatch):
    from harness.optimise import records

    otherwise = {name: lambda state: "rendered otherwise\n" for name in records.RENDERED}
    monkeypatch.setattr(records, "RENDERED", otherwise)
    assert checked(finished).problems == []
    path = finished.root / "optim" / "summary.md"
    path.write_text(path.read_text() + "edited\n")
    (problem,) = checked(finished).problems
    assert "summary.md" in problem


def test_trials_that_do_not_give_the_number_are_named(finished):
    path = finished.root / "optim" / "runs" / "bench-1-fast.json"
    path.write_text(json.dumps([100, 100, 80, 0.005]))
    (first, *_) = checked(finished).problems
    assert "benched" in first
    assert "bench-1-fast.json give 1.25" in first


def test_a_forged_result_with_a_whole_chain_is_named(finished):
    def forge(kind, data):
        if kind is Kind.BENCHED:
            data["outcome"]["fast"]["step"]["point"] = 2.0049

    rewrite(finished, forge)
    (first, *_) = checked(finished).problems
    assert "step: the trials in runs/bench-1-fast.json give 2 [" in first


def test_a_result_without_its_trials_is_named(finished):
    def forge(kind, data):
        if kind is Kind.BENCHED:
            data["outcome"]["fast"] |= {"run": "", "sha256": ""}

    rewrite(finished, forge)
    assert any("no trials were kept" in problem for problem in checked(finished).problems)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"attempt": 2}, "it counts as attempt 2, and is attempt 1"),
        ({"weighed": False}, "decided by signs alone"),
        ({"noise": [{"host": "here", "case": "fast", "noise": {"pairs": 9}}]}, "was known is ()"),
        ({"continues": 7}, "goes on with look 7, which is not there"),
        ({"confidence": 0.5}, "at confidence 0.5: look 1 has"),
        ({"confirm": False}, "not measured afresh as the terms say"),
    ],
)
def test_a_look_that_was_weighed_otherwise_than_the_terms_want_is_named(finished, change, problem):
    def forge(kind, data):
        if kind is Kind.BENCHED:
            data["request"].update(change)

    rewrite(finished, forge)
    assert any(problem in found for found in checked(finished).problems)


def test_a_chained_figure_that_the_steps_do_not_give_is_named(finished):
    def forge(kind, data):
        if kind is Kind.BENCHED:
            data["outcome"]["fast"]["cumulative"]["high"] *= 2

    rewrite(finished, forge)
    assert any("cumulative" in found for found in checked(finished).problems)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"result": None, "request": None}, "the end was not measured"),
        ({"confidence": 0.5}, "confidence 0.5: the terms give 0.95"),
        ({"kept": "0" * 40}, "not compared with the baseline"),
        ({"confirm": False}, "not measured afresh as the terms say"),
    ],
)
def test_another_end_than_the_terms_want_is_named(finished, change, problem):
    def forge(kind, data):
        if kind is Kind.FINISHING:
            (data if "result" in change else data["request"]).update(change)

    rewrite(finished, forge)
    assert any(problem in found for found in checked(finished).problems)


def test_a_forged_confidence_is_named(finished):
    def forge(kind, data):
        if kind is Kind.BENCHED:
            data["request"]["confidence"] = 0.95

    rewrite(finished, forge)
    assert "look 1 at confidence 0.95" in checked(finished).problems[0]


def test_a_forged_decision_is_named(finished):
    def forge(kind, data):
        if kind is Kind.DECIDED and not data["decision"]["stop"]:
            data["decision"]["reason"] = "since it is fun"

    rewrite(finished, forge)
    assert "the rules give continue" in checked(finished).problems[0]


def test_a_surprise_of_none_after_a_failed_prediction_is_named(finished):
    def forge(kind, data):
        if kind is Kind.LOGGED:
            data["note"]["surprise"] = "None"

    rewrite(finished, forge)
    assert any("'None' is no answer" in p for p in checked(finished).problems)


def test_a_commit_with_other_code_is_named(finished):
    def forge(kind, data):
        if kind is Kind.COMMITTED:
            data["commit"] = finished.git.resolve("pre-optimization")

    rewrite(finished, forge)
    assert any("does not hold the code" in p for p in checked(finished).problems)


def test_another_baseline_is_named(finished):
    path = finished.root / "optim" / "baseline.json"
    path.write_text(path.read_text().replace("{", "{ "))
    assert "is not the one that the campaign started with" in checked(finished).problems[0]


def test_a_journal_of_which_the_end_is_missing_is_noticed_where_the_copy_is(finished):
    path = finished.root / "optim" / "events.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    found = checked(finished)
    assert any("events.jsonl" in problem for problem in found.problems)


def test_a_changed_event_stops_the_reading(finished):
    path = finished.root / "optim" / "events.jsonl"
    path.write_text(path.read_text().replace("multiply", "multiplx", 1))
    with pytest.raises(DataDamaged, match="event 3"):
        Campaign(finished.campaign.config, "work")


def test_logs_that_lack_the_last_event_are_said_and_are_no_damage(started, thought, planned):
    """Killed between the event and its rendering."""
    path = started.root / "optim" / "thinking_log.md"
    before = path.read_bytes()
    think(started.campaign, thought())
    assert path.read_bytes() != before
    path.write_bytes(before)
    found = checked(started)
    assert found.problems == []
    assert any("thinking_log.md lacks the last event" in words for words in found.unchecked)
    plan(started.campaign, planned())
    assert checked(started).problems == []
    assert checked(started).unchecked == []


def test_a_log_that_is_two_events_behind_is_out_of_date(started, thought, planned):
    path = started.root / "optim" / "thinking_log.md"
    before = path.read_bytes()
    think(started.campaign, thought())
    plan(started.campaign, planned())
    path.write_bytes(before)
    assert any("out of date" in problem for problem in checked(started).problems)


@pytest.mark.parametrize(("apart_ns", "fits"), [(1, True), (3_000_000_000, True), (10**11, False)])
def test_a_stop_that_was_decided_shortly_before_its_event_fits(started, apart_ns, fits):
    """An older harness read the clock once for the decision and once more for the event."""
    campaign = started.campaign
    terms = replace(campaign.state.agreed, time_budget_ns=60_000_000_000)
    before = replace(campaign.state, agreed=terms)
    at_ns = before.started_at_ns + 500_000_000_000
    decision = rules(before, at_ns)
    assert decision.rule == "time budget"
    data = {"decision": builtins(decision), "exhausted": ""}
    event = next_event(campaign.events, Kind.DECIDED, data, at_ns + apart_ns)
    assert (list(_decision(before, event, Verification())) == []) is fits


def test_logs_without_a_single_event_are_noticed(finished):
    (finished.root / "optim" / "events.jsonl").write_text("")
    shutil.rmtree(finished.root / ".harness")
    assert "summary.md" in " ".join(checked(finished).problems)
