"""The choice between wall and CPU time: right for the program, blind to the answer."""

from dataclasses import replace

import numpy as np
import pytest

from harness.model import Metric
from harness.stats.clocks import Clock
from harness.stats.metric import PairedTimes, choose_metric


def times(
    busy: float = 0.98, stolen: float = 0.0, n: int = 12, seed: int = 1, **changes: np.ndarray
) -> PairedTimes:
    """Busy programs of 20 ms; in half of the trials up to the share `stolen` of extra wall time."""
    rng = np.random.default_rng(seed)
    cpu = np.round(2e7 * np.exp(0.005 * rng.standard_normal((2, n))))
    extra = np.exp(stolen * rng.random((2, n)) * rng.integers(0, 2, (2, n)))
    wall = cpu / busy * extra
    values = {
        "reference_wall": wall[0],
        "candidate_wall": wall[1],
        "reference_cpu": cpu[0],
        "candidate_cpu": cpu[1],
        "voluntary": np.full(n, 2.0),
        "involuntary": np.full(n, 4.0),
        "stolen": np.zeros(n),
    }
    return PairedTimes(**{**values, **changes})


def test_wall_time_decides_on_a_calm_machine():
    choice = choose_metric(times())
    assert choice.metric is Metric.WALL
    assert "calm" in choice.because


def test_cpu_time_decides_where_time_is_stolen():
    choice = choose_metric(times(stolen=0.3))
    assert choice.metric is Metric.CPU
    assert "taken away" in choice.because


def test_wall_time_decides_for_parallel_work_however_disturbed():
    choice = choose_metric(times(busy=1.8, stolen=0.3))
    assert choice.metric is Metric.WALL
    assert "parallel" in choice.because


def test_one_parallel_side_is_enough():
    both = times(stolen=0.3)
    choice = choose_metric(times(stolen=0.3, candidate_wall=both.candidate_wall / 2))
    assert choice.metric is Metric.WALL


def test_wall_time_decides_for_work_that_waits_however_disturbed():
    choice = choose_metric(times(busy=0.3, stolen=0.3, voluntary=np.full(12, 9.0)))
    assert choice.metric is Metric.WALL
    assert "waits" in choice.because


def test_work_whose_cpu_is_taken_in_every_trial_is_not_work_that_waits():
    choice = choose_metric(times(busy=0.5, stolen=0.3, involuntary=np.full(12, 20.0)))
    assert choice.metric is Metric.CPU


def test_work_that_a_hypervisor_halts_in_every_trial_is_not_work_that_waits():
    gone = np.full(12, 2 * 2e7 * (1 / 0.7 - 1))
    halted = {"busy": 0.7, "stolen": 0.3, "voluntary": np.full(12, 9.0)}
    extra = times(**halted)
    assert choose_metric(extra).metric is Metric.WALL
    assert choose_metric(replace(extra, stolen=gone)).metric is Metric.CPU


def test_times_that_are_shares_of_long_readings_come_from_a_fine_clock():
    short = times(stolen=0.3)
    shares = {
        f"{side}_{kind}": getattr(short, f"{side}_{kind}") / 1e6
        for side in ("reference", "candidate")
        for kind in ("wall", "cpu")
    }
    assert "too coarse" in choose_metric(replace(short, **shares)).because
    known = replace(short, **shares, cpu_clock=Clock(1, 1_000_000))
    assert choose_metric(known).metric is Metric.CPU


def test_wall_time_decides_where_the_cpu_clock_is_coarse():
    fine = times(stolen=0.3)
    coarse = {
        name: np.floor(getattr(fine, name) / 4e6) * 4e6
        for name in ("reference_cpu", "candidate_cpu")
    }
    choice = choose_metric(times(stolen=0.3, **coarse))
    assert choice.metric is Metric.WALL
    assert "coarse" in choice.because


def test_wall_time_decides_where_cpu_time_is_unknown():
    assert choose_metric(times(reference_cpu=np.zeros(12))).metric is Metric.WALL
    assert choose_metric(times(n=0)).metric is Metric.WALL


@pytest.mark.parametrize("seed", range(20))
def test_the_choice_does_not_change_when_blocks_change_their_sides(seed):
    one = times(stolen=0.012, seed=seed)
    swap = np.random.default_rng(seed).integers(0, 2, 12).astype(bool)

    def mixed(kind: str) -> dict[str, np.ndarray]:
        ref, cand = (getattr(one, f"{side}_{kind}") for side in ("reference", "candidate"))
        return {
            f"reference_{kind}": np.where(swap, cand, ref),
            f"candidate_{kind}": np.where(swap, ref, cand),
        }

    assert choose_metric(times(**mixed("wall"), **mixed("cpu"))) == choose_metric(one)


def test_threads_that_take_turns_on_a_busy_machine_are_parallel_work():
    busy = times(busy=0.6, stolen=0.3, involuntary=np.full(12, 20.0))
    assert choose_metric(replace(busy, threads=np.ones(12))).metric is Metric.CPU
    choice = choose_metric(replace(busy, threads=np.full(12, 2.0)))
    assert choice.metric is Metric.WALL
    assert "parallel (2 threads at once)" in choice.because


def test_threads_that_spin_are_not_work_that_waits():
    spinning = times(busy=0.5, threads=np.full(12, 2.0))
    assert "waits" not in choose_metric(spinning).because


def test_wall_time_decides_where_the_cpu_time_of_other_processes_is_not_seen():
    unseen = replace(times(stolen=0.3), candidate_cpu=np.full(12, -1.0))
    choice = choose_metric(unseen)
    assert choice.metric is Metric.WALL
    assert "other processes do a part of the work" in choice.because


def test_work_that_hardly_computes_waits_whatever_disturbs_it():
    """Of a program that sleeps, a few switches and all that is stolen meanwhile explain nothing."""
    rng = np.random.default_rng(3)
    cpu = 1e6 * np.exp(0.3 * rng.standard_normal((2, 12)))
    asleep = replace(
        times(),
        reference_wall=cpu[0] + 1e7,
        candidate_wall=cpu[1] + 1e9,
        reference_cpu=cpu[0],
        candidate_cpu=cpu[1],
        involuntary=np.full(12, 3.0),
        stolen=np.full(12, 9e8),
    )
    choice = choose_metric(asleep)
    assert choice.metric is Metric.WALL
    assert "waits" in choice.because
    # Twenty times its turn was taken from it: that is what it waited for.
    assert choose_metric(replace(asleep, involuntary=np.full(12, 20.0))).metric is Metric.CPU


@pytest.mark.parametrize("busy", [0.06, 0.3, 0.7])
def test_a_share_that_is_not_tiny_is_judged_by_its_disturbance(busy):
    halted = times(busy=busy, stolen=0.3)
    gone = halted.reference_wall + halted.candidate_wall
    assert choose_metric(replace(halted, stolen=gone)).metric is Metric.CPU
