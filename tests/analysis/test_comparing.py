"""Verdicts on made-up trials whose truth is known."""

import math
from dataclasses import replace

import pytest

from harness.analysis import (
    Judge,
    Machine,
    Question,
    compare_cells,
    compare_settings,
    sequential_rule,
)
from harness.analysis.blocks import block_ns
from harness.model import Metric, Mode, Sample, TrialStatus, Verdict
from tests.analysis.by_rows import Stored, parts_of


def judged(blocks, question=None, max_blocks=None):
    """Block by block until the rule is content: the comparison that a run would have made."""
    question = question or Question()
    rule, seen = sequential_rule("a", question, max_blocks), []
    stopped = None
    for block in blocks:
        seen.append(block)
        stopped = rule(seen)
        if stopped:
            break
    return compare_cells("a", ["b"], seen, question, stopped or "the budget is spent")[0]


@pytest.mark.parametrize(("seconds", "blocks"), [(1, 8), (9, 8), (11, 6)])
def test_a_verdict_on_long_programs_comes_after_six_unanimous_blocks(record, seconds, blocks):
    each = [
        {name: [record(name, n, wall_ns=(seconds + gain) * 10**9 + 7 * n)]}
        | {other: [record(other, n, wall_ns=(seconds + 1) * 10**9 + 11 * n)]}
        for n in range(20)
        for name, other, gain in [("b", "a", 0)]
    ]
    found = judged(each)
    assert (found.verdict, found.blocks) == (Verdict.FASTER, blocks)
    assert judged(each, Question(early=False)).blocks == 8


def test_a_gain_that_loses_some_runs_tenfold_is_mixed(record):
    each = [
        {
            "a": [record("a", n, wall_ns=20_000_003 + 1009 * n)],
            "b": [record("b", n, wall_ns=(19_500_007 + 1013 * n) * (10 if n % 20 == 5 else 1))],
        }
        for n in range(400)
    ]
    found = judged(each)
    assert found.verdict is Verdict.MIXED
    assert found.worse[0] == "mean"
    assert found.ratio.low > 1 > found.costs["mean"].high
    # One slow run of eight is a doubt, and nothing is sure yet.
    few = judged(each[:12])
    assert (few.verdict, few.doubted) == (Verdict.UNDECIDED, True)
    assert judged(each, Question(tails=False)).verdict is Verdict.FASTER


@pytest.mark.slow
def test_identical_programs_judged_after_every_block_are_seldom_called_different(blocks):
    verdicts = [judged(blocks(seed, count=150)).verdict for seed in range(120)]
    wrong = sum(v in (Verdict.FASTER, Verdict.SLOWER) for v in verdicts)
    # At 5 %, 13 or more of 120 would happen once in 200 times.
    assert wrong < 13


def test_programs_that_are_alike_get_equivalent_rather_than_a_winner(blocks):
    verdicts = [judged(blocks(seed, scatter=0.005)).verdict for seed in range(40)]
    assert verdicts.count(Verdict.EQUIVALENT) >= 36


@pytest.mark.parametrize(("ratio", "verdict"), [(1.1, Verdict.FASTER), (0.9, Verdict.SLOWER)])
def test_a_large_effect_is_found_in_few_blocks(blocks, ratio, verdict):
    made = [judged(blocks(seed, ratio)) for seed in range(20)]
    assert {c.verdict for c in made} == {verdict}
    assert sorted(c.blocks for c in made)[10] <= 12
    assert sum(c.ratio.low <= ratio <= c.ratio.high for c in made) >= 18


def test_an_effect_is_found_in_stolen_time_by_cpu_time(blocks):
    made = [judged(blocks(seed, 1.03, stolen=0.3, count=300)) for seed in range(10)]
    assert {c.verdict for c in made} == {Verdict.FASTER}
    assert {c.metric for c in made} == {Metric.CPU}


def test_a_machine_that_becomes_disturbed_is_judged_by_cpu_time_from_then_on(blocks):
    calm = list(blocks(1, count=20, scatter=0.05))
    wild = [
        {name: [replace(r, block=r.block + 20) for r in rs] for name, rs in block.items()}
        for block in blocks(2, count=300, scatter=0.05, stolen=0.5)
    ]
    follower = Judge("a", "b", Question(threshold=0.001))
    follower.read(calm)
    assert follower.choice.metric is Metric.WALL
    follower.read(calm + wild)
    assert follower.choice.metric is Metric.CPU
    assert len(follower.pairs) == len(follower.sequence) == 320


def test_every_metric_is_shown_whichever_decides(blocks):
    comparison = judged(blocks(1, 1.1))
    assert set(comparison.evidence) == set(Metric)
    assert comparison.evidence[comparison.metric] == comparison.ratio


@pytest.mark.parametrize("metric", list(Metric))
def test_the_metric_asked_for_decides(blocks, metric):
    comparison = judged(blocks(1, 1.1, count=20), Question(metric))
    assert comparison.metric is metric
    assert "asked for" in comparison.metric_because


def test_equal_memory_is_equivalent_and_a_page_is_its_step(blocks):
    assert judged(blocks(1), Question(Metric.MEMORY)).verdict is Verdict.EQUIVALENT


def test_memory_that_may_be_the_launchers_own_decides_nothing(record):
    made = [
        {name: [record(name, n, max_rss_bytes=15 << 20, max_rss_is_floor=True)] for name in "ab"}
        for n in range(20)
    ]
    (comparison,) = compare_cells("a", ["b"], made, Question(Metric.MEMORY), "")
    assert comparison.verdict is Verdict.UNDECIDED


def test_blocks_that_gave_no_pair_count_in_the_budget_that_would_do(record, blocks):
    whole = list(blocks(4, 1.1, 20, scatter=0.2))
    torn = [{"a": block["a"]} if n % 2 else block for n, block in enumerate(whole)]
    (comparison,) = compare_cells("a", ["b"], torn, Question(Metric.CPU), "")
    assert comparison.blocks == 10
    assert comparison.verdict is Verdict.UNDECIDED
    per_pair = comparison.budget_needed_ns / comparison.blocks_needed
    assert per_pair == pytest.approx(2 * block_ns(torn), rel=0.01)


def test_steady_work_that_waits_does_so_though_a_little_was_stolen_during_a_trial(record):
    """Samples of 10 ms of which 3 ms are work, and 10 ms stolen from a trial of a second."""

    def steady(name, block):
        samples = tuple(
            Sample(i, 1, 10_000_003 + 11_003 * (i % 7) + block, 3_000_001 + 1_001 * i)
            for i in range(30)
        )
        changes = {"samples": samples, "mode": Mode.STEADY, "voluntary_switches": 90}
        return record(name, block, 10**9, steal_ns=10_000_000, **changes)

    made = [{name: [steady(name, n)] for name in "ab"} for n in range(10)]
    (comparison,) = compare_cells("a", ["b"], made, Question(), "")
    assert "the work waits" in comparison.metric_because


def test_steady_work_of_nanoseconds_is_told_apart_by_its_long_samples(record):
    """16 against 12 ns: as readings of a clock of nanoseconds they would be 4 steps and 3."""

    def steady(name, block, ns):
        whole = ns << 20
        samples = tuple(Sample(i, 1 << 20, whole + 7 * i + block, whole + i) for i in range(30))
        return record(name, block, 10**9, samples=samples, mode=Mode.STEADY)

    made = [{"a": [steady("a", n, 16)], "b": [steady("b", n, 12)]} for n in range(10)]
    (comparison,) = compare_cells("a", ["b"], made, Question(), "")
    assert comparison.verdict is Verdict.FASTER
    assert "coarse" not in comparison.metric_because
    assert comparison.ratio.point == pytest.approx(4 / 3, rel=1e-3)


def test_wall_and_cpu_time_that_disagree_are_reported(record):
    made = [
        {
            "a": [record("a", n, 20_000_003 + 7 * n, user_ns=20_000_001 + 11 * n)],
            "b": [record("b", n, 10_000_003 + 5 * n, user_ns=39_000_001 + 13 * n)],
        }
        for n in range(12)
    ]
    comparison = judged(made)
    assert comparison.verdict is Verdict.FASTER
    assert comparison.metric is Metric.WALL
    assert "disagree" in comparison.metric_because


def test_a_spent_budget_leaves_undecided_and_says_what_would_do(blocks):
    comparison = judged(blocks(3, 1.004, count=30))
    assert comparison.verdict is Verdict.UNDECIDED
    assert comparison.stopped_because == "the budget is spent"
    assert comparison.blocks_needed > 30
    per_block = comparison.budget_needed_ns / comparison.blocks_needed
    assert 0.9 * 50e6 < per_block < 1.1 * 50e6


def test_a_decided_comparison_needs_no_budget(blocks):
    comparison = judged(blocks(1, 1.2))
    assert comparison.blocks_needed is None
    assert comparison.budget_needed_ns is None


def test_a_block_whose_side_failed_is_no_pair(blocks, record):
    made = list(blocks(1, 1.1, count=20))
    made[3]["b"] = [record("b", 3, status=TrialStatus.CRASHED)]
    del made[5]["b"]
    follower = Judge("a", "b", Question())
    follower.read(made)
    assert len(follower.pairs) == 18


def test_unequal_counts_within_a_block_compare_equally_many_trials(record):
    block = {
        "a": [record("a", 0, 20_000_001), record("a", 0, 90_000_001)],
        "b": [record("b", 0, 10_000_001), record("b", 0, status=TrialStatus.TIMED_OUT)],
    }
    follower = Judge("a", "b", Question(Metric.WALL))
    follower.read([block])
    assert follower.pairs.sides(Metric.WALL)[0][0] == 20_000_001
    assert follower.pairs.sides(Metric.WALL)[1][0] == 10_000_001


def test_a_candidate_without_a_pair_has_no_comparison(blocks):
    assert compare_cells("a", ["c"], list(blocks(1, count=10)), Question(), "") == []


def test_samples_of_one_process_are_not_counted_as_independent(record):
    """Flattened, 4 processes of 50 samples look like 200 values; they are 4."""

    def steady(name, block, ns):
        samples = tuple(Sample(i, 1, ns + 17 * (i % 5), ns + 13 * (i % 7)) for i in range(50))
        return record(name, block, ns * 50, samples=samples, mode=Mode.STEADY)

    made = [
        {"a": [steady("a", n, 10_000_003 + n)], "b": [steady("b", n, 8_000_003 - n)]}
        for n in range(4)
    ]
    comparison = compare_cells("a", ["b"], made, Question(), "")[0]
    assert comparison.blocks == 4
    assert comparison.verdict is Verdict.UNDECIDED
    assert comparison.ratio.high == math.inf


# -- stored runs ----------------------------------------------------------------------------------


HERE = Machine("a kind of machine", "here")


def shelved(made, machine=HERE, given="n=1", **changes):
    """Blocks as they come from the store; `changes` are made to every record."""
    return [
        Stored(machine, given, replace(record, **changes))
        for block in made
        for records in block.values()
        for record in records
    ]


def test_hosts_are_never_pooled(blocks):
    """`b` is faster on one host and slower on the other: pooled, there would be no difference."""
    one, other = Machine("one", "one"), Machine("other", "other")
    stored = shelved(blocks(1, 1.2, 12), one) + shelved(blocks(2, 1 / 1.2, 12), other)
    found = compare_settings("a", "b", parts_of(stored), Question())
    assert {f.setting.machine.host_id: f.comparison.verdict for f in found} == {
        "one": Verdict.FASTER,
        "other": Verdict.SLOWER,
    }
    assert {f.comparison.blocks for f in found} == {12}


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("machine", {"machine": Machine("a kind of machine", "there")}),
        ("machine", {"machine": replace(HERE, cpus=(1,))}),
        ("task", {"task": "play"}),
        ("case", {"case": "full"}),
        ("given", {"given": "n=2", "run_id": "later"}),
        ("builds", {"build_digest": "another", "run_id": "later"}),
    ],
)
def test_blocks_of_another_setting_stay_apart(blocks, field, changed):
    """The numbers of the blocks are the same: every task and case of a run begins with 0."""
    stored = shelved(blocks(1, 1.2, 12)) + shelved(blocks(2, 1 / 1.2, 12), **changed)
    first, second = compare_settings("a", "b", parts_of(stored), Question())
    assert getattr(first.setting, field) != getattr(second.setting, field)


def test_steady_blocks_and_cold_ones_stay_apart(blocks):
    cold = shelved(blocks(1, 1.2, 12))
    samples = tuple(Sample(i, 1, 10_000_003 + 17 * (i % 5), 10_000_001 + i) for i in range(30))
    steady = [
        replace(
            item,
            record=replace(
                item.record,
                mode=Mode.STEADY,
                run_id="steady",
                trial=replace(item.record.trial, samples=samples),
            ),
        )
        for item in cold
    ]
    found = compare_settings("a", "b", parts_of(cold + steady), Question())
    assert {f.setting.mode: f.comparison.verdict for f in found} == {
        Mode.COLD: Verdict.FASTER,
        Mode.STEADY: Verdict.EQUIVALENT,
    }


def test_blocks_of_different_runs_with_the_same_number_are_blocks_of_their_own(blocks):
    stored = [
        item for run in ("monday", "tuesday") for item in shelved(blocks(1, 1.2, 6), run_id=run)
    ]
    (finding,) = compare_settings("a", "b", parts_of(stored), Question())
    assert finding.runs == ("monday", "tuesday")
    assert finding.comparison.blocks == 12
    assert finding.comparison.stopped_because == "no more is stored, in 2 runs"


def test_the_time_between_runs_is_no_part_of_a_blocks(blocks):
    monday = shelved(blocks(1, 1.0, 6, scatter=0.2), run_id="monday")
    later = [
        replace(item, record=replace(item.record, run_id="friday", started_at_ns=10**15 + n))
        for n, item in enumerate(monday)
    ]
    (once,) = (f.comparison for f in compare_settings("a", "b", parts_of(monday), Question()))
    (comparison,) = (
        f.comparison for f in compare_settings("a", "b", parts_of(monday + later), Question())
    )
    assert once.budget_needed_ns
    assert comparison.budget_needed_ns
    per_block = comparison.budget_needed_ns / comparison.blocks_needed
    assert per_block < 1.1 * once.budget_needed_ns / once.blocks_needed


def test_disturbed_blocks_of_the_same_number_count_each(blocks):
    stored = [
        replace(item, record=replace(item.record, trial=replace(item.record.trial, steal_ns=10**9)))
        for run in ("monday", "tuesday")
        for item in shelved(blocks(1, 1.2, 6), run_id=run)
    ]
    (comparison,) = (f.comparison for f in compare_settings("a", "b", parts_of(stored), Question()))
    assert comparison.disturbed_blocks == 12


def test_blocks_without_one_side_and_warm_up_are_left_out(blocks):
    whole = shelved(blocks(1, 1.2, 6), run_id="whole")
    half = [item for item in shelved(blocks(1, 1.2, 6)) if item.record.target == "a"]
    warm = shelved(blocks(1, 1.2, 6), run_id="warm", warmup=True, block=-1)
    (comparison,) = (
        f.comparison for f in compare_settings("a", "b", parts_of(whole + half + warm), Question())
    )
    assert comparison.blocks == 6


def test_a_run_of_several_goes_on_until_every_verdict_is_sure(blocks, record):
    rule = sequential_rule("a", Question(), None)
    seen = []
    answers = []
    for number, block in enumerate(blocks(1, 1.5, count=400)):
        # Two odd blocks at first: whether `c` is like `a` is open for longer than `b` is.
        factor, a = 1.05 if number < 2 else 0.999, block["a"][0].trial
        cpu_ns = int(a.user_ns * factor)
        seen.append({**block, "c": [record("c", number, int(a.wall_ns * factor), user_ns=cpu_ns)]})
        answers.append(rule(seen))
        if answers[-1]:
            break
    assert answers[-1] == "every verdict is sure"
    assert len(seen) > 8


def test_the_most_blocks_allowed_end_a_run(blocks):
    assert judged(blocks(1), max_blocks=9).stopped_because == "9 blocks were the most allowed"


def test_a_target_by_itself_is_measured_until_its_median_is_known(record):
    rule = sequential_rule("a", Question(), None)
    calm = [{"a": [record("a", n, 20_000_003 + 1000 * (n % 7))]} for n in range(8)]
    wild = [{"a": [record("a", n, 20_000_003 * (1 + n % 7))]} for n in range(30)]
    assert rule(calm[:7]) is None
    assert rule(calm) == "the median is known to 1%"
    assert sequential_rule("a", Question(), None)(wild) is None


def test_no_block_is_no_reason_to_stop():
    assert sequential_rule("a", Question(), None)([]) is None


def test_a_precision_is_measured_for_beyond_the_first_sure_sign(blocks):
    made = list(blocks(1, 1.5, scatter=0.03, count=400))
    soon, precise = judged(made), judged(made, Question(precision=0.01))
    assert soon.verdict is precise.verdict is Verdict.FASTER
    assert precise.blocks > soon.blocks
    assert math.log(precise.ratio.high / precise.ratio.low) <= 2 * math.log1p(0.01)
    assert precise.stopped_because == "the ratio's interval has 1% on either side of its middle"


def test_a_precision_of_the_median_is_that_of_a_target_by_itself(record):
    rough = [{"a": [record("a", n, 20_000_003 + 100_000 * (n % 7))]} for n in range(8)]
    assert sequential_rule("a", Question(), None)(rough) is None
    assert sequential_rule("a", Question(precision=0.05), None)(rough)


def test_the_only_target_that_is_left_does_not_get_the_whole_budget(record):
    wild = [{"a": [record("a", n, 20_000_003 * (1 + n % 7))]} for n in range(8)]
    rule = sequential_rule("a", Question(), None, 3)
    assert rule(wild[:7]) is None
    assert rule(wild) == "no other target is left to compare with"
