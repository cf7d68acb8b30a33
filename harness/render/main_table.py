"""The main table: what was measured of each target, relative to its reference; pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from functools import partial

from harness.frozen import dataclass
from harness.model import Comparison, Estimate, Measurement, Metric, Mode, Ranking, Verdict
from harness.render.fitting import TableColumn
from harness.render.page import page, painted
from harness.render.tables import (
    fitted_table,
    output_word,
    show_comparison,
    show_named,
    verdict_word,
)
from harness.render.units import (
    show_bytes,
    show_factor,
    show_ns,
    show_ns_estimate,
    significant,
)

Key = tuple[str, str, str]
"""Task, case and target."""

_BAR = 24
COLOURS = {
    Verdict.FASTER: "green",
    Verdict.SLOWER: "red",
    Verdict.MIXED: "red",
    Verdict.UNDECIDED: "yellow",
}


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands in the table beside the measurements of a run."""

    rankings: Sequence[Ranking] = ()
    steady: Mapping[Key, Measurement] = field(default_factory=dict)
    """The measurements of the same targets in steady mode."""
    whole: bool = False
    """Show all that is known of each target: CPUs, start-up, build and sizes, too."""


def measurement_table(
    measurements: Sequence[Measurement],
    comparisons: Sequence[Comparison],
    failures: Mapping[Key, str],
    style: str = "plain",
    beside: Beside | None = None,
) -> str:
    """The main table: one row per target, relative to its task's reference.

    `failures` says, by (task, case, target), what went wrong. Where targets are ranked the best
    come first; what failed has no time.
    """
    table = _Table(measurements, comparisons, failures, beside or Beside())
    return fitted_table(table.columns(), style)


class _Table:
    """The rows of a table, and the columns that they make."""

    def __init__(
        self,
        measurements: Sequence[Measurement],
        comparisons: Sequence[Comparison],
        failures: Mapping[Key, str],
        beside: Beside,
    ) -> None:
        self.failures, self.beside = failures, beside
        self.relative = {c.key: c for c in comparisons}
        self.references = {(c.task, c.case, c.reference) for c in comparisons}
        self.places = _places(r for r in beside.rankings if r.tag is None)
        tags = dict.fromkeys(r.tag for r in beside.rankings if r.tag is not None)
        self.places_by_tag = {
            tag or "no tag": _places(r for r in beside.rankings if r.tag == tag) for tag in tags
        }
        groups = list(dict.fromkeys((m.task, m.case) for m in measurements))
        self.several = len(groups) > 1
        self.rows = sorted(measurements, key=lambda m: self._order(m, groups))
        self.by_cpu = _all_by_cpu(comparisons)
        self.fastest = self._fastest()

    def _order(self, m: Measurement, groups: Sequence[tuple[str, str]]) -> tuple[float, ...]:
        if not self.places:
            return ()
        time_ns = m.wall_ns.point if m.wall_ns is not None else math.inf
        return (groups.index((m.task, m.case)), self.places.get(m.key, math.inf), time_ns)

    def columns(self) -> list[TableColumn]:
        """All columns, in their order; see `TableColumn` for what becomes of them."""
        found: list[TableColumn] = []
        if self.several:
            found += [self._column("task", 1, lambda m: m.task)]
            found += [self._column("case", 5, lambda m: m.case)]
        if self.places:
            found.append(self._column("place", 2, self._place))
        found.append(self._column("target", 0, lambda m: m.target))
        if any(m.tags for m in self.rows):
            found.append(self._column("tags", 4, lambda m: ", ".join(m.tags)))
        if self.places_by_tag:
            found.append(self._column("place by tag", 3, self._place_by_tag))
        found += [self._column("language", 8, lambda m: m.language)]
        found += [*self._times(), *self._figures(), *self._sizes()]
        found += [self._column("trials", 9, lambda m: str(m.trials))]
        found += [self._column("speed-up", 0, self._ratio, self._short_ratio)]
        found += self._bars()
        sound = all(self._word(m) in ("ok", "-") for m in self.rows)
        found += [self._column("output", 3 if sound else 0, self._painted_word)]
        return found

    def _times(self) -> list[TableColumn]:
        steady = any(m.mode is Mode.STEADY for m in self.rows)
        wall = "wall (median)"
        found = [self._column(wall, 0, self._wall, lambda m: _short(self._of(m, m.wall_ns)))]
        if self.beside.steady:
            found.append(
                self._column("steady", 2, self._steady, lambda m: _short(self._steady_ns(m)))
            )
        found.append(self._column("cpu", 6, self._cpu, self._short_cpu))
        if self.beside.whole:
            found += [
                self._column("CPUs", 7, lambda m: _rounded(m.cpus_at_work)),
                self._column("start-up", 5, lambda m: _ns(m.start_up_ns)),
            ]
        if steady:
            found += [
                self._column("start-up", 5, lambda m: show_ns_estimate(m.ready_ns)),
                self._column("first call", 6, lambda m: show_ns_estimate(m.first_call_ns)),
            ]
        if any(len(times) > 1 for times in self.fastest.values()):
            found.append(self._column("to fastest", 8, self._to_fastest))
        return found

    def _figures(self) -> list[TableColumn]:
        """The medians of the figures that decide, where these are no times and no memory."""
        figures = {c.figure.name: c.figure for c in self.relative.values() if c.figure is not None}
        return [
            self._column(
                f"{name} ({figure.unit})" if figure.unit else name, 0, partial(_figure, name)
            )
            for name, figure in figures.items()
        ]

    def _sizes(self) -> list[TableColumn]:
        found = [self._column("peak memory", 4, lambda m: show_bytes(m.max_rss_bytes))]
        if self.beside.whole:
            found += [
                self._column("build", 7, lambda m: _ns(m.build_ns)),
                self._column("binary", 8, lambda m: show_bytes(m.binary_bytes)),
                self._column("source", 6, lambda m: show_bytes(m.source_bytes)),
            ]
        return found

    def _column(
        self,
        name: str,
        rank: int,
        cell: Callable[[Measurement], str],
        short: Callable[[Measurement], str] | None = None,
    ) -> TableColumn:
        shorter = tuple(map(short, self.rows)) if short is not None else ()
        return TableColumn(name, tuple(map(cell, self.rows)), shorter, rank)

    # -- cells ----------------------------------------------------------------------------------

    def _wrong(self, m: Measurement) -> bool:
        """Is what it computes wrong? Then it has no time: it did something else."""
        return m.output_ok is False

    def _of(self, m: Measurement, value: Estimate | None) -> Estimate | None:
        return None if self._wrong(m) and self.beside.whole else value

    def _place(self, m: Measurement) -> str:
        place = self.places.get(m.key)
        return "-" if place is None else str(place)

    def _place_by_tag(self, m: Measurement) -> str:
        """Its place among those that share a tag with it."""
        places = self.places_by_tag.items()
        return ", ".join(f"{tag}: {of[m.key]}" for tag, of in places if m.key in of) or "-"

    def _wall(self, m: Measurement) -> str:
        return show_ns_estimate(self._of(m, m.wall_ns))

    def _cpu(self, m: Measurement) -> str:
        return show_ns_estimate(self._of(m, m.cpu_ns))

    def _short_cpu(self, m: Measurement) -> str:
        return _short(self._of(m, m.cpu_ns))

    def _steady_ns(self, m: Measurement) -> Estimate | None:
        found = self.beside.steady.get(m.key)
        return None if found is None else self._of(m, found.wall_ns)

    def _steady(self, m: Measurement) -> str:
        return show_ns_estimate(self._steady_ns(m))

    def _to_fastest(self, m: Measurement) -> str:
        """The median time over that of the fastest one whose output is right."""
        times, own = self.fastest.get((m.task, m.case)), self._deciding(m)
        if not times or own is None or m.output_ok is False:
            return "-"
        return significant(own.point / times[0])

    def _deciding(self, m: Measurement) -> Estimate | None:
        """The time by which targets are compared: CPU time where it decides all verdicts there."""
        return m.cpu_ns if (m.task, m.case) in self.by_cpu else m.wall_ns

    def _fastest(self) -> dict[tuple[str, str], list[float]]:
        """The median times of each task and case, the shortest first."""
        found: dict[tuple[str, str], list[float]] = {}
        for m in self.rows:
            own = self._deciding(m)
            if own is not None and own.point > 0 and m.output_ok is not False:
                found.setdefault((m.task, m.case), []).append(own.point)
        return {key: sorted(times) for key, times in found.items()}

    def _ratio(self, m: Measurement) -> str:
        found = self.relative.get(m.key)
        if found is None:
            return "reference" if m.key in self.references else "-"
        return self._coloured(found, show_comparison(found))

    def _short_ratio(self, m: Measurement) -> str:
        found = self.relative.get(m.key)
        if found is None:
            return self._ratio(m)
        factor = show_factor(found.ratio.point, by=found.metric)
        word = verdict_word(found) if found.ratio.bounded else "so far"
        return self._coloured(found, factor if word in factor else f"{factor} {word}")

    def _coloured(self, comparison: Comparison, text: str) -> str:
        word, colour = verdict_word(comparison), COLOURS.get(comparison.verdict)
        return text.replace(word, painted(word, colour)) if colour else text

    def _word(self, m: Measurement) -> str:
        return output_word(m, self.failures)

    def _painted_word(self, m: Measurement) -> str:
        word = self._word(m)
        return word if word in ("ok", "-") else painted(word, "red")

    # -- bars -----------------------------------------------------------------------------------

    def _bars(self) -> list[TableColumn]:
        """The intervals of the speed-ups as bars on one logarithmic axis; for terminals alone."""
        bounded = [c for c in self.relative.values() if c.ratio.bounded and c.ratio.low > 0]
        if page().width is None or not bounded:
            return []
        ends = [math.log(end) for c in bounded for end in (c.ratio.low, c.ratio.high)]
        low, high = min(0.0, *ends), max(0.0, *ends)
        scale = (_BAR - 1) / (high - low or 1.0)

        def at(value: float) -> int:
            return round((math.log(value) - low) * scale)

        def bar(m: Measurement) -> str:
            cells = ["."] * _BAR
            cells[at(1.0)] = "|"
            found = self.relative.get(m.key)
            if found is not None and found in bounded:
                left, right = at(found.ratio.low), at(found.ratio.high)
                cells[left : right + 1] = "-" * (right - left + 1)
                cells[at(found.ratio.point)] = "o"
            elif m.key not in self.references:
                return ""
            return "".join(cells)

        name = (
            f"{significant(math.exp(low), 2)}x".ljust(_BAR - 6)
            + f"{significant(math.exp(high), 2)}x"
        )
        return [replace(self._column(name, 10, bar), called="bars")]


def _places(rankings: Iterable[Ranking]) -> dict[Key, int]:
    """The place of each target that is ranked; all of a set have the place of its first."""
    return {
        (ranking.task, ranking.case, name): 1 + sum(map(len, ranking.sets[:at]))
        for ranking in rankings
        for at, names in enumerate(ranking.sets)
        for name in names
    }


def _short(estimate: Estimate | None) -> str:
    return "-" if estimate is None else show_ns(estimate.point)


def _ns(ns: float | None) -> str:
    return "-" if ns is None else show_ns(ns)


def _figure(name: str, m: Measurement) -> str:
    return show_named(name, m.metrics)


def _rounded(value: float | None) -> str:
    return "-" if value is None else significant(value, 2)


def _all_by_cpu(comparisons: Sequence[Comparison]) -> set[tuple[str, str]]:
    """The tasks and cases of which every verdict rests on CPU time."""
    found: dict[tuple[str, str], set[Metric]] = {}
    for c in comparisons:
        found.setdefault((c.task, c.case), set()).add(c.metric)
    return {key for key, metrics in found.items() if metrics == {Metric.CPU}}
