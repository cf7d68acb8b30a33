"""What the trials of one target say."""

import math

import pytest

from harness.analysis import disturbed, summarise_cell
from harness.model import Mode, Phase, Sample, TraceShape, TrialStatus


def test_trials_that_failed_are_counted_and_not_measured(record):
    records = [record(block=n, wall_ns=20_000_000 + n) for n in range(9)]
    records.append(record(block=9, wall_ns=1, status=TrialStatus.CRASHED))
    summary = summarise_cell(records, Mode.COLD, 0.95)
    assert (summary["trials"], summary["failures"]) == (9, 1)
    assert summary["wall_ns"].low >= 20_000_000
    assert summary["wall_ns"].point == 20_000_004


def test_one_trial_is_shown_with_an_interval_without_bounds(record):
    summary = summarise_cell([record()], Mode.COLD, 0.95)
    assert summary["wall_ns"].point == 20_000_003
    assert (summary["wall_ns"].low, summary["wall_ns"].high) == (0, math.inf)
    assert any("one trial" in warning for warning in summary["warnings"])


def test_few_trials_say_that_their_interval_is_their_range(record):
    summary = summarise_cell([record(block=n) for n in range(4)], Mode.COLD, 0.95)
    assert summary["wall_ns"].confidence == pytest.approx(0.875)
    assert any("whole range" in warning for warning in summary["warnings"])


def test_many_trials_have_no_warning(record):
    summary = summarise_cell([record(block=n) for n in range(10)], Mode.COLD, 0.95)
    assert summary["warnings"] == ()
    assert summary["wall_ns"].confidence == 0.95


def test_no_trial_that_ended_well_has_no_estimate(record):
    summary = summarise_cell([record(status=TrialStatus.TIMED_OUT)], Mode.COLD, 0.95)
    assert summary["wall_ns"] is summary["cpu_ns"] is summary["max_rss_bytes"] is None


@pytest.mark.parametrize(
    ("checked", "answer"),
    [([True, True], True), ([True, False], False), ([None, None], None), ([None, True], True)],
)
def test_outputs_are_ok_where_every_one_that_was_checked_is(record, checked, answer):
    records = [record(block=n, output_ok=ok) for n, ok in enumerate(checked)]
    assert summarise_cell(records, Mode.COLD, 0.95)["output_ok"] is answer


def test_phases_keep_their_order_and_share(record):
    phases = (Phase("read", 1, 5_000_000), Phase("solve", 4, 10_000_000))
    records = [record(block=n, wall_ns=20_000_000, phases=phases) for n in range(9)]
    read, solve = summarise_cell(records, Mode.COLD, 0.95)["phases"]
    assert [read.path, solve.path] == ["read", "solve"]
    assert (read.share, solve.share) == (0.25, 0.5)
    assert solve.calls == 4


def steady(record, block, levels, **changes):
    samples = tuple(Sample(i, 2, 2 * ns, 2 * ns) for i, ns in enumerate(levels))
    return record(block=block, samples=samples, mode=Mode.STEADY, **changes)


def test_a_steady_trial_counts_once_and_is_shown_per_execution(record):
    records = [
        steady(record, n, [10_000_000 + 1000 * n + i for i in range(30)], ready_ns=5_000_000)
        for n in range(9)
    ]
    summary = summarise_cell(records, Mode.STEADY, 0.95)
    assert summary["trials"] == 9
    assert summary["wall_ns"].point == pytest.approx(10_004_014, abs=20)
    assert summary["ready_ns"].point == 5_000_000
    assert sum(summary["shapes"].values()) == 9
    assert set(summary["shapes"]) <= set(TraceShape)


def test_phases_of_steady_trials_are_of_one_execution(record):
    # 30 samples of 2 executions each, and one more because of the batch.
    phases = (Phase("solve", 61, 61 * 5_000_000),)
    records = [steady(record, n, [10_000_000] * 30, phases=phases) for n in range(9)]
    (solve,) = summarise_cell(records, Mode.STEADY, 0.95)["phases"]
    assert solve.total_ns.point == 5_000_000
    assert (solve.calls, solve.share) == (1, 0.5)


@pytest.mark.parametrize("compiled", [0, 900_000_000])
def test_shares_of_steady_phases_are_of_the_wall_time_beside_them(record, compiled):
    """However long the first call took, inside of the phase or outside of it."""
    samples = (Sample(0, 1, 1_000_000_000, 1_000_000_000, calibration=True),)
    samples += tuple(Sample(i, 1, 2_370_000, 2_370_000) for i in range(1, 31))
    phases = (Phase("solve", 31, 31 * 2_240_000 + compiled),)
    made = [record(block=n, samples=samples, mode=Mode.STEADY, phases=phases) for n in range(9)]
    summary = summarise_cell(made, Mode.STEADY, 0.95)
    (solve,) = summary["phases"]
    assert solve.share == pytest.approx(solve.total_ns.point / summary["wall_ns"].point)
    assert solve.share <= 1
    if not compiled:
        assert solve.share == pytest.approx(2.24 / 2.37)


def test_a_block_is_disturbed_by_stolen_time_or_pressure_in_any_of_its_trials(record):
    made = [
        {"a": [record("a", 0)], "b": [record("b", 0)]},
        {"a": [record("a", 1)], "b": [record("b", 1, steal_ns=10_000_000)]},
        {"a": [record("a", 2, pressure_ns=5_000_000)], "b": [record("b", 2)]},
        {"a": [record("a", 3, pressure_ns=1000)], "b": [record("b", 3, pressure_ns=None)]},
    ]
    assert disturbed(made) == {1, 2}


@pytest.mark.parametrize(("cpu_ns", "expected"), [(19_950_000, set()), (15_000_000, {0})])
def test_pressure_on_others_does_not_disturb_a_program_that_has_a_cpu(record, cpu_ns, expected):
    made = [{"a": [record("a", 0, 20_000_000, user_ns=cpu_ns, pressure_ns=4_000_000)]}]
    assert disturbed(made) == expected


def test_trials_without_time_and_processes_left_behind_are_reported(record):
    records = [record(block=n, wall_ns=0, left_behind=2) for n in range(10)]
    warnings = summarise_cell(records, Mode.COLD, 0.95)["warnings"]
    assert any("no time" in w for w in warnings)
    assert any("left processes behind" in w for w in warnings)
