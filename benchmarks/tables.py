"""Whole tables: how often is one wrong anywhere, and what does it cost that it is not?

    python benchmarks/tables.py                                     a minute
    python benchmarks/tables.py --tables 1000 --candidates 2 5 20   ten minutes

Tables of a reference and several candidates are drawn, block by block, with heavy-tailed noise
(that of CPU times in the recorded bad hour) and a drift that all trials of a block share, and
judged by the stop rule that judges real tables. Each candidate is looked at after every block until
its verdict is sure. Three kinds of table: nobody differs; half of the candidates differ by 2 %;
everyone is compared with everyone (a ranking) and nobody differs. A table is wrong where one
verdict in it is: `faster` or `slower` of what does not differ, the other sign, or `equivalent` of
what does. Beside it the same tables with a level for each comparison by itself
(`--per-comparison`), and the history's changes of level over as many trends.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from figures import of, rate
from noise_trace import read_trace
from rig import rig
from tabulate import tabulate

from harness.analysis import Question
from harness.analysis.ranking import TableRule, Verdicts
from harness.analysis.schedule import Block
from harness.analysis.stop_rules import sequential_rule
from harness.analysis.weighed_rule import Span
from harness.model import Metric, Verdict
from harness.stats.shifts import shifts_of, shifts_of_table
from harness.testing.makers import make_record, make_trial

WORK_NS = 20e6


@dataclass(frozen=True, slots=True)
class Asked:
    """One kind of table."""

    candidates: int
    differ: int
    """The first so many candidates are 2 % slower."""
    ranked: bool
    per_comparison: bool

    @property
    def names(self) -> list[str]:
        return [f"t{number}" for number in range(self.candidates + 1)]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        if self.ranked:
            return list(combinations(self.names, 2))
        return [("t0", name) for name in self.names[1:]]

    def slower(self, name: str) -> bool:
        return 1 <= int(name[1:]) <= self.differ

    def is_wrong(self, pair: tuple[str, str], found: Verdict) -> bool:
        reference, candidate = map(self.slower, pair)
        if reference == candidate:
            return found in (Verdict.FASTER, Verdict.SLOWER)
        right = Verdict.SLOWER if candidate else Verdict.FASTER
        return found not in (right, Verdict.UNDECIDED)


def recorded() -> np.ndarray:
    """What single trials of the recorded hour were off by, as log-ratios to their neighbours."""
    return read_trace().log_ratio("identical", Metric.CPU) / np.sqrt(2)


def block_of(number: int, times_ns: dict[str, float]) -> Block:
    place = {"block": number, "started_at_ns": number * 10**9}
    return {
        name: [make_record(make_trial(round(time)), target=name, **place)]
        for name, time in times_ns.items()
    }


def table(asked: Asked, noise: np.ndarray, rng: np.random.Generator, most: int) -> tuple[bool, int]:
    """Is it wrong anywhere, and how many trials did it take?"""
    level = Question(per_comparison=asked.per_comparison)
    question = level.shared_by(len(asked.pairs))
    if question.noise is None:
        rule = sequential_rule("t0", question, most, len(asked.names))
    else:
        span = Span(max_blocks=most)
        rule = TableRule(asked.names, question, span, ranked=asked.ranked)
    blocks: list[Block] = []
    trials, left = 0, getattr(rule, "left", {})
    while rule(blocks) is None if blocks else True:
        drift = rng.normal(0, 0.05)
        running = [name for name in asked.names if name not in left]
        off = rng.choice(noise, len(running)) * rng.choice([-1, 1], len(running)) + drift
        times = {
            name: WORK_NS * (1.02 if asked.slower(name) else 1.0) * float(np.exp(each))
            for name, each in zip(running, off, strict=True)
        }
        blocks.append(block_of(len(blocks), times))
        trials += len(running)
    verdicts = Verdicts(asked.pairs, question)
    verdicts.read(blocks, asked.pairs)
    return any(asked.is_wrong(pair, verdicts.of(*pair)) for pair in asked.pairs), trials


def trends(count: int, tables: int, rng: np.random.Generator) -> list[list[object]]:
    """Histories of as many targets whose level never changes: is a change seen in one of them?"""
    together, alone = [], []
    for _ in range(tables):
        series = [list(np.exp(rng.normal(0, 0.03, 15))) for _ in range(count)]
        together.append(any(shifts_of_table(series)))
        alone.append(any(map(shifts_of, series)))
    rate(f"history of {count} targets: a change seen where there is none", together, most=0.05)
    return [
        [f"history of {count}", "together", of(together), "-"],
        [f"history of {count}", "each by itself", of(alone), "-"],
    ]


def kinds(candidates: Sequence[int]) -> list[tuple[str, Asked]]:
    made = []
    for count in candidates:
        for alone in (False, True):
            made.append((f"{count} candidates, none differs", Asked(count, 0, False, alone)))
            half = count // 2
            made.append((f"{count} candidates, {half} by 2 %", Asked(count, half, False, alone)))
            if count <= 5 and not alone:
                made.append((f"ranking of {count + 1}", Asked(count, 0, True, alone)))
    return sorted(made, key=lambda kind: (kind[1].candidates, kind[0], kind[1].per_comparison))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=20, help="of each kind")
    parser.add_argument("--candidates", type=int, nargs="+", default=[2, 5])
    parser.add_argument("--blocks", type=int, default=150, help="the most of a table")
    parser.add_argument("--trends", type=int, nargs="*", default=[10])
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"{rig()}\nseed {options.seed}, {options.tables} tables of each kind")
    rng, noise = np.random.default_rng(options.seed), recorded()
    rows: list[list[object]] = []
    for name, asked in kinds(options.candidates):
        made = [table(asked, noise, rng, options.blocks) for _ in range(options.tables)]
        wrong = [found for found, _ in made]
        trials = np.median([count for _, count in made])
        rows.append([name, "each by itself" if asked.per_comparison else "together", of(wrong)])
        rows[-1].append(f"{trials:.0f}")
        if not asked.per_comparison:
            rate(f"{name}: a table that is wrong", wrong, most=0.05)
    for count in options.trends:
        rows += trends(count, options.tables, rng)
    headers = ["table", "level", "wrong anywhere", "trials (median)"]
    print(f"\n{tabulate(rows, headers, 'github', disable_numparse=True)}")


if __name__ == "__main__":
    main()
