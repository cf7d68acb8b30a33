"""The pairs of two targets in stored trials, by columns: no value is made of each trial.

The rules are those of `blocks`, and every figure is the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from harness.analysis.blocks import clocks_of
from harness.analysis.disturbances import KEPT_WAITING
from harness.analysis.of_figures import as_costs
from harness.analysis.question import Question
from harness.analysis.readings import step_of
from harness.frozen import dataclass
from harness.model import Metric, Mode, Sample, TrialStatus
from harness.stats.clocks import Clock
from harness.stats.metric import PairedTimes
from harness.stats.ratios import Floats, Ints
from harness.stats.steady import trace_of
from harness.stats.whole import Clocks, WholeSequence, whole_sequence

Cells: TypeAlias = Mapping[str, npt.NDArray[Any]]
"""Columns by name, equally long."""

STATUSES = tuple(TrialStatus)
_OK = STATUSES.index(TrialStatus.OK)

_CLOCKS = ("wall_step", "cpu_step", "batch")
_OF_METRIC = {Metric.WALL: "wall", Metric.CPU: "cpu", Metric.MEMORY: "rss"}
NAMED_COLUMN = "named {}"
"""The column of the figure of that name which a guard is about."""
_STEPS = {Metric.WALL: "wall_step", Metric.CPU: "cpu_step"}


@dataclass(frozen=True, slots=True)
class Machine:
    """Where trials ran: a host, or the part of it that they were held to."""

    host_id: str
    hostname: str
    """Machines of one kind have one id."""
    cpus: tuple[int, ...] = ()
    """What the run was pinned to; empty: not pinned."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What must be alike for the blocks of several runs to count as blocks of one."""

    machine: Machine
    task: str
    case: str
    mode: Mode
    builds: tuple[str, ...]
    """The digests of reference and candidate."""
    given: tuple[str, ...]
    """What both were given."""


@dataclass(frozen=True, slots=True)
class StoredPart:
    """The trials of two targets in one run, on one machine, of one task, case and mode."""

    machine: Machine
    run_id: str
    task: str
    case: str
    mode: Mode
    given: tuple[str, str]
    """Of each target; equal for trials that were given the same case, arguments, environment and
    input data."""
    builds: tuple[str, ...]
    """The digests that the column `build` counts, from 0."""
    cells: Cells
    """`side` (0 reference, 1 candidate), `build`, `status` (a place in STATUSES), and by their
    names in the store the columns of figures; `samples`, tuples of Sample, in steady mode alone;
    `named`, where a figure was asked for by its name, NaN for a trial without it."""


# -- figures ------------------------------------------------------------------------------------


def _figures(cells: Cells, mode: Mode) -> dict[str, npt.NDArray[Any]]:
    """The figures of trials, as `figures_of` has them; `known` says which trials have any."""
    wall_ns = cells["wall_ns"]
    known = cells["status"] == _OK
    found: dict[str, npt.NDArray[Any]] = {}
    if mode is Mode.STEADY:
        steady = [_steady(samples) for samples in cells["samples"]]
        known = known & np.array([wall is not None and cpu is not None for wall, cpu, *_ in steady])
        columns = list(zip(*steady, strict=True)) or [()] * 5
        wall, cpu = (np.array([v or 0.0 for v in column]) for column in columns[:2])
        more = (np.array(column, dtype=np.int64) for column in columns[2:])
        found.update(zip(_CLOCKS, more, strict=True))
        stolen = cells["steal_ns"] * wall / np.maximum(wall_ns, 1)
    else:
        wall = wall_ns.astype(np.float64)
        cpu = (cells["user_ns"] + cells["sys_ns"]).astype(np.float64)
        # A share of wall_ns / wall_ns is 1: no product that a float cannot hold.
        stolen = np.where(wall_ns >= 1, cells["steal_ns"], cells["steal_ns"] * wall)
    return {
        **found,
        "known": known,
        "wall": wall,
        "cpu": np.where(cpu >= 0, cpu, -1.0),
        "rss": np.where(cells["max_rss_is_floor"], -1, cells["max_rss_bytes"]),
        "voluntary": cells["voluntary_switches"],
        "involuntary": cells["involuntary_switches"],
        "stolen": stolen,
        "threads": cells["threads"],
        "layout": cells["layout"],
        **{name: column for name, column in cells.items() if name.startswith("named")},
    }


def _steady(samples: Sequence[Sample]) -> tuple[float | None, float | None, int, int, int]:
    """Wall and CPU time of one execution, and the clocks that they were read from."""
    trace = trace_of(samples)
    clocks = clocks_of([sample for sample in samples if not sample.calibration])
    wall, cpu = clocks[Metric.WALL], clocks[Metric.CPU]
    return trace.steady_ns, trace.cpu_ns, wall.step_ns, cpu.step_ns, wall.batch


def _disturbed(cells: Cells) -> npt.NDArray[np.bool_]:
    """Which trials were kept from a CPU, as `is_disturbed` says."""
    wall, cpu = cells["wall_ns"], cells["user_ns"] + cells["sys_ns"]
    kept = cells["steal_ns"] + cells["pressure_ns"]
    kept = np.where(cpu < wall, np.minimum(kept, wall - cpu), kept)
    disturbed: npt.NDArray[np.bool_] = kept > KEPT_WAITING * np.maximum(wall, 0)
    return disturbed


# -- pairs --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredPairs:
    """The figures of both sides in those blocks that have them, and which were disturbed."""

    reference: Cells
    candidate: Cells
    disturbed: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.disturbed)

    @classmethod
    def joined(cls, parts: Sequence[StoredPairs]) -> StoredPairs:
        """The pairs of several runs, one after the other."""

        def all_of(sides: Sequence[Cells]) -> Cells:
            return {name: np.concatenate([side[name] for side in sides]) for name in sides[0]}

        return cls(
            all_of([part.reference for part in parts]),
            all_of([part.candidate for part in parts]),
            np.concatenate([part.disturbed for part in parts]),
        )

    def clocks(self, metric: Metric) -> Clocks | None:
        """The clocks of the pairs' times; None where they are readings themselves."""
        step = _STEPS.get(metric)
        if step is None or step not in self.reference:
            return None
        one, other = self.reference, self.candidate
        return Clocks(np.gcd(one[step], other[step]), np.minimum(one["batch"], other["batch"]))

    def times(self, count: int) -> PairedTimes:
        """What the choice of a metric looks at, of the first blocks."""
        ref = {name: column[:count].astype(np.float64) for name, column in self.reference.items()}
        cand = {name: column[:count].astype(np.float64) for name, column in self.candidate.items()}
        clocks, cpu_clock = self.clocks(Metric.CPU), None
        if clocks is not None:
            steps, batches = clocks.steps_ns[:count], clocks.batches[:count]
            cpu_clock = Clock(int(np.gcd.reduce(steps)), int(batches.min()))
        return PairedTimes(
            reference_wall=ref["wall"],
            candidate_wall=cand["wall"],
            reference_cpu=ref["cpu"],
            candidate_cpu=cand["cpu"],
            voluntary=ref["voluntary"] + cand["voluntary"],
            involuntary=ref["involuntary"] + cand["involuntary"],
            stolen=ref["stolen"] + cand["stolen"],
            cpu_clock=cpu_clock,
            threads=np.maximum(ref["threads"], cand["threads"]),
        )

    @property
    def first_ns(self) -> tuple[float, ...]:
        """The wall times of the first block's sides; none where there is no pair."""
        return tuple(
            float(side["wall"][0]) for side in (self.reference, self.candidate) if len(self)
        )

    def layouts(self) -> list[tuple[int, int]]:
        """Which layouts of both builds each pair ran in; 0 where a build has but one."""
        sides = self.reference["layout"].tolist(), self.candidate["layout"].tolist()
        return list(zip(*sides, strict=True))

    def sides(self, metric: Metric) -> tuple[Floats, Floats]:
        """The figures of reference and candidate that a metric is about."""
        name = _OF_METRIC.get(metric) or NAMED_COLUMN.format(metric.value)
        name = name if name in self.reference else "named"
        return self.reference[name].astype(np.float64), self.candidate[name].astype(np.float64)

    def costs(self, metric: Metric, question: Question) -> tuple[Floats, Floats]:
        """The figures of both sides as costs, whose ratio is what they say."""
        sides = self.sides(metric)
        if metric.is_known:
            return sides
        pairs = zip(sides[0].tolist(), sides[1].tolist(), strict=True)
        each = [as_costs(before, now, question.figure) for before, now in pairs]
        both = np.array(each).reshape(-1, 2)
        return both[:, 0], both[:, 1]

    def sequence(self, metric: Metric, question: Question, joined_at: int = 0) -> WholeSequence:
        """All pairs by a metric, with intervals from the block after `joined_at` on."""
        return whole_sequence(
            self.costs(metric, question),
            question.boundary_from(self.first_ns, joined_at),
            step_of(metric, question.figure),
            self.clocks(metric),
        )


@dataclass(frozen=True, slots=True)
class StoredPiece:
    """What one run has of one setting."""

    run_id: str
    pairs: StoredPairs
    blocks: int
    span_ns: int
    """From the first trial's beginning to the last one's end."""
    bad: Ints
    """Side and status of the trials that did not end well, in their order; (n, 2)."""
    lost: tuple[int, int] = (0, 0)
    """How many blocks have no figure of the reference, and of the candidate."""


def pieces_of(part: StoredPart) -> Iterator[tuple[Setting, StoredPiece]]:
    """The blocks of a run in which both sides have a trial, by their builds."""
    rows, block, heads = _in_blocks(part.cells)
    cells = {name: column[rows] for name, column in part.cells.items()}
    cells["of_block"] = block
    builds = part.cells["build"][heads]
    for pair in dict.fromkeys(map(tuple, builds.tolist())):
        chosen = (builds == pair).all(axis=1)
        setting = Setting(
            *(part.machine, part.task, part.case, part.mode),
            builds=tuple(part.builds[at] for at in pair),
            given=part.given,
        )
        own = chosen[block]
        yield setting, _piece(part, {name: column[own] for name, column in cells.items()})


def _in_blocks(cells: Cells) -> tuple[Ints, Ints, Ints]:
    """The rows of blocks with both sides, block by block and there side by side; the block of each
    row, counted in the order of time; and each block's first row of either side, (blocks, 2).
    """
    counted = np.flatnonzero(~cells["warmup"] & (cells["block"] >= 0))
    rows = counted[np.argsort(cells["started_at_ns"][counted], kind="stable")]
    side = cells["side"][rows]
    _, first, number = np.unique(cells["block"][rows], return_index=True, return_inverse=True)
    block = np.argsort(np.argsort(first))[number]
    heads = np.full((len(first), 2), len(rows))
    np.minimum.at(heads, (block, side), np.arange(len(rows)))
    whole = np.all(heads < len(rows), axis=1).reshape(-1)
    order = np.lexsort((heads[block, side], block))
    order = order[whole[block[order]]]
    place = np.cumsum(whole) - 1
    return rows[order], place[block[order]], rows[heads[whole]]


def _piece(part: StoredPart, cells: Cells) -> StoredPiece:
    _, block = np.unique(cells["of_block"], return_inverse=True)
    count = int(block[-1]) + 1
    bad = np.flatnonzero(cells["status"] != _OK)
    ends = cells["started_at_ns"] + cells["wall_ns"]
    disturbed = np.zeros(count, dtype=bool)
    disturbed[block[_disturbed(cells)]] = True
    figures = _figures(cells, part.mode)
    side = cells["side"]
    at_all = [np.unique(block[figures["known"] & (side == n)]) for n in (0, 1)]
    return StoredPiece(
        run_id=part.run_id,
        pairs=_paired(figures, side, block, disturbed),
        lost=(count - len(at_all[0]), count - len(at_all[1])),
        blocks=count,
        span_ns=int(ends.max() - cells["started_at_ns"].min()),
        bad=np.stack((cells["side"][bad], cells["status"][bad]), axis=1).astype(np.int64),
    )


def _paired(
    figures: dict[str, npt.NDArray[Any]],
    side: Ints,
    block: Ints,
    disturbed: npt.NDArray[np.bool_],
) -> StoredPairs:
    """The pairs, from equally many trials of either side; a block without a pair is left out."""
    known = np.flatnonzero(figures.pop("known"))
    side, block = side[known], block[known]
    # Trials of one side of one block follow one another: the place within is what is left.
    key = 2 * block + side
    per_side = np.bincount(key, minlength=2 * len(disturbed)).reshape(-1, 2)
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    within = np.arange(len(key)) - np.repeat(starts, np.diff(starts, append=len(key)))
    used = per_side.min(axis=1)
    paired = np.flatnonzero(used)
    sides = []
    for n in (0, 1):
        rows = (side == n) & (within < used[block])
        own = {name: column[known[rows]] for name, column in figures.items()}
        sides.append(_middles(own, used[paired]))
    return StoredPairs(sides[0], sides[1], disturbed[paired])


def _middles(figures: Cells, counts: Ints) -> Cells:
    """One figure for each block, the middle of its `counts`; of clocks what is common to them."""
    if np.all(counts == 1):
        return figures
    starts = np.concatenate(([0], np.cumsum(counts)))[:-1]
    found: dict[str, npt.NDArray[Any]] = {}
    for name, column in figures.items():
        if name in _CLOCKS:
            common = np.minimum if name == "batch" else np.gcd
            found[name] = common.reduceat(column, starts)
            continue
        if name == "layout":  # the same in all of a block
            found[name] = column[starts]
            continue
        middle = np.empty(len(counts))
        for count in np.unique(counts):
            own = counts == count
            together = column[starts[own][:, None] + np.arange(count)]
            middle[own] = np.median(together, axis=1)
        found[name] = middle
    return found
