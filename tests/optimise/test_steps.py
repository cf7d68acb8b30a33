"""The loop, step by step: what each step allows, writes and refuses."""

from dataclasses import replace

import pytest

from harness.campaign.events import Kind
from harness.campaign.iteration import Outcome
from harness.campaign.port import BenchRequest, SealedBaseline
from harness.campaign.spending import attempt_confidence, confidence_of
from harness.campaign.state import Step
from harness.campaign.values import RULES, KnownNoise, Terms, TestStatus
from harness.errors import DataDamaged, NotAllowed, UsageError
from harness.model import Noise, Verdict
from harness.model.noise import FEWEST
from harness.model.proposals import Reflection
from harness.optimise import (
    BenchOptions,
    bench_candidate,
    check_candidate,
    commit,
    decide,
    finish,
    log,
    next_action,
    plan,
    revert,
    run_profile,
    skip,
    start,
    think,
)
from harness.optimise.budgets import affordable, need_of
from harness.optimise.verify import verify
from harness.stats.boundary import sign_boundary

FAST = BenchOptions()


def iterate(world, thought, planned, note, **change):
    """One whole iteration, kept or reverted as its result wants; returns its outcome."""
    think(world.campaign, thought)
    plan(world.campaign, planned)
    world.write(**change)
    if check_candidate(world.campaign, world.bench, full=False).status is TestStatus.PASSED:
        bench_candidate(world.campaign, world.bench, FAST)
    log(world.campaign, note)
    keep = world.campaign.state.step is Step.COMMIT
    done = commit(world.campaign) if keep else revert(world.campaign)
    return done.outcome


def test_a_campaign_starts_on_a_branch_of_its_own_with_its_baseline_tagged(world):
    head = world.git.head()
    state = start(world.campaign, world.bench)
    assert state.step is Step.PROFILE
    assert world.git.branch() == "optimization"
    assert world.git.tag("pre-optimization").commit == head
    assert world.git.changes().clean
    assert world.git.is_ancestor("main", "optimization")


def test_a_start_wants_a_clean_tree(world):
    world.write(time=99)
    with pytest.raises(NotAllowed, match=r"work\.txt"):
        start(world.campaign, world.bench)


def test_a_start_wants_a_branch(world):
    world.shell("checkout", "--quiet", "--detach")
    with pytest.raises(NotAllowed, match="no branch"):
        start(world.campaign, world.bench)


def test_a_second_start_answers_the_same(world):
    first = start(world.campaign, world.bench)
    head = world.git.head()
    assert start(world.campaign, world.bench) == first
    assert world.git.head() == head


@pytest.mark.parametrize("command", ["plan", "test", "bench", "log", "commit", "revert"])
def test_nothing_of_an_iteration_is_allowed_before_its_thought(started, planned, note, command):
    commands = {
        "plan": lambda c: plan(c, planned()),
        "test": lambda c: check_candidate(c, started.bench, full=False),
        "bench": lambda c: bench_candidate(c, started.bench, FAST),
        "log": lambda c: log(c, note),
        "commit": commit,
        "revert": revert,
    }
    with pytest.raises(NotAllowed, match=command) as refused:
        commands[command](started.campaign)
    assert "harness think" in refused.value.hint
    started.write(time=50)
    with pytest.raises(NotAllowed, match=command) as refused:
        commands[command](started.campaign)
    assert "harness think" not in refused.value.hint
    assert "harness restore" in refused.value.hint


def test_a_thought_after_the_change_is_refused(started, thought):
    started.write(time=50)
    with pytest.raises(NotAllowed, match=r"work\.txt"):
        think(started.campaign, thought())


def test_a_prediction_beyond_the_bound_is_answered_with_the_bound(started, thought):
    with pytest.raises(NotAllowed, match=r"5\.00x"):
        think(started.campaign, thought(low=2, high=6))
    think(started.campaign, thought(low=2, high=6, reason="it also removes the reading"))
    assert started.campaign.state.step is Step.PLAN


def test_an_attack_on_something_small_wants_a_reason(started, thought):
    with pytest.raises(NotAllowed, match=r"3\.0% .* 1\.031x"):
        think(started.campaign, thought(low=1.01, high=1.02, bottleneck="setup"))


def test_an_unknown_bottleneck_is_answered_with_the_known_ones(started, thought):
    with pytest.raises(NotAllowed, match=r"forces \(80%\), read \(17%\)"):
        think(started.campaign, thought(bottleneck="force"))


def test_a_registered_thought_cannot_be_replaced(started, thought):
    think(started.campaign, thought())
    think(started.campaign, thought())
    with pytest.raises(NotAllowed, match="PLAN"):
        think(started.campaign, thought(low=1.1))
    assert len(started.campaign.state.iterations) == 1


def test_a_faster_and_right_change_is_kept_as_one_commit_of_code_and_logs(
    started, thought, planned, note
):
    before = started.git.head()
    assert iterate(started, thought(), planned(), note, time=50) is Outcome.KEPT
    assert started.git.message("HEAD").startswith("optim iter 1: multiply by the reciprocal")
    changed = started.git.diff_names(before, "HEAD")
    assert set(changed) >= {
        "work.txt",
        "optim/events.jsonl",
        "optim/optimization_log.md",
        "optim/thinking_log.md",
    }
    assert started.campaign.state.step is Step.DECIDE


def test_the_hash_of_a_kept_commit_stands_in_the_log_after_it(started, thought, planned, note):
    iterate(started, thought(), planned(), note, time=50)
    inside = started.git.read_file("HEAD", "optim/optimization_log.md").decode()
    now = (started.root / "optim" / "optimization_log.md").read_text()
    assert "**Commit:** this commit" in inside
    assert f"**Commit:** {started.git.head()[:7]}" in now


def test_a_wrong_output_must_be_reverted(started, thought, planned, note):
    assert iterate(started, thought(), planned(), note, output="wrong") is Outcome.WRONG
    assert started.bench.here()["output"] == "right"
    assert started.git.changes().clean
    log_text = (started.root / "optim" / "optimization_log.md").read_text()
    assert "**Correctness:** FAIL (reverted): energy: expected right, got wrong" in log_text


def test_a_reverted_attempt_is_kept_under_a_ref(started, thought, planned, note):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(time=200)
    (started.root / "new.txt").write_text("of the attempt\n")
    check_candidate(started.campaign, started.bench, full=False)
    bench_candidate(started.campaign, started.bench, FAST)
    log(started.campaign, note)
    revert(started.campaign)
    kept = started.git.refs("refs/harness/attempts/work/")
    assert list(kept) == ["refs/harness/attempts/work/1"]
    (commit_id,) = kept.values()
    assert started.git.read_file(commit_id, "new.txt") == b"of the attempt\n"
    assert not (started.root / "new.txt").exists()
    assert started.campaign.state.iterations[0].attempt == commit_id


def test_a_failed_build_is_to_be_repaired(started, thought, planned):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(time=50, build="broken")
    found = check_candidate(started.campaign, started.bench, full=False)
    assert found.status is TestStatus.BUILD_FAILED
    assert started.campaign.state.step is Step.IMPLEMENT
    assert next_action(started.campaign).action == "REPAIR"
    started.write(build="works")
    assert check_candidate(started.campaign, started.bench, full=False).status is TestStatus.PASSED


def test_a_crash_is_to_be_repaired_and_is_no_wrong_output(started, thought, planned, note):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(run="a typing error")
    found = check_candidate(started.campaign, started.bench, full=False)
    assert found.status is TestStatus.CRASHED
    assert started.campaign.state.step is Step.IMPLEMENT
    advice = next_action(started.campaign)
    assert (advice.action, advice.why) == ("REPAIR", "crashed: work ended with signal 11")
    log(started.campaign, note, abandon="it needs more memory than there is")
    assert revert(started.campaign).outcome is Outcome.CRASHED
    text = (started.root / "optim" / "optimization_log.md").read_text()
    assert "**Correctness:** FAIL (did not end well, reverted): work ended with signal 11" in text


def test_an_undecided_look_is_gone_on_with(started, thought, planned):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(time=95, noise=1)
    check_candidate(started.campaign, started.bench, full=False)
    bench_candidate(started.campaign, started.bench, BenchOptions())
    bench_candidate(started.campaign, started.bench, BenchOptions(budget_ns=150_000_000_000))
    bench_candidate(started.campaign, started.bench, BenchOptions(again=True))
    events = [e for e in started.campaign.events if e.kind is Kind.BENCHED]
    asked = [e.value("request", BenchRequest) for e in events]
    assert [r.continues for r in asked] == [None, 1, 2]
    assert [(r.spent_ns // 10**9, r.budget_ns // 10**9) for r in asked] == [
        (0, 60),
        (60, 150),
        (150, 210),
    ]


def requests(campaign):
    return [e.value("request", BenchRequest) for e in campaign.events if e.kind is Kind.BENCHED]


def test_a_look_is_weighed_by_what_is_known_and_counts_as_an_attempt(
    started, thought, planned, note
):
    iterate(started, thought(), planned(), note, time=50, full=500)
    decide(started.campaign)
    run_profile(started.campaign, started.bench)
    iterate(started, thought(), planned("again"), note, time=40, full=400)
    first, second = requests(started.campaign)
    terms = started.campaign.state.agreed
    assert (first.weighed, first.attempt, first.noise) == (True, 1, ())
    assert first.confidence == attempt_confidence(1, 0, terms)
    assert (second.attempt, second.confidence) == (2, attempt_confidence(2, 1, terms))
    assert second.noise == (KnownNoise("here", "fast", Noise(18, 0.02)),)


def test_the_figure_over_the_baseline_is_chained_from_the_kept_steps(
    started, thought, planned, note
):
    iterate(started, thought(), planned(), note, time=50, full=500)
    decide(started.campaign)
    run_profile(started.campaign, started.bench)
    iterate(started, thought(), planned("again"), note, time=40, full=400)
    state = started.campaign.state
    steps = [i.bench.fast.step for i in state.kept]
    total = state.kept[-1].bench.fast.cumulative
    assert [s.point for s in steps] == pytest.approx([2.0, 1.25])
    assert total.point == pytest.approx(2.5)
    assert total.low == pytest.approx(steps[0].low * steps[1].low)
    assert state.kept[-1].bench.fast.chained
    text = (started.root / "optim" / "optimization_log.md").read_text()
    assert "over baseline, chained)" in text
    assert "last kept state 50.0 ms" in text


def test_to_go_on_is_the_same_attempt_and_other_code_the_next(started, thought, planned):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    for time, options in ((95, BenchOptions()), (95, BenchOptions(again=True)), (94, None)):
        started.write(time=time, noise=1)
        check_candidate(started.campaign, started.bench, full=False)
        bench_candidate(started.campaign, started.bench, options or BenchOptions())
    asked = requests(started.campaign)
    assert [(r.look, r.attempt, r.continues) for r in asked] == [
        (1, 1, None),
        (2, 1, 1),
        (3, 2, None),
    ]
    assert asked[0].confidence == asked[1].confidence < asked[2].confidence
    assert asked[1].noise == asked[0].noise != asked[2].noise


def test_a_look_that_ended_early_has_spent_what_its_blocks_took(
    started, thought, planned, monkeypatch
):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(time=95, noise=1)
    check_candidate(started.campaign, started.bench, full=False)
    bench = started.bench.bench

    def early(request):
        found = bench(request)
        return replace(found, fast=replace(found.fast, blocks=12, block_ns=500_000_000))

    monkeypatch.setattr(started.bench, "bench", early)
    bench_candidate(started.campaign, started.bench, BenchOptions())
    bench_candidate(started.campaign, started.bench, BenchOptions(budget_ns=100_000_000_000))
    again = requests(started.campaign)[-1]
    assert (again.spent_ns, again.budget_ns) == (6_000_000_000, 100_000_000_000)


def test_the_end_is_measured_on_until_it_is_decided(started, thought, planned, note, monkeypatch):
    iterate(started, thought(), planned(), note, time=50, full=500)
    decide(started.campaign, exhausted="enough")
    bench = started.bench.bench
    asked = []

    def short(request):
        asked.append(request)
        found = bench(request)
        if len(asked) > 1:
            return found
        total = replace(found.full.cumulative, verdict=Verdict.UNDECIDED)
        full = replace(found.full, cumulative=total, budget_needed_ns=200_000_000_000)
        return replace(found, full=full)

    monkeypatch.setattr(started.bench, "bench", short)
    done = finish(started.campaign, started.bench)
    assert [r.budget_ns // 10**9 for r in asked] == [60, 200]
    assert (asked[1].continues, asked[1].spent_ns // 10**9) == (0, 60)
    assert started.campaign.state.headline == done.result.full


def test_a_budget_that_holds_no_verdict_is_raised_and_one_that_does_is_kept():
    terms = Terms("work", "fast")
    slow = SealedBaseline("b" * 40, "5" * 64, 1.5e9)
    need = need_of(terms, slow)
    assert need.blocks > sign_boundary(confidence_of(1, terms)).first_proof()
    assert need.block_ns > 4.5e9
    raised = affordable(terms, slow)
    assert need.budget_ns <= raised.bench_budget_ns < need.budget_ns + 1e9
    assert f"{need.blocks} blocks" in need.words
    assert affordable(terms, replace(slow, total_ns=1e8)) == terms


def test_a_weighed_verdict_takes_few_blocks_of_two_sides_and_the_budget_holds_them():
    terms = Terms("work", "fast", rules=RULES)
    known = (KnownNoise("here", "fast", Noise(10, 0.02)),)
    slow = SealedBaseline("b" * 40, "5" * 64, 30e9, noise=known)
    need = need_of(terms, slow)
    assert (need.blocks, round(need.block_ns / 1e9)) == (FEWEST, 60)
    assert need.small_blocks > need.blocks
    assert need.budget_ns < affordable(terms, slow).bench_budget_ns < 2 * need.budget_ns
    assert affordable(terms, replace(slow, total_ns=1e8)) == terms


def test_what_a_verdict_takes_is_said_of_one_of_several_cases():
    terms = Terms("work", "fast", rules=RULES)
    noise = (KnownNoise("here", "fast", Noise(10, 0.02)),)
    sealed = SealedBaseline("b" * 40, "5" * 64, 1e8, noise=noise)
    one, three = need_of(terms, sealed), need_of(replace(terms, cases=("wide", "deep")), sealed)
    assert three.small_blocks > one.small_blocks
    assert "a level that 3 cases share and with a budget for each" in three.words
    assert "2x and more on fast wants" in three.words
    assert "cases" not in one.words


def test_a_look_may_last_as_many_blocks_as_it_has_before_it_doubts_where_these_are_short():
    terms = Terms("work", "fast", rules=RULES, bench_budget_ns=8 * 10**9)
    half = SealedBaseline("b" * 40, "5" * 64, 5e8)
    blocks = 12 * need_of(terms, half).block_ns + 4 * 5e8
    assert blocks <= affordable(terms, half).bench_budget_ns < blocks + 1e9
    slow = replace(half, total_ns=5e9)
    assert affordable(terms, slow).bench_budget_ns < 70e9


def test_what_the_campaign_is_after_is_agreed_at_its_start(started):
    terms = started.campaign.state.agreed
    assert (terms.rules, terms.objective) == (RULES, "wall")


def test_a_build_that_cannot_be_repaired_is_given_up(started, thought, planned, note):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(build="broken")
    check_candidate(started.campaign, started.bench, full=False)
    log(started.campaign, note, abandon="no such instruction here")
    assert revert(started.campaign).outcome is Outcome.BUILD_FAILED
    assert started.git.changes().clean


def test_a_regression_is_reverted(started, thought, planned, note):
    assert iterate(started, thought(), planned(), note, time=130) is Outcome.SLOWER


def test_no_gain_is_reverted(started, thought, planned, note):
    assert iterate(started, thought(), planned(), note, time="100.1") is Outcome.NO_GAIN


def test_a_test_without_a_change_is_refused(started, thought, planned):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    with pytest.raises(NotAllowed, match="nothing to test"):
        check_candidate(started.campaign, started.bench, full=False)


def test_a_change_after_the_test_invalidates_it(started, thought, planned):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(time=50)
    check_candidate(started.campaign, started.bench, full=False)
    started.write(time=40)
    with pytest.raises(NotAllowed, match="changed after it was tested"):
        bench_candidate(started.campaign, started.bench, FAST)
    check_candidate(started.campaign, started.bench, full=False)
    assert bench_candidate(started.campaign, started.bench, FAST).fast.step.point == pytest.approx(
        2.5
    )


def test_a_change_after_the_bench_cannot_be_kept(started, thought, planned, note):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(time=50)
    check_candidate(started.campaign, started.bench, full=False)
    bench_candidate(started.campaign, started.bench, FAST)
    started.write(time=40)
    with pytest.raises(NotAllowed, match="changed after it was measured"):
        log(started.campaign, note)
    started.write(time=50)
    log(started.campaign, note)
    started.write(time=40)
    with pytest.raises(NotAllowed, match="changed after it was measured"):
        commit(started.campaign)


def test_protected_files_may_not_change(started, thought, planned):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(time=50)
    (started.root / "tests" / "check.txt").write_text("anything goes\n")
    with pytest.raises(NotAllowed, match=r"tests/check\.txt"):
        check_candidate(started.campaign, started.bench, full=False)
    assert next_action(started.campaign).action == "RESTORE"


def test_an_undecided_bench_says_what_would_decide(started, thought, planned):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(time=98, noise=1)
    check_candidate(started.campaign, started.bench, full=False)
    found = bench_candidate(started.campaign, started.bench, FAST)
    assert found.verdict is Verdict.UNDECIDED
    assert started.campaign.state.step is Step.BENCHMARK
    advice = next_action(started.campaign)
    assert advice.command == "harness bench --budget 120s"


def test_a_look_with_the_same_budget_is_not_taken_twice(started, thought, planned):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(time=98, noise=1)
    check_candidate(started.campaign, started.bench, full=False)
    first = bench_candidate(started.campaign, started.bench, FAST)
    assert bench_candidate(started.campaign, started.bench, FAST) == first
    assert started.campaign.state.looks == 1
    bench_candidate(started.campaign, started.bench, BenchOptions(budget_ns=120_000_000_000))
    assert started.campaign.state.looks == 2


def test_an_interrupted_look_is_spent(started, thought, planned, monkeypatch):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(time=50)
    check_candidate(started.campaign, started.bench, full=False)

    def interrupted(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(started.bench, "bench", interrupted)
        with pytest.raises(KeyboardInterrupt):
            bench_candidate(started.campaign, started.bench, FAST)
    bench_candidate(started.campaign, started.bench, FAST)
    assert started.campaign.state.looks == 2


def test_none_is_refused_as_a_surprise_where_the_prediction_failed(started, thought, planned):
    think(started.campaign, thought(low=3, high=4))
    plan(started.campaign, planned())
    started.write(time=50)
    check_candidate(started.campaign, started.bench, full=False)
    bench_candidate(started.campaign, started.bench, FAST)
    for words in ("None", "none.", "None - as expected", "n/a", "No", "Nothing; all fine"):
        with pytest.raises(NotAllowed, match=r"predicted 3 to 4x, measured 2.00x"):
            log(started.campaign, Reflection(words, why="w", lesson="l"))


def test_none_is_fine_where_the_prediction_held(started, thought, planned):
    assert iterate(started, thought(), planned(), Reflection("None"), time=50) is Outcome.KEPT


def test_a_postmortem_is_wanted_where_the_result_left_the_interval(started, thought, planned):
    think(started.campaign, thought(low=3, high=4))
    plan(started.campaign, planned())
    started.write(time=50)
    check_candidate(started.campaign, started.bench, full=False)
    bench_candidate(started.campaign, started.bench, FAST)
    with pytest.raises(UsageError, match="missing: why, lesson"):
        log(started.campaign, Reflection("half of what I thought"))
    log(started.campaign, Reflection("half of what I thought", why="memory", lesson="it waits"))
    text = (started.root / "optim" / "thinking_log.md").read_text()
    assert "### Postmortem — Iteration 1\n- **Predicted:** 3-4x speedup\n" in text
    assert "- **Lesson:** it waits" in text


def test_a_surprise_cannot_come_before_the_result(started, thought, planned, note):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    with pytest.raises(NotAllowed):
        log(started.campaign, note)


def test_after_three_failed_attempts_the_bottleneck_is_to_be_skipped(
    started, thought, planned, note
):
    for n in range(3):
        iterate(started, thought(), planned(f"attempt {n}"), note, output=f"wrong {n}")
        decide(started.campaign)
    assert next_action(started.campaign).action == "SKIP"
    with pytest.raises(NotAllowed, match="stuck"):
        think(started.campaign, thought())
    skip(started.campaign, "forces", "every rounding changes the output")
    think(started.campaign, thought(low=1.05, high=1.1, bottleneck="read"))
    text = (started.root / "optim" / "optimization_log.md").read_text()
    assert "## Skipped: forces\nevery rounding changes the output" in text


def test_three_measured_iterations_of_little_gain_end_the_loop(started, thought, planned, note):
    for n, time in enumerate(("99.9", "100.2", 105)):
        iterate(started, thought(), planned(f"attempt {n}"), note, time=time)
        decision = decide(started.campaign)
    assert decision.stop
    assert decision.rule == "diminishing returns"
    assert next_action(started.campaign).command == "harness campaign finish"


def test_the_target_ends_the_loop(started, thought, planned, note):
    thoughts = thought(low=4, high=20, reason="all phases at once")
    iterate(started, thoughts, planned(), note, time=9)
    assert decide(started.campaign).rule == "target reached"


def test_exhausted_is_the_users_to_say(started):
    decision = decide(started.campaign, exhausted="nothing is left to try")
    assert decision.stop
    assert started.campaign.state.step is Step.FINISH


def test_skipping_every_bottleneck_ends_the_loop(started):
    skip(started.campaign, "forces", "libm")
    assert not decide(started.campaign).stop
    skip(started.campaign, "read", "the disk")
    assert decide(started.campaign).rule == "all bottlenecks skipped"


def test_every_third_kept_iteration_is_measured_on_the_full_case(started, thought, planned, note):
    for time, full in ((80, 800), (60, 600), (40, 600)):
        iterate(started, thought(low=1.2, high=1.5), planned(), note, time=time, full=full)
        decide(started.campaign)
        run_profile(started.campaign, started.bench)
    first, second, third = started.campaign.state.kept
    assert first.bench.full is None
    assert second.bench.full is None
    assert third.bench.full is not None
    text = (started.root / "optim" / "optimization_log.md").read_text()
    assert "the gain does not hold at scale" in text


def test_a_regression_on_the_full_case_is_reverted(started, thought, planned, note):
    for time, full in ((80, 800), (60, 600)):
        iterate(started, thought(low=1.2, high=1.5), planned(), note, time=time, full=full)
        decide(started.campaign)
        run_profile(started.campaign, started.bench)
    found = iterate(started, thought(low=1.2, high=1.5), planned(), note, time=40, full=900)
    assert found is Outcome.SLOWER


def test_finish_measures_merges_tags_and_summarises(started, thought, planned, note):
    iterate(started, thought(), planned(), note, time=50, full=400)
    decide(started.campaign, exhausted="enough for a test")
    done = finish(started.campaign, started.bench)
    assert done.result.full.cumulative.point == pytest.approx(2.5)
    assert started.git.branch() == "main"
    assert started.git.tag("post-optimization").commit == done.merged == started.git.head()
    text = (started.root / "optim" / "summary.md").read_text()
    assert "## Campaign result: 2.50x" in text
    assert "- full: 400 ms wall time vs 1.00 s original = 2.50x" in text
    assert "## forces now dominates (80 % of total). New campaign needed" in text
    assert started.git.changes().clean
    assert not next_action(started.campaign).should_continue


def test_finish_measures_within_the_budget_asked_for(started, thought, planned, note):
    iterate(started, thought(), planned(), note, time=50, full=400)
    decide(started.campaign, exhausted="enough for a test")
    finish(started.campaign, started.bench, budget_ns=7_000_000_000)
    [finishing] = [e for e in started.campaign.events if e.kind is Kind.FINISHING]
    assert finishing.data["request"]["budget_ns"] == 7_000_000_000


def test_finish_answers_the_same_again(started, thought, planned, note):
    iterate(started, thought(), planned(), note, time=50, full=400)
    decide(started.campaign, exhausted="enough for a test")
    done = finish(started.campaign, started.bench)
    assert finish(started.campaign, started.bench) == done


def test_finish_makes_a_merge_commit_where_the_base_went_on(started, thought, planned, note):
    iterate(started, thought(), planned(), note, time=50, full=400)
    decide(started.campaign, exhausted="enough for a test")
    started.shell("switch", "--quiet", "--force", "main")
    (started.root / "other.txt").write_text("meanwhile\n")
    started.shell("add", "other.txt")
    started.shell("commit", "--quiet", "-m", "Meanwhile")
    started.shell("switch", "--quiet", "optimization")
    done = finish(started.campaign, started.bench)
    parents = started.shell("rev-list", "--parents", "-n1", done.merged).split()
    assert len(parents) == 3


def test_a_wrong_output_on_the_full_workload_is_not_merged(started, thought, planned, note):
    iterate(started, thought(), planned(), note, time=50, full=400, full_output="off")
    decide(started.campaign, exhausted="enough for a test")
    done = finish(started.campaign, started.bench)
    assert done.merged == ""
    assert started.git.branch() == "optimization"
    assert started.campaign.state.step is Step.FINISH  # until it is taken back, or told to end
    finish(started.campaign, started.bench, merge=False)
    assert "correctness FAIL" in (started.root / "optim" / "summary.md").read_text()


def test_the_users_own_files_survive_everything(world, thought, planned, note):
    (world.root / "notes.txt").write_text("mine\n")
    (world.root / ".harness").mkdir()
    (world.root / "tests" / "check.txt").write_text("stashed\n")
    world.shell("stash")
    world.shell("branch", "other")
    start(world.campaign, world.bench)
    run_profile(world.campaign, world.bench)
    iterate(world, thought(), planned(), note, time=50)
    decide(world.campaign)
    run_profile(world.campaign, world.bench)
    iterate(world, thought(), planned(), note, time=80)
    assert (world.root / "notes.txt").read_text() == "mine\n"
    assert world.git.changes().untracked == ("notes.txt",)
    assert "stash@{0}" in world.shell("stash", "list")
    assert world.git.has_branch("other")
    assert world.git.read_file("HEAD", "notes.txt") is None


def test_who_asks_for_the_state_of_a_campaign_that_was_not_started_is_told_how_to_start_it(world):
    with pytest.raises(NotAllowed, match="the campaign 'work' has not been started") as refused:
        assert world.campaign.state
    assert refused.value.hint == "harness campaign start --campaign work"
    assert not world.campaign.started


def test_work_on_another_branch_is_answered_with_the_way_back(started, thought):
    started.shell("stash", "--include-untracked")
    started.shell("switch", "--quiet", "main")
    with pytest.raises(NotAllowed, match="lives on the branch 'optimization'; main is") as refused:
        think(started.campaign, thought())
    assert refused.value.hint == "git switch optimization"
    assert next_action(started.campaign).command == "git switch optimization"


def test_events_that_git_took_away_are_put_back(started):
    started.shell("reset", "--quiet", "--hard")
    before = contents(started.root)
    reader = started.reader
    assert reader.state.step is Step.THINK
    assert "the next step puts them back" in reader.warnings[0]
    assert contents(started.root) == before, "who reads changes nothing"
    campaign = started.reader
    with campaign.locked():
        assert campaign.state.step is Step.THINK
        (warning,) = campaign.warnings
        assert "they were put back" in warning
    assert started.reader.warnings == []


def contents(root):
    """Every file of the project, but what git keeps for itself."""
    files = (path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path: path.read_bytes() for path in files}


def test_a_reader_beside_a_writer_changes_nothing(started, thought, monkeypatch):
    """The writer is stopped between the journal and its copy, and before the journal."""
    from harness.optimise import journal

    original, seen = journal._append, []

    def beside(path, event):
        before = contents(started.root)
        seen.append(len(started.reader.events))
        assert contents(started.root) == before
        original(path, event)

    monkeypatch.setattr(journal, "_append", beside)
    campaign = started.campaign
    think(campaign, thought())
    monkeypatch.undo()
    number = len(campaign.events)
    assert seen == [number - 1, number]
    assert len(started.reader.events) == number
    assert started.reader.warnings == []


def test_a_commit_that_was_made_cannot_be_abandoned(started, thought, planned, note, monkeypatch):
    """Killed between the commit and its event: the attempt is in the history."""
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(time=50)
    check_candidate(started.campaign, started.bench, full=False)
    bench_candidate(started.campaign, started.bench, BenchOptions())
    log(started.campaign, note)
    campaign = started.campaign
    append = campaign.append

    def killed(kind, *rest, **data):
        if kind is Kind.COMMITTED:
            raise KeyboardInterrupt
        return append(kind, *rest, **data)

    monkeypatch.setattr(campaign, "append", killed)
    with pytest.raises(KeyboardInterrupt):
        commit(campaign)
    with pytest.raises(NotAllowed, match="iteration 1 is committed already"):
        log(started.campaign, note, abandon="I changed my mind")
    assert commit(started.campaign).outcome is Outcome.KEPT


def test_a_stop_by_the_time_budget_verifies(world, monkeypatch):
    """What was decided is decided at the very moment that its event bears."""
    config = (world.root / "harness.toml").read_text()
    (world.root / "harness.toml").write_text(config + 'time_budget = "1m"\n')
    world.shell("commit", "--quiet", "--all", "-m", "A budget")
    start(world.campaign, world.bench)
    run_profile(world.campaign, world.bench)
    campaign = world.campaign
    at_ns = campaign.events[0].at_ns
    ticks = iter(range(at_ns + 61_000_000_000, at_ns + 10**15, 7_000_000_000))
    monkeypatch.setattr(campaign.journal, "_clock", lambda: next(ticks))
    decision = decide(campaign)
    assert decision.rule == "time budget"
    found = verify(campaign, world.bench)
    assert found.problems == []
    assert found.checked["decisions"] == 1


def test_a_hand_edited_log_is_put_aside_and_reported(started, thought):
    path = started.root / "optim" / "optimization_log.md"
    path.write_text(path.read_text() + "\nbetter than it was\n")
    campaign = started.campaign
    think(campaign, thought())
    (warning,) = campaign.warnings
    assert "edited by hand" in warning
    assert "better than it was" not in path.read_text()
    (kept,) = (started.root / ".harness" / "campaigns" / "work" / "edited").iterdir()
    assert "better than it was" in kept.read_text()


def test_a_changed_event_is_named(started):
    path = started.root / "optim" / "events.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    lines[1] = lines[1].replace("0.8", "0.9")
    path.write_text("".join(lines))
    with pytest.raises(DataDamaged, match="event 2") as damage:
        _ = started.campaign
    copy = started.root / ".harness" / "campaigns" / "work" / "events.jsonl"
    assert damage.value.hint.endswith(f"cp {copy} {path}")
    path.write_bytes(copy.read_bytes())
    assert started.campaign.state.step is Step.THINK


def test_every_step_is_idempotent(started, thought, planned, note):
    steps = [
        lambda c: run_profile(c, started.bench),
        lambda c: think(c, thought()),
        lambda c: plan(c, planned()),
        lambda _: started.write(time=50),
        lambda c: check_candidate(c, started.bench, full=False),
        lambda c: bench_candidate(c, started.bench, FAST),
        lambda c: log(c, note),
        commit,
        decide,
    ]
    for step in steps:
        first = step(started.campaign)
        count = len(started.campaign.events)
        assert step(started.campaign) == first
        assert len(started.campaign.events) == count
    kinds = [e.kind for e in started.campaign.events]
    assert kinds.count(Kind.COMMITTED) == 1
