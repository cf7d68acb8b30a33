"""Steady-mode traces whose shape and change points are known, for tests and benchmarks.

A trace is a mean (flat, steps, an exponential approach, a slope, a cycle) times noise of one of
five kinds, three of them heavy-tailed or skewed as times on a shared machine are. Every step is at
least 5 % and four times the noise's scale: smaller ones are not certain to be seen by anyone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.model import Sample, TraceShape

Array: TypeAlias = NDArray[np.float64]

LENGTHS = (30, 60, 100, 200, 400)
BASE_NS = 5_000_000


@dataclass(frozen=True, slots=True)
class Truth:
    """A trace and what is known of it."""

    family: str
    noise: str
    shape: TraceShape
    times_ns: Array
    steady_from: int | None
    """The first sample of the last step; None where there is no such sample."""
    level_ns: float | None
    """The true steady time."""

    @property
    def samples(self) -> list[Sample]:
        return [
            Sample(index=i, batch=1, wall_ns=int(t), cpu_ns=int(t))
            for i, t in enumerate(self.times_ns)
        ]


def gaussian(rng: np.random.Generator, n: int, scale: float) -> Array:
    return scale * rng.standard_normal(n)


def heavy(rng: np.random.Generator, n: int, scale: float) -> Array:
    """Student's t with two degrees of freedom: no variance."""
    return np.asarray(np.clip(scale * rng.standard_t(2, n), -0.5, 3.0))


def skewed(rng: np.random.Generator, n: int, scale: float) -> Array:
    """Never much faster, sometimes much slower: log-normal excess."""
    return scale * (np.exp(rng.standard_normal(n)) - 1.0)


def outliers(rng: np.random.Generator, n: int, scale: float) -> Array:
    """Gaussian, and one sample in twenty takes up to ten times as long."""
    hit = rng.random(n) < 0.05
    return scale * rng.standard_normal(n) + hit * rng.uniform(0.2, np.log(10), n)


def correlated(rng: np.random.Generator, n: int, scale: float) -> Array:
    """An autoregression of the first order with coefficient 0.4."""
    shocks: Array = scale * np.sqrt(1 - 0.4**2) * rng.standard_normal(n + 20)
    for i in range(1, n + 20):
        shocks[i] += 0.4 * shocks[i - 1]
    return shocks[20:]


NOISES: dict[str, Callable[[np.random.Generator, int, float], Array]] = {
    "gaussian": gaussian,
    "heavy-tailed": heavy,
    "skewed": skewed,
    "outliers": outliers,
    "correlated": correlated,
}

Mean = tuple[Array, int | None]
"""The logarithm of the mean relative to the base, and where the last step begins."""


def effect(rng: np.random.Generator, scale: float, most: float) -> float:
    """A log-ratio that is at least 5 % and four times the noise."""
    return rng.uniform(max(0.05, 4 * scale), most)


def flat(rng: np.random.Generator, n: int, scale: float) -> Mean:
    return np.zeros(n), 0


def warm_step(rng: np.random.Generator, n: int, scale: float) -> Mean:
    at = rng.integers(max(5, n // 10), n // 2)
    return np.where(np.arange(n) < at, effect(rng, scale, 1.5), 0.0), int(at)


def warm_tiers(rng: np.random.Generator, n: int, scale: float) -> Mean:
    """Interpreter, first compiler, second compiler."""
    first = rng.integers(max(5, n // 10), n // 4)
    second = rng.integers(first + max(5, n // 10), n * 6 // 10)
    low, high = effect(rng, scale, 0.5), effect(rng, scale, 1.0)
    i = np.arange(n)
    return np.where(i < first, low + high, np.where(i < second, low, 0.0)), int(second)


def warm_curve(rng: np.random.Generator, n: int, scale: float) -> Mean:
    """An exponential approach: caches that fill. It has no last step."""
    height = rng.uniform(max(0.3, 8 * scale), 2.0)
    return height * np.exp(-np.arange(n) / (n * rng.uniform(0.04, 0.1))), None


def slow_step(rng: np.random.Generator, n: int, scale: float) -> Mean:
    at = rng.integers(max(5, n // 10), n // 2)
    return np.where(np.arange(n) < at, -effect(rng, scale, 1.0), 0.0), int(at)


def warm_then_slow(rng: np.random.Generator, n: int, scale: float) -> Mean:
    """A warm-up to a level that does not last."""
    first = rng.integers(max(5, n // 10), n // 4)
    second = rng.integers(first + max(5, n // 10), n * 6 // 10)
    dip = effect(rng, scale, 0.5)
    i = np.arange(n)
    start = effect(rng, scale, 1.0)
    return np.where(i < first, start, np.where(i < second, -dip, 0.0)), int(second)


def late_step(rng: np.random.Generator, n: int, scale: float) -> Mean:
    """It changes in the last fifth: what comes after is too short to be called steady."""
    at = n - rng.integers(5, max(6, n // 5 + 1))
    sign = rng.choice([-1.0, 1.0])
    return np.where(np.arange(n) < at, 0.0, sign * effect(rng, scale, 1.0)), None


def slope(rng: np.random.Generator, n: int, scale: float) -> Mean:
    """It gets steadily slower or faster: a leak, a growing structure."""
    rise = rng.choice([-1.0, 1.0]) * rng.uniform(max(0.1, 6 * scale), 1.0)
    return np.linspace(0.0, rise, n), None


def cycle(rng: np.random.Generator, n: int, scale: float) -> Mean:
    """Two levels in turn, six to ten samples or a tenth to a fifth of the trace each."""
    half = int(rng.integers(max(6, n // 10), max(7, n // 5 + 1)))
    shift = rng.integers(0, half)
    high = (np.arange(n) + shift) // half % 2 == 0
    return np.where(high, effect(rng, scale, 1.0), 0.0), None


FAMILIES: dict[str, tuple[TraceShape, Callable[[np.random.Generator, int, float], Mean]]] = {
    "flat": (TraceShape.FLAT, flat),
    "one step down": (TraceShape.WARMUP, warm_step),
    "two steps down": (TraceShape.WARMUP, warm_tiers),
    "exponential": (TraceShape.WARMUP, warm_curve),
    "one step up": (TraceShape.SLOWDOWN, slow_step),
    "down, then up": (TraceShape.SLOWDOWN, warm_then_slow),
    "late step": (TraceShape.NO_STEADY_STATE, late_step),
    "slope": (TraceShape.NO_STEADY_STATE, slope),
    "cycle": (TraceShape.NO_STEADY_STATE, cycle),
}


def trace(rng: np.random.Generator, family: str, noise: str, n: int) -> Truth:
    """One trace of `n` samples; the noise's scale is drawn between 0.1 and 2 %."""
    shape, mean = FAMILIES[family]
    scale = float(np.exp(rng.uniform(np.log(0.001), np.log(0.02))))
    logs, steady_from = mean(rng, n, scale)
    times = BASE_NS * np.exp(logs + NOISES[noise](rng, n, scale))
    steady = shape is not TraceShape.NO_STEADY_STATE
    return Truth(family, noise, shape, times, steady_from, BASE_NS if steady else None)


def traces(seed: int, repetitions: int) -> Iterator[Truth]:
    """Every family with every noise, `repetitions` times each, the lengths in turn."""
    rng = np.random.default_rng(seed)
    for repetition in range(repetitions):
        for f, family in enumerate(FAMILIES):
            for k, noise in enumerate(NOISES):
                yield trace(rng, family, noise, LENGTHS[(repetition + f + k) % len(LENGTHS)])
