"""Which design, metric, test and spending rate: every choice, tried on recorded noise.

    python benchmarks/noise_trace.py                  400 windows of 240 blocks, half a minute
    python benchmarks/noise_trace.py --windows 40     a short form

The recording (tests/data/noise_trace.parquet) holds two identical programs and two that are 2 % and
10 % slower, in a bad hour. A window is 240 consecutive blocks, looked at after every block.
Windows overlap, so that shares have a standard error of about 2 %.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from figures import figure, rate
from numpy.typing import NDArray
from rig import rig
from tabulate import tabulate

import harness.stats.boundary
import harness.stats.metric
from harness.analysis import Judge, Question
from harness.model import Metric, Mode, Trial, TrialRecord, TrialStatus, Verdict
from harness.stats.boundary import SPENDING_RATE, SignBoundary, sign_boundary

Array: TypeAlias = NDArray[np.float64]

TRACE = Path(__file__).parents[1] / "tests/data/noise_trace.parquet"
ERROR = 0.05
PAIRS = {"identical": (1, 0), "2 %": (2, 0), "10 %": (3, 0)}
"""Name: (candidate, reference) as targets of the recording."""
TRUE_RATIO = {"identical": 1.0, "2 %": 1 / 1.0185, "10 %": 1 / 1.093}
BLOCK_S = 0.045
"""What a block of two takes: for times in words."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The recording as arrays of blocks by targets."""

    wall_ns: Array
    cpu_ns: Array
    voluntary: Array
    involuntary: Array
    position: Array

    def log_ratio(self, pair: str, metric: Metric) -> Array:
        """log(candidate / reference) by block."""
        candidate, reference = PAIRS[pair]
        times = self.wall_ns if metric is Metric.WALL else self.cpu_ns
        return np.log(times[:, candidate] / times[:, reference])


def read_trace(path: Path = TRACE) -> Trace:
    """The recording."""
    import pandas as pd

    rows = pd.read_parquet(path)
    rows["cpu_ns"] = rows.user_ns + rows.sys_ns
    columns = ("wall_ns", "cpu_ns", "voluntary", "involuntary", "position")
    return Trace(
        *(
            rows.pivot(index="block", columns="target", values=column).to_numpy(dtype=np.float64)
            for column in columns
        )
    )


# -- tests, each a function from log-ratios to the first block that it calls a difference -------

Test: TypeAlias = Callable[[Array], float]


def first_of(hits: NDArray[np.bool_]) -> float:
    """The first look that hits, from 1; infinity where none does."""
    return float(np.argmax(hits)) + 1 if hits.any() else math.inf


def counts(differences: Array) -> tuple[Array, Array]:
    """The minority of signs (a tie counts for it) and the number of blocks, after each block."""
    looks = np.arange(1, len(differences) + 1)
    positive, negative = np.cumsum(differences > 0), np.cumsum(differences < 0)
    return looks - np.maximum(positive, negative), looks


def exact_signs(differences: Array, boundary: SignBoundary | None = None) -> float:
    """Ours: the minority of signs against the exact boundary."""
    minority, looks = counts(differences)
    limits = [(boundary or sign_boundary(1 - ERROR)).limit(int(n)) for n in looks]
    return first_of(minority <= limits)


def mixture_signs(differences: Array) -> float:
    """A beta(1/2, 1/2) binomial mixture e-process on the signs (Robbins, 1970), at 1 / error."""
    from scipy.special import betaln

    minority, looks = counts(differences)
    log_e = betaln(minority + 0.5, looks - minority + 0.5) - betaln(0.5, 0.5) + looks * math.log(2)
    return first_of(log_e >= math.log(1 / ERROR))


def repeated_t(differences: Array) -> float:
    """The paired t test at a fixed level, read after every block from the fifth on: dishonest."""
    from scipy.stats import t

    n = np.arange(1, len(differences) + 1)
    mean = np.cumsum(differences) / n
    variance = np.maximum(np.cumsum(differences**2) / n - mean**2, 1e-18) * n / np.maximum(n - 1, 1)
    statistic = np.abs(mean) / np.sqrt(variance / n)
    return first_of((n >= 5) & (2 * t.sf(statistic, np.maximum(n - 1, 1)) < ERROR))


def repeated_signs(differences: Array) -> float:
    """The sign test at a fixed level, read after every block: dishonest."""
    from scipy.stats import binom

    minority, looks = counts(differences)
    return first_of(2 * binom.cdf(minority, looks, 0.5) < ERROR)


def final_t(differences: Array) -> float:
    """The paired t test, read once at the end."""
    from scipy.stats import ttest_1samp

    return float(len(differences)) if ttest_1samp(differences, 0).pvalue < ERROR else math.inf


TESTS: dict[str, Test] = {
    "exact boundary on signs (ours)": exact_signs,
    "beta-binomial mixture on signs": mixture_signs,
    "paired t, once at the end": final_t,
    "paired t, read at every block": repeated_t,
    "sign test, read at every block": repeated_signs,
}


# -- reports --------------------------------------------------------------------------------------


def windows(values: Array, starts: Sequence[int], length: int) -> list[Array]:
    return [values[start : start + length] for start in starts]


def share(found: Sequence[float], within: float = math.inf) -> str:
    """How many are found, and of how many."""
    hits = sum(n <= within and n < math.inf for n in found)
    return f"{hits}/{len(found)} ({hits / len(found):.1%})"


def spread(found: Sequence[float]) -> str:
    """Median and 95th percentile of the blocks needed."""
    middle, late = (np.quantile(found, q, method="higher") for q in (0.5, 0.95))
    return f"{middle:.0f} / {'never' if math.isinf(late) else f'{late:.0f}'}"


def tests_table(trace: Trace, starts: Sequence[int], length: int) -> str:
    """Every test by both metrics."""
    rows = []
    for metric in (Metric.CPU, Metric.WALL):
        for name, test in TESTS.items():
            found = {
                pair: [test(w) for w in windows(trace.log_ratio(pair, metric), starts, length)]
                for pair in PAIRS
            }
            rows.append(
                [
                    metric.value,
                    name,
                    share(found["identical"]),
                    share(found["2 %"]),
                    spread(found["2 %"]),
                    spread(found["10 %"]),
                ]
            )
    headers = ["metric", "test", "identical called different", "2 % found"]
    return tabulate(rows, [*headers, "2 %: blocks (median / p95)", "10 %: blocks"], "github")


def rates_table(trace: Trace, starts: Sequence[int], length: int) -> str:
    """The exact boundary at several spending rates."""
    rows = []
    chosen = harness.stats.boundary.SPENDING_RATE
    for speed in (0.3, 0.4, 0.5, 0.7, 1.0):
        harness.stats.boundary.SPENDING_RATE = speed
        boundary = SignBoundary(1 - ERROR)
        boundary.limit(length)
        cells = []
        for metric in (Metric.CPU, Metric.WALL):
            for pair in ("2 %", "10 %"):
                ratios = windows(trace.log_ratio(pair, metric), starts, length)
                cells.append(spread([exact_signs(w, boundary) for w in ratios]))
        rows.append([f"{speed}{' (ours)' * (speed == chosen)}", *cells])
    harness.stats.boundary.SPENDING_RATE = chosen
    return tabulate(rows, ["rate", "CPU 2 %", "CPU 10 %", "wall 2 %", "wall 10 %"], "github")


def information(agreeing: float) -> float:
    """What one sign tells, in nats, where this share of signs agrees (Kullback & Leibler)."""
    p = min(max(agreeing, 1e-9), 1 - 1e-9)
    return p * math.log(2 * p) + (1 - p) * math.log(2 * (1 - p))


def designs_table(trace: Trace) -> str:
    """Signs of pairs against signs of fours: information for each two trials."""
    rows = []
    even = len(trace.position) // 2 * 2
    for metric in (Metric.CPU, Metric.WALL):
        times = np.log(trace.wall_ns if metric is Metric.WALL else trace.cpu_ns)
        for pair in ("2 %", "10 %"):
            candidate, reference = PAIRS[pair]
            single = trace.log_ratio(pair, metric)
            near = np.abs(trace.position[:, candidate] - trace.position[:, reference]) == 1
            doubled = times[:even].reshape(even // 2, 2, 4)
            means, least = doubled.mean(axis=1), doubled.min(axis=1)
            agreeing = [
                single > 0,
                single[near] > 0,
                means[:, candidate] > means[:, reference],
                least[:, candidate] > least[:, reference],
            ]
            told = [information(float(np.mean(signs))) for signs in agreeing]
            told = [*told[:2], *(value / 2 for value in told[2:]), informed_by_size(single)]
            rows.append([metric.value, pair, *(f"{value:.3f}" for value in told)])
    headers = ["metric", "effect", "pairs", "pairs run one after the other", "fours: means"]
    return tabulate(rows, [*headers, "fours: faster of two", "pairs, size known (bound)"], "github")


def informed_by_size(differences: Array, bins: int = 20) -> float:
    """What a sign tells to one who knows how reliable signs of its size are."""
    sizes = np.abs(differences)
    edges = np.quantile(sizes, np.linspace(0, 1, bins + 1)[1:-1])
    group = np.searchsorted(edges, sizes)
    return sum(
        float(np.mean(group == g)) * information(float(np.mean(differences[group == g] > 0)))
        for g in range(bins)
    )


# -- the harness's own judge ----------------------------------------------------------------------


def pairs_as_blocks(trace: Trace, pair: str) -> list[dict[str, list[TrialRecord]]]:
    """The recording as blocks of two of the harness."""
    candidate, reference = PAIRS[pair]
    return [
        {
            name: [record(trace, block, target, name)]
            for name, target in (("reference", reference), ("candidate", candidate))
        }
        for block in range(len(trace.wall_ns))
    ]


def record(trace: Trace, block: int, target: int, name: str) -> TrialRecord:
    trial = Trial(
        status=TrialStatus.OK,
        wall_ns=int(trace.wall_ns[block, target]),
        user_ns=int(trace.cpu_ns[block, target]),
        voluntary_switches=int(trace.voluntary[block, target]),
        involuntary_switches=int(trace.involuntary[block, target]),
        max_rss_bytes=1 << 20,
    )
    return TrialRecord(
        *("trace", "work", "one", name, "c", "c", "digest", Mode.COLD),
        block=block,
        position=int(trace.position[block, target]),
        warmup=False,
        started_at_ns=0,
        trial=trial,
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run of the judge ended."""

    verdict: Verdict
    blocks: int
    metric: Metric
    covers: bool
    wrong: bool


def outcomes(trace: Trace, pair: str, starts: Sequence[int], most: int) -> Iterator[Outcome]:
    """The judge with `--metric auto`, stopped as `harness compare` stops it."""
    blocks, truth = pairs_as_blocks(trace, pair), TRUE_RATIO[pair]
    right = {
        "identical": {Verdict.EQUIVALENT, Verdict.UNDECIDED},
        "2 %": {Verdict.SLOWER, Verdict.UNDECIDED},
        "10 %": {Verdict.SLOWER, Verdict.UNDECIDED},
    }[pair]
    for start in starts:
        judge = Judge("reference", "candidate", Question())
        seen: list[dict[str, list[TrialRecord]]] = []
        for block in blocks[start : start + most]:
            seen.append(block)
            judge.read(seen)
            if judge.verdict is not Verdict.UNDECIDED:
                break
        low, high = math.exp(judge.interval.low), math.exp(judge.interval.high)
        yield Outcome(
            judge.verdict,
            len(seen),
            judge.choice.metric,
            low <= truth <= high,
            judge.verdict not in right,
        )


WANTED_S = {"identical": 20.0, "2 %": 5.0, "10 %": 0.6}
"""Within which time the judge is to decide: all but 5 %, and of 10 % half."""


def judge_table(ended: Mapping[str, Sequence[Outcome]]) -> str:
    """What `harness compare` would have said."""
    rows = []
    for pair, ends in ended.items():
        decided = [o.blocks if o.verdict is not Verdict.UNDECIDED else math.inf for o in ends]
        within = WANTED_S[pair] / BLOCK_S
        rows.append(
            [
                pair,
                share([1.0 if o.wrong else math.inf for o in ends]),
                f"{share(decided, within)} within {within * BLOCK_S:.3g} s",
                spread(decided),
                share([1.0 if o.covers else math.inf for o in ends]),
                share([1.0 if o.metric is Metric.CPU else math.inf for o in ends]),
            ]
        )
    headers = ["pair", "wrong verdict", "decided", "blocks (median / p95)"]
    return tabulate(rows, [*headers, "interval holds the truth", "by CPU time"], "github")


def figures(ended: Mapping[str, Sequence[Outcome]]) -> None:
    """What is wanted of the judge on the recording, and whether it holds."""
    least = {"identical": 0.9, "2 %": 0.95, "10 %": 0.5}
    for pair, ends in ended.items():
        within = WANTED_S[pair] / BLOCK_S
        decided = [o.blocks <= within and o.verdict is not Verdict.UNDECIDED for o in ends]
        rate(f"recorded, {pair}: wrong", [o.wrong for o in ends], most=0.05)
        rate(f"recorded, {pair}: decided within {WANTED_S[pair]:g} s", decided, least=least[pair])
        rate(f"recorded, {pair}: interval holds the truth", [o.covers for o in ends], least=0.93)


def coverage_table(trace: Trace, starts: Sequence[int], length: int, seed: int) -> str:
    """How often the interval still holds the truth in runs that go on to their end.

    The truth is the median of the whole recording, which drifts; with the order drawn anew (every
    difference from it turned by the toss of a coin) it does not.
    """
    rng, rows, every = np.random.default_rng(seed), [], []
    for metric in (Metric.CPU, Metric.WALL):
        for pair in PAIRS:
            ratios = trace.log_ratio(pair, metric)
            apart = ratios - np.median(ratios)
            own = windows(apart, starts, length)
            anew = [each * rng.choice((-1.0, 1.0), length) for each in own]
            held = [[math.isinf(exact_signs(each)) for each in some] for some in (own, anew)]
            every += held[1]
            rows.append([metric.value, pair, *(f"{np.mean(each):.1%}" for each in held)])
    share_held = float(np.mean(every))
    name = f"recorded, {length} blocks to the end, order drawn anew: interval holds the truth"
    wanted = "94 to 98 %"
    few = len(starts) < 100
    figure(name, f"{share_held:.1%}", wanted, None if few else 0.94 <= share_held <= 0.98)
    headers = ["metric", "pair", "holds it, as recorded", "order drawn anew"]
    return tabulate(rows, headers, "github")


def limits_table(trace: Trace, starts: Sequence[int], most: int) -> str:
    """The judge at several limits beyond which CPU time decides."""
    rows = []
    chosen = harness.stats.metric.DISTURBED
    for limit in (0.001, 0.002, 0.003, 0.005, 0.01):
        harness.stats.metric.DISTURBED = limit
        ends = list(outcomes(trace, "2 %", starts, most))
        decided = [o.blocks if o.verdict is not Verdict.UNDECIDED else math.inf for o in ends]
        by_cpu = share([1.0 if o.metric is Metric.CPU else math.inf for o in ends])
        own = " (ours)" * (limit == chosen)
        rows.append([f"{limit:.1%}{own}", share(decided, 5.0 / BLOCK_S), spread(decided), by_cpu])
    harness.stats.metric.DISTURBED = chosen
    headers = ["limit", "2 % found within 5 s", "blocks (median / p95)", "by CPU time"]
    return tabulate(rows, headers, "github")


@contextlib.contextmanager
def first_look_at_once() -> Iterator[None]:
    """Let unanimous signs be proof as soon as they can be: at the sixth block, for 3.1 %."""

    def allowed(boundary: SignBoundary, blocks: int) -> float:
        first = math.ceil(1 - math.log2(1 - boundary.confidence))
        if blocks < max(first, boundary.joined_at + 1):
            return 0.0
        at_once = 2.0 ** (1 - first)
        rest = 1 - boundary.confidence - at_once
        return at_once + rest * (1 - math.pow(first / blocks, SPENDING_RATE))

    usual = SignBoundary.allowed
    SignBoundary.allowed = allowed  # type: ignore[method-assign]
    sign_boundary.cache_clear()
    try:
        yield
    finally:
        SignBoundary.allowed = usual  # type: ignore[method-assign]
        sign_boundary.cache_clear()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--windows", type=int, default=400)
    parser.add_argument("--blocks", type=int, default=240)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    trace = read_trace()
    draw = functools.partial(np.random.default_rng(options.seed).integers, 0, size=options.windows)
    starts = [int(s) for s in draw(len(trace.wall_ns) - options.blocks)]
    most = round(20 / BLOCK_S)
    long_starts = [int(s) for s in draw(len(trace.wall_ns) - most)]
    print(rig())
    print(f"seed {options.seed}, {options.windows} windows of {options.blocks} blocks\n")
    print(f"Tests, looked at after every block\n\n{tests_table(trace, starts, options.blocks)}\n")
    print(
        f"Spending rates: blocks (median / p95)\n\n{rates_table(trace, starts, options.blocks)}\n"
    )
    print(f"Designs: nats for each two trials, more is better\n\n{designs_table(trace)}\n")
    print(f"The judge, metric auto, at most {most} blocks\n")
    ended = {pair: list(outcomes(trace, pair, long_starts, most)) for pair in PAIRS}
    print(f"{judge_table(ended)}\n")
    figures(ended)
    held = coverage_table(trace, long_starts, most, options.seed)
    print(f"\nRuns that go on to their end, {most} blocks, looked at after each\n\n{held}\n")
    with first_look_at_once():
        early = {pair: list(outcomes(trace, pair, long_starts, most)) for pair in PAIRS}
    print(f"\nThe same with a first verdict after six blocks\n\n{judge_table(early)}\n")
    print(f"Where CPU time begins to decide\n\n{limits_table(trace, long_starts, most)}")


if __name__ == "__main__":
    main()
