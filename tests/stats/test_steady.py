"""When a process has settled, on traces of known shape."""

from __future__ import annotations

import runpy
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.model import Sample, TraceShape
from harness.stats.steady import MIN_SAMPLES, Trace, shapes_of, trace_of, trace_warnings

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SEED = 7


def samples_of(
    wall_ns: Sequence[float], cpu_ns: Sequence[float] | None = None, batch: int = 1
) -> list[Sample]:
    cpu_ns = wall_ns if cpu_ns is None else cpu_ns
    return [
        Sample(i, batch, int(w), int(c))
        for i, (w, c) in enumerate(zip(wall_ns, cpu_ns, strict=True))
    ]


def noisy(levels: Sequence[float], scale: float = 0.002, seed: int = SEED) -> np.ndarray:
    """5 ms times each of `levels`, with log-normal noise."""
    rng = np.random.default_rng(seed)
    return 5e6 * np.asarray(levels) * np.exp(scale * rng.standard_normal(len(levels)))


@pytest.fixture(scope="module")
def judged() -> list[tuple[Any, Trace]]:
    """Some hundred synthetic traces, every family with every noise, and what is made of them."""
    synthetic = runpy.run_path(str(BENCHMARKS / "synthetic_traces.py"))
    return [(truth, trace_of(truth.samples)) for truth in synthetic["traces"](SEED, 12)]


def test_95_percent_of_the_synthetic_traces_are_classed_right(
    judged: list[tuple[Any, Trace]],
) -> None:
    wrong = Counter((t.family, t.noise) for t, found in judged if found.shape is not t.shape)
    assert len(judged) == 540
    assert sum(wrong.values()) <= 0.05 * len(judged), wrong


@pytest.mark.parametrize("by", ["family", "noise"])
def test_no_kind_of_trace_is_classed_right_in_less_than_90_percent(
    judged: list[tuple[Any, Trace]], by: str
) -> None:
    seen = Counter(getattr(truth, by) for truth, _ in judged)
    right = Counter(getattr(t, by) for t, found in judged if found.shape is t.shape)
    assert min(right[kind] / seen[kind] for kind in seen) >= 0.9


def test_the_steady_segment_begins_where_the_last_step_was(judged: list[tuple[Any, Trace]]) -> None:
    off_by = [
        abs(found.steady_from - truth.steady_from)
        for truth, found in judged
        if found.shape is truth.shape and truth.steady_from is not None
    ]
    assert len(off_by) > 250
    assert np.mean(np.asarray(off_by) <= 2) >= 0.95


def test_the_steady_time_is_the_true_level_within_the_noise(
    judged: list[tuple[Any, Trace]],
) -> None:
    errors = [
        abs(found.steady_ns / truth.level_ns - 1)
        for truth, found in judged
        if found.shape is truth.shape and truth.level_ns is not None
    ]
    assert len(errors) > 300
    assert np.median(errors) < 0.005
    assert np.quantile(errors, 0.95) < 0.03


def test_a_trace_without_a_steady_state_has_no_steady_time(
    judged: list[tuple[Any, Trace]],
) -> None:
    none = [found for _, found in judged if found.shape is TraceShape.NO_STEADY_STATE]
    assert len(none) > 100
    assert all((t.steady_from, t.steady_ns) == (None, None) for t in none)


def test_the_same_samples_are_judged_the_same_in_batches_of_any_size() -> None:
    times = noisy([2.0] * 10 + [1.0] * 30)
    one, many = trace_of(samples_of(times)), trace_of(samples_of(64 * times, batch=64))
    assert (many.shape, many.changes) == (one.shape, one.changes) == (TraceShape.WARMUP, (10,))
    assert many.steady_ns == pytest.approx(one.steady_ns, rel=1e-6)


def test_a_step_below_the_threshold_is_no_change() -> None:
    times = noisy([1.008] * 20 + [1.0] * 20, scale=0.0005)
    assert trace_of(samples_of(times)).shape is TraceShape.FLAT
    assert trace_of(samples_of(times), threshold=0.002).shape is TraceShape.WARMUP


def test_an_interruption_that_passes_leaves_the_level_as_it_was() -> None:
    times = noisy([1.0] * 14 + [3.0] * 2 + [1.0] * 14)
    assert trace_of(samples_of(times)).shape is TraceShape.FLAT


def test_a_return_to_the_first_level_is_a_warm_up_again() -> None:
    found = trace_of(samples_of(noisy([1.0] * 10 + [1.5] * 10 + [1.0] * 20)))
    assert (found.shape, found.steady_from) == (TraceShape.WARMUP, 20)


def test_a_level_that_comes_and_goes_within_the_threshold_does_not_delay_the_steady_state() -> None:
    found = trace_of(samples_of(noisy([2.0] * 10 + [1.004] * 15 + [1.0] * 15, scale=0.0003)))
    assert (found.shape, found.steady_from) == (TraceShape.WARMUP, 10)


def test_equal_times_of_a_coarse_clock_are_flat() -> None:
    found = trace_of(samples_of([4e6] * 30))
    assert (found.shape, found.steady_ns, found.changes) == (TraceShape.FLAT, 4e6, ())


def test_times_of_zero_are_flat_and_take_no_time() -> None:
    found = trace_of(samples_of([0] * 20))
    assert (found.shape, found.steady_ns) == (TraceShape.FLAT, 0)


def test_samples_of_the_calibration_are_no_part_of_the_trace() -> None:
    calibration = [Sample(0, 1, 900, 800, True), Sample(1, 1, 100, 90, True)]
    found = trace_of([*calibration, *samples_of(noisy([1.0] * 20))])
    assert (found.shape, found.first_call_ns) == (TraceShape.FLAT, 900)


def test_without_samples_nothing_is_said() -> None:
    assert trace_of([]) == Trace()
    assert trace_of([Sample(0, 1, 900, 800, True)]) == Trace(first_call_ns=900)


def test_a_short_trace_has_a_median_but_no_shape() -> None:
    found = trace_of(samples_of([9e6] + [1e6] * (MIN_SAMPLES - 2)))
    assert (found.shape, found.steady_ns, found.cpu_ns) == (None, 1e6, 1e6)


def test_cpu_time_is_that_of_the_steady_segment() -> None:
    wall = noisy([2.0] * 10 + [1.0] * 30)
    found = trace_of(samples_of(wall, [8e6] * 10 + [3e6] * 30))
    assert found.cpu_ns == 3e6


def test_cpu_time_that_settled_is_kept_where_wall_time_did_not() -> None:
    wall = noisy([1.0] * 10 + [2.0] * 10 + [1.0] * 10 + [2.0] * 4)
    found = trace_of(samples_of(wall, noisy([1.0] * 34)))
    assert (found.shape, found.steady_ns) == (TraceShape.NO_STEADY_STATE, None)
    assert found.cpu_ns == pytest.approx(5e6, rel=0.01)


def test_shapes_are_counted_and_short_traces_are_not() -> None:
    flat, short = Trace(TraceShape.FLAT), Trace(None)
    none = Trace(TraceShape.NO_STEADY_STATE)
    assert shapes_of([none, flat, short, flat]) == {
        TraceShape.FLAT: 2,
        TraceShape.NO_STEADY_STATE: 1,
    }


def test_warnings_name_what_is_left_out_and_what_got_slower() -> None:
    none = Trace(TraceShape.NO_STEADY_STATE)
    busy = Trace(TraceShape.NO_STEADY_STATE, cpu_ns=1.0)
    rest = [Trace(TraceShape.FLAT), Trace(TraceShape.SLOWDOWN), Trace(None)]
    assert trace_warnings([none, busy, *rest]) == (
        "2 of 5 trials had no steady state and are left out"
        " (CPU time was steady in 1: the machine was busy)",
        "1 of 5 trials got slower after their fastest stretch",
        "1 of 5 trials had fewer than 8 samples, too few to tell a warm-up",
    )


def test_flat_and_warm_traces_need_no_warning() -> None:
    assert trace_warnings([Trace(TraceShape.FLAT), Trace(TraceShape.WARMUP)]) == ()
