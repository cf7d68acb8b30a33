"""What `harness bench` finds: the current tree against its references, by case and phase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from pathlib import Path

from harness.frozen import dataclass
from harness.model.estimates import Estimate
from harness.model.families import verdict_of_comparisons
from harness.model.metrics import Metric
from harness.model.results import (
    Agreement,
    Comparison,
    MetricEstimate,
    PhaseEstimate,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """A phase on both sides, as the targets themselves report it: no decision rests on it."""

    path: str
    baseline: PhaseEstimate | None
    """None where the baseline has no such phase."""
    current: PhaseEstimate | None
    comparison: Comparison | None
    """From within-block ratios; None where only one side has the phase."""


@dataclass(frozen=True, slots=True)
class SideFigures:
    """What one side took: the guards against a gain that is paid for elsewhere."""

    commit: str
    wall_ns: Estimate | None
    cpu_ns: Estimate | None
    max_rss_bytes: int | None
    build_ns: int
    build_digest: str
    toolchain: str
    program_digest: str = ""
    """Equal on two sides: they ran one program, whatever their sources say."""
    ready_ns: Estimate | None = None
    """Start-up; None where it was not asked for, or the target has no steady mode."""
    setup_ns: int = 0
    """What its `setup` took; 0 where there is none."""
    figures: tuple[MetricEstimate, ...] = ()
    """Its named figures, as those of a measurement."""

    @property
    def cpus_used(self) -> float | None:
        """CPU time / wall time: above 1 more than one CPU was at work."""
        if self.wall_ns is None or self.cpu_ns is None or self.wall_ns.point <= 0:
            return None
        return self.cpu_ns.point / self.wall_ns.point


@dataclass(frozen=True, slots=True)
class CaseBench:
    """All sides on one case, interleaved in one run."""

    case: str
    agreement: Agreement
    """How the current tree's outputs, in every trial, compare with the stored ones."""
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)
    """The current tree against each reference, by label; empty where the output is wrong."""
    phases: tuple[PhaseRow, ...] = ()
    sides: Mapping[str, SideFigures] = field(default_factory=dict)
    run_id: str = ""
    folder: Path | None = None
    """Where the run is stored, with `trials.parquet`."""
    warnings: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    """Why the right programs may not have been measured: two sides ran one, or the baseline is far
    from its sealed time."""
    crashed: bool = False
    """The current tree's program did not end well: its output is not wrong, there is none."""
    known_gain: float | None = None
    """What the current tree gains at least on the case's own values, where it shows no gain on
    drawn ones; None: no more there either, or not asked."""
    further_draws: int = 0
    """On as many further draws, untimed, a gain was as right as the reference."""


class Gain(Enum):
    """What becomes of the fast case's gain on the full case."""

    HOLDS = "holds"
    GROWS = "grows"
    SHRINKS = "shrinks"
    """Still faster, but by less."""
    GONE = "is gone"
    """No longer faster there."""
    NONE = "none to hold"
    """The fast case is not faster."""
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Scale:
    """What becomes of the gain from the fast case to the full one."""

    gain: Gain
    growth: Mapping[str, Estimate]
    """The growth of each side, by its label: time of the full case / time of the fast one."""
    growth_of: Metric = Metric.WALL
    """Which time: CPU time where that decides on either case."""


@dataclass(frozen=True, slots=True)
class BenchReport:
    """The comparisons that one bench made, case by case."""

    campaign: str
    target: str
    task: str
    reference: str
    """The label of the reference that decides: the baseline."""
    cases: tuple[CaseBench, ...]
    """The fast case, its further ones, then the full one where it was asked for."""
    snapshot: str = ""
    """The commit, which no branch knows, of the tree that was measured."""
    scale: Scale | None = None
    stored: bool = False
    """Compared with stored trials, which is weaker: nothing was interleaved."""
    warnings: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    """The names of the cases that are judged together: those of a campaign with several."""

    @property
    def correct(self) -> bool:
        return all(case.agreement.ok for case in self.cases)

    @property
    def crashed(self) -> str:
        """How the current tree's program ended, where it did not end well; else nothing."""
        return next((case.agreement.summary for case in self.cases if case.crashed), "")

    @property
    def broken(self) -> tuple[Comparison, ...]:
        """The comparisons with the deciding reference that break a guard."""
        against = (case.comparisons.get(self.reference) for case in self.cases)
        return tuple(found for found in against if found is not None and found.broken)

    @property
    def verdict(self) -> Verdict | None:
        """The worst verdict against the deciding reference; None without any.

        Several cases of a campaign count as one: see `families`.
        """
        rank = [
            *(Verdict.SLOWER, Verdict.MIXED, Verdict.UNDECIDED),
            *(Verdict.EQUIVALENT, Verdict.FASTER),
        ]
        known = {
            case.case: case.comparisons[self.reference]
            for case in self.cases
            if self.reference in case.comparisons
        }
        family = [known.pop(name) for name in self.together if name in known]
        if not family:
            return None
        found = [*(c.verdict for c in known.values()), verdict_of_comparisons(family)]
        return min(found, key=rank.index)
