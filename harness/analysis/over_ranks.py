"""What the ranks of a target say over its trials: the most, the mean, and how far they differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.model import RankReport
from harness.model.of_ranks import RankBinding, RankFigure, RanksFound
from harness.stats.ranks import median

_FIGURES = (
    ("wall", "ns", "wall_ns"),
    ("cpu", "ns", "cpu_ns"),
    ("user", "ns", "user_ns"),
    ("system", "ns", "sys_ns"),
    ("peak memory", "bytes", "max_rss_bytes"),
)

NO_REPORTS = (
    "no rank reported itself, and nothing is known of single ranks: `launch` does not start the"
    " words that follow it, a node does not see the harness, or its launcher is the one in Python"
)


class SeenRanks:
    """The ranks of a cell's trials, one trial after the other."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str, bool], list[tuple[float, float]]] = {}
        """Maximum and mean of each figure, for each trial in which every rank has it."""
        self._last: Sequence[RankReport] = ()

    def add(self, ranks: Sequence[RankReport]) -> None:
        """Take in the ranks of a trial that ended well."""
        if not ranks:
            return
        self._last = ranks
        for name, unit, field in _FIGURES:
            known = [value for rank in ranks if (value := getattr(rank, field)) is not None]
            # The most of those that are known is not the most of all.
            if len(known) == len(ranks):
                self._note((name, unit, False), known)
        for path, times in _phases(ranks):
            self._note((path, "ns", True), times)

    def _note(self, key: tuple[str, str, bool], values: Sequence[int]) -> None:
        self._values.setdefault(key, []).append((max(values), sum(values) / len(values)))

    def found(self) -> RanksFound | None:
        """What they amount to; None where no trial had any."""
        if not self._last:
            return None
        figures = []
        for (name, unit, phase), pairs in self._values.items():
            shares = [most / mean for most, mean in pairs if mean > 0]
            figures.append(
                RankFigure(
                    name=name,
                    unit=unit,
                    maximum=float(median(most for most, _ in pairs)),
                    mean=float(median(mean for _, mean in pairs)),
                    imbalance=float(median(shares)) if shares else None,
                    trials=len(pairs),
                    phase=phase,
                )
            )
        bindings = (RankBinding(rank.rank, rank.host, rank.cpus) for rank in self._last)
        return RanksFound(len(self._last), tuple(figures), tuple(bindings))


def _phases(ranks: Sequence[RankReport]) -> Iterator[tuple[str, list[int]]]:
    """The time in each phase by rank; 0 in a rank that marks phases, but was never in this one.

    Where a rank marked none at all, as one that died does, nothing is known of phases.
    """
    times = [{phase.path: phase.total_ns for phase in rank.phases} for rank in ranks]
    if not all(times):
        return
    for path in dict.fromkeys(path for each in times for path in each):
        yield path, [each.get(path, 0) for each in times]
