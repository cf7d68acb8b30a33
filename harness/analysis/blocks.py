"""The two sides of a block as figures that can be compared."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from harness.analysis.kept import KeptBlocks, note_span
from harness.analysis.schedule import Block
from harness.frozen import dataclass
from harness.model import Metric, Mode, Sample, Trial, TrialRecord
from harness.model.figures import figure_of
from harness.stats.clocks import Clock, common_clock, common_step
from harness.stats.ranks import median
from harness.stats.steady import trace_of

if TYPE_CHECKING:
    from harness.stats.metric import PairedTimes
    from harness.stats.ratios import Floats


@dataclass(frozen=True, slots=True)
class Figures:
    """One trial's figures; in steady mode, times of one execution of the work."""

    wall_ns: float
    cpu_ns: float
    """-1 where it is not that of the work: other processes did a part of it in steady mode."""
    max_rss_bytes: float
    """-1 where it may be the launching process's own: a reading that says nothing."""
    voluntary: float
    involuntary: float
    stolen_ns: float
    """In steady mode the share of one execution, as if it had been stolen evenly."""
    clocks: Mapping[Metric, Clock] = field(default_factory=dict)
    """The clock of times that are no readings: those of steady mode."""
    threads: float = 0.0
    """How many wanted a CPU at once; 0 where it was not counted."""
    named: float = math.nan
    """The figure that was asked for by its name; NaN where there is none."""
    layout: float = -1.0
    """Which layout of its build ran; -1 where there is but one."""

    def of(self, metric: Metric) -> float:
        """The figure that a metric is about."""
        if not metric.is_known:
            return self.named
        if metric is Metric.MEMORY:
            return self.max_rss_bytes
        return self.wall_ns if metric is Metric.WALL else self.cpu_ns


@dataclass(frozen=True, slots=True)
class Pair:
    """The figures of reference and candidate in the same block."""

    reference: Figures
    candidate: Figures

    def clock(self, metric: Metric) -> Clock | None:
        """The clock of both sides' times; None where they are readings themselves."""
        return _common(metric, (self.reference, self.candidate))


def _common(metric: Metric, figures: Iterable[Figures]) -> Clock | None:
    clocks = [f.clocks[metric] for f in figures if metric in f.clocks]
    return common_clock(clocks) if clocks else None


def figures_of(record: TrialRecord, named: str = "") -> Figures | None:
    """A trial's figures; None where it did not end well or never became steady.

    `named`: the name of a further figure that is wanted.
    """
    trial = record.trial
    if not trial.ok:
        return None
    wall_ns: float | None = trial.wall_ns
    cpu_ns: float | None = trial.cpu_ns
    clocks: dict[Metric, Clock] = {}
    if record.mode is Mode.STEADY:
        trace = trace_of(trial.samples)
        wall_ns, cpu_ns = trace.steady_ns, trace.cpu_ns
        clocks = clocks_of([sample for sample in trial.samples if not sample.calibration])
    if wall_ns is None or cpu_ns is None:
        return None
    return Figures(
        wall_ns=wall_ns,
        cpu_ns=cpu_ns if cpu_ns >= 0 else -1.0,
        # Under the Python launcher the peak may be that of the launcher itself, on both sides.
        max_rss_bytes=-1 if trial.max_rss_is_floor else trial.max_rss_bytes,
        voluntary=trial.voluntary_switches,
        involuntary=trial.involuntary_switches,
        stolen_ns=trial.steal_ns * wall_ns / max(trial.wall_ns, 1),
        clocks=clocks,
        threads=trial.threads or 0,
        named=figure_of(trial, named) if named else math.nan,
        layout=-1.0 if trial.layout is None else trial.layout,
    )


def figures_of_trial(trial: Trial, mode: Mode) -> float | None:
    """The wall time of one execution of the work; None where it never became steady."""
    return float(trial.wall_ns) if mode is Mode.COLD else trace_of(trial.samples).steady_ns


def clocks_of(samples: Sequence[Sample]) -> dict[Metric, Clock]:
    batch = min((sample.batch for sample in samples), default=1)
    return {
        Metric.WALL: Clock(common_step(sample.wall_ns for sample in samples), batch),
        Metric.CPU: Clock(common_step(sample.cpu_ns for sample in samples), batch),
    }


def pair_of(block: Block, reference: str, candidate: str, named: str = "") -> Pair | None:
    """A block's pair, from equally many trials of either side; None where one side has none.

    Where a side's trial failed, its partner is left out too: the middle of two trials is not
    comparable with a single one.
    """
    sides = [
        [f for record in block.get(name, ()) if (f := figures_of(record, named)) is not None]
        for name in (reference, candidate)
    ]
    count = min(len(side) for side in sides)
    if count == 0:
        return None
    return Pair(*(_middle(side[:count]) for side in sides))


def _middle(figures: Sequence[Figures]) -> Figures:
    if len(figures) == 1:
        return figures[0]

    def middle(of: Callable[[Figures], float]) -> float:
        return float(median(of(f) for f in figures))

    return Figures(
        wall_ns=middle(lambda f: f.wall_ns),
        cpu_ns=middle(lambda f: f.cpu_ns),
        max_rss_bytes=middle(lambda f: f.max_rss_bytes),
        voluntary=middle(lambda f: f.voluntary),
        involuntary=middle(lambda f: f.involuntary),
        stolen_ns=middle(lambda f: f.stolen_ns),
        clocks={m: common_clock(f.clocks[m] for f in figures) for m in figures[0].clocks},
        threads=middle(lambda f: f.threads),
        named=middle(lambda f: f.named),
        layout=figures[0].layout,
    )


_COLUMNS = (
    *("wall_ns", "cpu_ns", "max_rss_bytes"),
    *("voluntary", "involuntary", "stolen_ns", "threads", "named", "layout"),
)
_ONE = (array("d"), array("d", [-1.0]))
"""The layouts of a first pair that has but one, and of none."""
_COLUMN_OF = {Metric.WALL: "wall_ns", Metric.CPU: "cpu_ns", Metric.MEMORY: "max_rss_bytes"}


class PairColumns:
    """The pairs of all blocks by columns: eight bytes for each figure that is not always the same.

    A column has a single figure while all pairs have that one: the layout of a build that has but
    one, the time that was stolen where none is.
    """

    def __init__(self) -> None:
        self._reference = {name: array("d") for name in _COLUMNS}
        self._candidate = {name: array("d") for name in _COLUMNS}
        self._count = 0
        self._clocks: list[tuple[Clock | None, Clock | None]] = []
        """By wall and by CPU time; of no pair while all times are readings."""

    def __len__(self) -> int:
        return self._count

    def add(self, pair: Pair) -> None:
        """Take in the next block's pair."""
        for columns, figures in (
            (self._reference, pair.reference),
            (self._candidate, pair.candidate),
        ):
            for name, column in columns.items():
                self._add(column, getattr(figures, name))
        self._count += 1
        clocks = pair.clock(Metric.WALL), pair.clock(Metric.CPU)
        if self._clocks or clocks != (None, None):
            self._clocks += [(None, None)] * (len(self) - 1 - len(self._clocks))
            self._clocks.append(clocks)

    def _add(self, column: array[float], figure: float) -> None:
        """The figure of the next pair, in a column that has one for all pairs or one for each."""
        if len(column) == 1:
            first = column[0]
            if figure == first or (math.isnan(figure) and math.isnan(first)):
                return
            column *= self._count
        column.append(figure)

    def _both(self, name: str) -> tuple[array[float], array[float]]:
        """The figures of all pairs: of their references, and of their candidates."""
        sides = self._reference[name], self._candidate[name]
        one, other = (side * self._count if len(side) == 1 else side for side in sides)
        return one, other

    def sides(self, metric: Metric) -> tuple[Sequence[float], Sequence[float]]:
        """The figures of reference and candidate that a metric is about."""
        return self._both(_COLUMN_OF.get(metric, "named"))

    def clocks(self, metric: Metric) -> Sequence[Clock | None]:
        """The clock of each pair's times; none at all where they are readings themselves."""
        if not metric.is_time:
            return ()
        return [by_cpu if metric is Metric.CPU else by_wall for by_wall, by_cpu in self._clocks]

    @property
    def has_layouts(self) -> bool:
        """Does a build have several layouts? The first pair tells."""
        return any(side["layout"][:1] not in _ONE for side in (self._reference, self._candidate))

    def layouts(self) -> list[tuple[float, float]]:
        """Which layouts of the reference's and the candidate's build each pair ran in."""
        return list(zip(*self._both("layout"), strict=True))

    def times(self) -> PairedTimes:
        """What the choice of a metric looks at."""
        import numpy as np

        from harness.stats.metric import PairedTimes

        def both(name: str) -> tuple[Floats, Floats]:
            one, other = self._both(name)
            return np.array(one), np.array(other)

        walls, cpus = both("wall_ns"), both("cpu_ns")
        known = [clock for clock in self.clocks(Metric.CPU) if clock is not None]
        return PairedTimes(
            reference_wall=walls[0],
            candidate_wall=walls[1],
            reference_cpu=cpus[0],
            candidate_cpu=cpus[1],
            voluntary=np.add(*both("voluntary")),
            involuntary=np.add(*both("involuntary")),
            stolen=np.add(*both("stolen_ns")),
            cpu_clock=common_clock(known) if known else None,
            threads=np.maximum(*both("threads")),
        )


def records_in(blocks: Iterable[Block]) -> Iterator[TrialRecord]:
    """All trials of some blocks, of every target."""
    return (record for block in blocks for records in block.values() for record in records)


def blocks_of(records: Iterable[TrialRecord]) -> list[Block]:
    """The blocks of one run of one task and case, in the order of time; without its warm-up."""
    together: dict[int, Block] = {}
    counted = (record for record in records if not record.warmup and record.block >= 0)
    for record in sorted(counted, key=lambda record: record.started_at_ns):
        together.setdefault(record.block, {}).setdefault(record.target, []).append(record)
    return list(together.values())


def block_ns(blocks: Sequence[Block]) -> float:
    """How long a block takes, with everything between trials but not what lies between runs."""
    spans = blocks.spans if isinstance(blocks, KeptBlocks) else _spans(blocks)
    return sum(last - first for first, last in spans.values()) / len(blocks)


def _spans(blocks: Sequence[Block]) -> Mapping[str, tuple[int, int]]:
    """When the first trial of each run began, and the last one to end ended; by its run."""
    spans: dict[str, tuple[int, int]] = {}
    for record in records_in(blocks):
        note_span(spans, record)
    return spans
