"""The two sides of a block as figures that can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from harness.model import Metric, Mode, TrialRecord
from harness.schedule import Block
from harness.stats.metric import PairedTimes
from harness.stats.steady import trace_of


@dataclass(frozen=True, slots=True)
class Figures:
    """One trial's figures; in steady mode, times of one execution of the work."""

    wall_ns: float
    cpu_ns: float
    max_rss_bytes: float
    voluntary: float
    involuntary: float

    def of(self, metric: Metric) -> float:
        """The figure that a metric is about."""
        if metric is Metric.MEMORY:
            return self.max_rss_bytes
        return self.wall_ns if metric is Metric.WALL else self.cpu_ns


@dataclass(frozen=True, slots=True)
class Pair:
    """The figures of reference and candidate in the same block."""

    reference: Figures
    candidate: Figures


def figures_of(record: TrialRecord) -> Figures | None:
    """A trial's figures; None where it did not end well or never became steady."""
    trial = record.trial
    if not trial.ok:
        return None
    wall_ns: float | None = trial.wall_ns
    cpu_ns: float | None = trial.cpu_ns
    if record.mode is Mode.STEADY:
        trace = trace_of(trial.samples)
        wall_ns, cpu_ns = trace.steady_ns, trace.cpu_ns
    if wall_ns is None or cpu_ns is None:
        return None
    switches = (trial.voluntary_switches, trial.involuntary_switches)
    return Figures(wall_ns, cpu_ns, trial.max_rss_bytes, *switches)


def pair_of(block: Block, reference: str, candidate: str) -> Pair | None:
    """A block's pair, from equally many trials of either side; None where one side has none.

    Where a side's trial failed, its partner is left out too: the middle of two trials is not
    comparable with a single one.
    """
    sides = [
        [f for record in block.get(name, ()) if (f := figures_of(record)) is not None]
        for name in (reference, candidate)
    ]
    count = min(len(side) for side in sides)
    if count == 0:
        return None
    return Pair(*(_middle(side[:count]) for side in sides))


def _middle(figures: Sequence[Figures]) -> Figures:
    if len(figures) == 1:
        return figures[0]
    names = [f.name for f in fields(Figures)]
    return Figures(*(float(np.median([getattr(f, name) for f in figures])) for name in names))


def paired_times(pairs: Sequence[Pair]) -> PairedTimes:
    """What the choice of a metric looks at."""

    def column(side: str, name: str) -> list[float]:
        return [getattr(getattr(pair, side), name) for pair in pairs]

    both = ("reference", "candidate")
    times = [np.array(column(s, n), dtype=np.float64) for n in ("wall_ns", "cpu_ns") for s in both]
    switches = [
        np.sum([column(side, name) for side in both], axis=0, dtype=np.float64)
        for name in ("voluntary", "involuntary")
    ]
    return PairedTimes(*times, *switches)


def blocks_by_host(stored: Iterable[tuple[str, TrialRecord]]) -> dict[str, list[Block]]:
    """Stored trials, each with its host's id, as the blocks in which they ran, by host.

    A block belongs to one run on one host; blocks are in the order of time. Warm-up trials belong
    to no block and are left out.
    """
    together: dict[tuple[str, str, int], Block] = {}
    for host, record in sorted(stored, key=lambda item: item[1].started_at_ns):
        if not record.warmup and record.block >= 0:
            block = together.setdefault((host, record.run_id, record.block), {})
            block.setdefault(record.target, []).append(record)
    hosts: dict[str, list[Block]] = {}
    for (host, _, _), block in together.items():
        hosts.setdefault(host, []).append(block)
    return hosts
