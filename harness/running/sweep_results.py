"""What a sweep found: its points as rows, how times grow, where curves cross, what threads gain."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import ExitCode
from harness.frozen import dataclass
from harness.model import Comparison, Estimate, Measurement, Metric, Verdict
from harness.model.families import each_confidence
from harness.model.jsonable import jsonable
from harness.running.run_results import RunResult
from harness.running.sweep_axes import Axis, Point, Sweep
from harness.stats.threads_gain import Scaling, scaling

if TYPE_CHECKING:
    from harness.stats.cost_model import CostModel

SWEEP_VERSION = 1


@dataclass(frozen=True, slots=True)
class CurveGrowth:
    """How one target's time grows with the axis."""

    target: str
    at: Point
    """The values of the other axes; empty where there is one alone."""
    points: int
    slope: Estimate
    model: CostModel | None
    """None for fewer than four points."""
    metric: Metric = Metric.WALL
    """The time that grows: CPU time where every verdict of the sweep rests on it."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where a candidate becomes the faster one, or ceases to be."""

    candidate: str
    reference: str
    about: float | None
    """By interpolation of the log-ratio between the two points; None: not within the sweep."""
    low: float | None
    """The last point at which the other side was surely faster; None: at none before."""
    high: float | None
    """The first point at which this side is surely faster; None: at none behind."""
    words: str


@dataclass(frozen=True, slots=True)
class ScalingOf:
    """What threads gain one target."""

    target: str
    scaling: Scaling


@dataclass(frozen=True, slots=True, repr=False)
class SweepResult(RunResult):
    """What a sweep measured: a run with a case for each point, and what its points say together."""

    sweep: Sweep
    confidence: float
    """Of all verdicts of the sweep together."""
    per_comparison: bool = False
    """Does the confidence hold for each of them by itself?"""

    @property
    def exit_code(self) -> ExitCode:
        """That of the run; and 1 where a guard is surely broken."""
        # By name: a class with slots is made anew, and a bare super() would mean the old one.
        code = super(SweepResult, self).exit_code  # noqa: UP008
        broken = any(comparison.broken for comparison in self.comparisons)
        return ExitCode.ANSWER_IS_NO if code is ExitCode.FINE and broken else code

    @property
    def points(self) -> dict[str, Point]:
        """The values of each point, by the name of its case."""
        from harness.running.sweep_cells import point_name

        named = {point_name(point): point for point in self.sweep.points()}
        cases = dict.fromkeys(m.case for m in self.measurements)
        return {case: named.get(_point_in(case), {}) for case in cases}

    def rows(self) -> list[dict[str, Any]]:
        """One row per target and point, with parameters as columns."""
        ratios = {c.key: c for c in self.comparisons}
        points = self.points
        failed = self.report.failures.keys()
        return [
            _row(m, points[m.case], ratios.get(m.key), m.key in failed) for m in self.measurements
        ]

    @property
    def growths(self) -> tuple[CurveGrowth, ...]:
        """How each target's time grows, where one axis of numbers is swept."""
        axis = self.sweep.axis
        if axis is None or axis.is_threads:
            return ()
        by = self._deciding
        curves = self._curves(axis, by).items()
        return tuple(filter(None, (_growth(target, curve, by) for target, curve in curves)))

    @property
    def _deciding(self) -> Metric:
        """CPU time where all verdicts rest on it: wall time is disturbed there, growth as well."""
        decided = {c.metric for c in self.comparisons}
        known = all(m.cpu_ns is not None for m in self.measurements if m.wall_ns is not None)
        return Metric.CPU if decided == {Metric.CPU} and known else Metric.WALL

    @property
    def crossings(self) -> tuple[Crossing, ...]:
        """Where curves cross, of each candidate with the reference."""
        axis = self.sweep.axis
        if axis is None:
            return ()
        points = self.points
        found: dict[tuple[str, str], list[tuple[float, Comparison]]] = {}
        for c in self.comparisons:
            value = points[c.case].get(axis.name)
            if isinstance(value, (int, float)):
                found.setdefault((c.candidate, c.reference), []).append((value, c))
        return tuple(_crossing(pair, sorted(each, key=_first)) for pair, each in found.items())

    @property
    def scalings(self) -> tuple[ScalingOf, ...]:
        """What threads gain, where their number is the axis."""
        axis = self.sweep.axis
        if axis is None or not axis.is_threads:
            return ()
        found = []
        for target, curve in self._curves(axis).items():
            gained = scaling(
                [int(p) for p, _ in curve], [time for _, time in curve], weak=self.sweep.weak
            )
            if gained is not None:
                found.append(ScalingOf(target, gained))
        return tuple(found)

    def _curves(
        self, axis: Axis, by: Metric = Metric.WALL
    ) -> dict[str, list[tuple[float, Estimate]]]:
        """The times of each target by the axis, from its least value up."""
        points = self.points
        found: dict[str, list[tuple[float, Estimate]]] = {}
        for m in self.measurements:
            value = points[m.case].get(axis.name)
            time = m.cpu_ns if by is Metric.CPU else m.wall_ns
            if time is not None and isinstance(value, (int, float)):
                found.setdefault(m.target, []).append((float(value), time))
        return {target: sorted(curve, key=_first) for target, curve in found.items()}

    def to_dict(self) -> dict[str, Any]:
        """The `result` of the command's JSON: the run, and the sweep as in `sweep.json`."""
        return {**RunResult.to_dict(self), "sweep": self.document()}

    def document(self) -> dict[str, Any]:
        """The content of `sweep.json`."""
        compared = len(self.comparisons)
        together = 1 if self.per_comparison else compared
        return {
            "schema_version": SWEEP_VERSION,
            "run_id": self.id,
            "axes": jsonable(self.sweep.axes),
            "matrix": jsonable(self.sweep.matrix),
            "confidence": self.confidence,
            "comparisons": compared,
            "confidence_each": each_confidence(self.confidence, together),
            "per_comparison": self.per_comparison,
            "blocks": sum(count.blocks for count in self.report.counts),
            "disturbed_blocks": sum(count.disturbed for count in self.report.counts),
            "rows": self.rows(),
            "growths": jsonable(self.growths),
            "crossings": jsonable(self.crossings),
            "scalings": jsonable(self.scalings),
        }

    def __str__(self) -> str:
        from harness.render.sweep import sweep_text

        return sweep_text(self.document())

    __repr__ = __str__


def _first(pair: tuple[float, Any]) -> float:
    return pair[0]


def _point_in(case: str) -> str:
    _, bracket, rest = case.partition(" (")
    return rest.removesuffix(")") if bracket else ""


_OWN = ("task", "case", "target")


def _row(m: Measurement, point: Point, c: Comparison | None, failed: bool) -> dict[str, Any]:
    """Parameters have columns of their own names; one that is called as ours is `param.NAME`."""
    wall, cpu = m.wall_ns, m.cpu_ns
    own = {
        "wall_ns": wall.point if wall else None,
        "wall_low_ns": wall.low if wall else None,
        "wall_high_ns": jsonable(wall.high) if wall else None,
        "cpu_ns": cpu.point if cpu else None,
        "peak_memory_bytes": m.max_rss_bytes,
        "trials": m.trials,
        "failures": m.failures,
        "failed": failed,
        "speed_up": c.ratio.point if c else None,
        "speed_up_low": c.ratio.low if c else None,
        "speed_up_high": jsonable(c.ratio.high) if c else None,
        "reference": c.reference if c else None,
        "metric": c.metric.value if c else None,
        "verdict": c.verdict.value if c else None,
        "figures": {each.info.name: each.value.point for each in m.metrics},
        "units": {each.info.name: each.info.unit for each in m.metrics},
        "guards": {str(found.guard): found.state.value for found in c.guards} if c else {},
    }
    names = {"task": m.task, "case": m.case, "target": m.target}
    taken = {*own, *_OWN}
    columns = {f"param.{name}" if name in taken else name: v for name, v in point.items()}
    return {**names, **columns, **own}


def _growth(target: str, curve: Sequence[tuple[float, Estimate]], by: Metric) -> CurveGrowth | None:
    usable = [(n, time) for n, time in curve if n > 0 and time.point > 0]
    if len(usable) < 2:
        return None
    ns = [n for n, _ in usable]
    times = [time.point for _, time in usable]
    level = 0.95
    from harness.stats.cost_model import fit_model, log_log_slope  # and with it numpy

    slope, model = log_log_slope(ns, times, level), fit_model(ns, times, level)
    return CurveGrowth(target, {}, len(usable), slope, model, by)


def _crossing(pair: tuple[str, str], curve: Sequence[tuple[float, Comparison]]) -> Crossing:
    """Between the last point that one side surely wins and the first that the other one does.

    The ends hold together at the level of the whole sweep, since its verdicts do.
    """
    candidate, reference = pair
    for before, after in _changes(curve):
        (low, c), (high, _) = before, after
        now, then = (candidate, reference), (reference, candidate)
        first, second = (now, then) if c.verdict is Verdict.FASTER else (then, now)
        words = f"{first[0]} is faster up to {low:g}, {second[0]} from {high:g} on"
        return Crossing(*pair, _between(curve, low, high), low, high, words)
    sure = {c.verdict for _, c in curve if c.verdict in (Verdict.FASTER, Verdict.SLOWER)}
    if not sure:
        return Crossing(*pair, None, None, None, "neither is surely faster at any point")
    (verdict,) = sure
    winner = candidate if verdict is Verdict.FASTER else reference
    where = [n for n, c in curve if c.verdict is verdict]
    at_all = len(where) == len(curve)
    said = "at every point" if at_all else f"at {', '.join(f'{n:g}' for n in where)}"
    words = f"not within the sweep: {winner} is faster {said}"
    return Crossing(
        *pair, None, None, None, words + ("" if at_all else "; the rest is not decided")
    )


def _changes(curve: Sequence[tuple[float, Comparison]]) -> Iterator[Any]:
    """Two points that are surely won by different sides, with no sure point between them."""
    sure = [each for each in curve if each[1].verdict in (Verdict.FASTER, Verdict.SLOWER)]
    for before, after in itertools.pairwise(sure):
        if before[1].verdict is not after[1].verdict:
            yield before, after


def _between(curve: Sequence[tuple[float, Comparison]], low: float, high: float) -> float:
    """Where the log-ratio is 0, on a straight line in log n between two neighbours."""
    inside = [(n, math.log(c.ratio.point)) for n, c in curve if low <= n <= high]
    for (n, one), (m, other) in itertools.pairwise(inside):
        if one * other <= 0 and one != other:
            share = one / (one - other)
            if n <= 0:
                return n + share * (m - n)
            return math.exp(math.log(n) + share * (math.log(m) - math.log(n)))
    return low
