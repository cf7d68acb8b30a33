"""What a gate found of each target, and what it answers its shell."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from harness.analysis.weighed_rule import MOST_NS
from harness.errors import ExitCode
from harness.frozen import dataclass
from harness.model import Comparison, Measurement, Metric, Verdict
from harness.model.durations import write_duration
from harness.model.jsonable import jsonable
from harness.profiles.slowed import SlowedFunction
from harness.render.costs import halves
from harness.render.tables import as_html, layout
from harness.render.units import show_factor, show_ns, show_ratio_estimate, show_span
from harness.running.gate_base import Base
from harness.running.reports import CellKey, Report


class GateStatus(Enum):
    """What becomes of a target at a gate; the worst first."""

    FAILED = "failed"
    OTHER_OUTPUT = "output differs"
    REGRESSED = "slower"
    MIXED = "mixed"
    UNDECIDED = "undecided"
    BASE_BROKEN = "base does not build"
    BASE_FAILS = "base does not run"
    NEW = "new"
    GONE = "gone"
    NOT_SLOWER = "not slower"
    EQUIVALENT = "equivalent"
    FASTER = "faster"
    SAME_PROGRAM = "same program"
    UNTOUCHED = "untouched"


_BAD = (GateStatus.OTHER_OUTPUT, GateStatus.REGRESSED, GateStatus.MIXED)


@dataclass(frozen=True, slots=True)
class GateRow:
    """One target, at head against its base."""

    task: str
    case: str
    target: str
    status: GateStatus
    why: str = ""
    """What is to be said beside the figures; empty: nothing."""
    comparison: Comparison | None = None
    base: Measurement | None = None
    head: Measurement | None = None
    failed_with: ExitCode = ExitCode.FINE
    """Where head failed: with what."""
    slowed: SlowedFunction | None = None
    """The function that took the further time, where profiles of both sides show it."""
    needed_ns: float | None = None
    """About how long its own blocks take until it is known, by what was seen; None: no number."""
    of_suite: bool = False
    """Is it one benchmark of a suite, which the case names?"""
    further_draws: int = 0
    """On as many draws beside its blocks its output was right."""

    @property
    def name(self) -> str:
        """The target; of a suite, with the benchmark."""
        return f"{self.target} {self.case}" if self.of_suite else self.target

    @property
    def key(self) -> CellKey:
        """Task, case and target."""
        return self.task, self.case, self.target

    @property
    def exit_code(self) -> ExitCode:
        """What it alone makes of the whole; an open question is counted by who asks for it."""
        if self.status is GateStatus.FAILED:
            return self.failed_with
        return ExitCode.ANSWER_IS_NO if self.status in _BAD else ExitCode.FINE

    @property
    def speed_up(self) -> str:
        """Base time over head time with its interval; a dash where there is none."""
        return "-" if self.comparison is None else show_ratio_estimate(self.comparison.ratio)

    def time_of(self, side: str) -> str:
        """The median time at `base` or `head`, by what decided; a dash where there is none."""
        measured = self.base if side == "base" else self.head
        by_cpu = self.comparison is not None and self.comparison.metric is Metric.CPU
        if measured is None:
            return "-"
        time = measured.cpu_ns if by_cpu else measured.wall_ns
        return "-" if time is None else show_ns(time.point) + " CPU" * by_cpu

    @property
    def surely_slower(self) -> bool:
        """Is it slower, be it by less than the threshold or by more?"""
        return self.comparison is not None and self.comparison.ratio.high < 1

    @property
    def verdict(self) -> str:
        """What became of it; of one that is slower, where only by how much is open, that too."""
        is_open = self.status is GateStatus.UNDECIDED and self.surely_slower
        return "slower, undecided by how much" if is_open else self.status.value

    def sentence(self) -> str:
        """The row in words."""
        said = f"{self.name}: {self.verdict}"
        if self.comparison is not None:
            ratio = self.comparison.ratio
            share = abs(1 / ratio.point - 1)
            more = "more" if ratio.point < 1 else "less"
            if self.status in (GateStatus.REGRESSED, GateStatus.FASTER):
                said += f", {100 * share:.3g} % {more} time"
            said += f" ({show_factor(ratio.point)} {self.interval})"
            if self.status is GateStatus.MIXED:
                said += f", {halves(self.comparison)}"
        if self.slowed is not None:
            at = f":{self.slowed.line}" if self.slowed.line else ""
            said += f", most of it in {self.slowed.function} ({self.slowed.file}{at})"
        if self.further_draws and self.status is not GateStatus.OTHER_OUTPUT:
            said += f", right on {self.further_draws} further draws"
        return said + (f": {self.why}" if self.why else "") + self._would_do

    @property
    def _would_do(self) -> str:
        """How long an open question would take, where that is known."""
        if self.status is not GateStatus.UNDECIDED or (self.needed_ns or math.inf) > MOST_NS:
            return ""
        return f"; {show_span(self.needed_ns or 0)} or so of its own blocks would decide it"

    @property
    def interval(self) -> str:
        """The ends of the speed-up."""
        return self.speed_up[self.speed_up.find("[") :] if "[" in self.speed_up else ""


@dataclass(frozen=True, slots=True, repr=False)
class CiResult:
    """What `harness ci` found: head against its merge base, target by target, the worst first."""

    base: Base
    head: str
    """The commit that is checked out."""
    dirty: tuple[str, ...]
    """The files that differ from it here, which were measured as they are."""
    changed: tuple[str, ...]
    """The files that differ between base and the working tree."""
    rows: tuple[GateRow, ...]
    threshold: float
    confidence: float
    """Of all comparisons together."""
    report: Report | None = None
    """The run that was measured; None: nothing was."""
    require_decision: bool = False
    per_comparison: bool = False
    """Does the confidence hold for each verdict by itself?"""

    @property
    def folder(self) -> Path | None:
        """Where the run is stored; None: nothing was measured."""
        return None if self.report is None else self.report.folder

    @property
    def interrupted(self) -> bool:
        return self.report is not None and self.report.interrupted

    @property
    def exit_code(self) -> ExitCode:
        """What `harness ci` answers its shell."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        worst = max((row.exit_code for row in self.rows), default=ExitCode.FINE)
        if worst is ExitCode.FINE and self.require_decision and self.with_(GateStatus.UNDECIDED):
            return ExitCode.UNDECIDED
        return worst

    @property
    def ok(self) -> bool:
        """May it be merged, as far as the gate knows?"""
        return self.exit_code is ExitCode.FINE

    def with_(self, *statuses: GateStatus) -> list[GateRow]:
        """The rows that have one of these."""
        return [row for row in self.rows if row.status in statuses]

    @property
    def headline(self) -> str:
        """The answer in a sentence."""
        if self.interrupted:
            return "interrupted; what was measured is kept"
        bad = Counter(row.status for row in self.rows)
        worst = [s for s in (GateStatus.FAILED, *_BAD) if bad[s]]
        if worst:
            return "; ".join(f"{_names(self.with_(s))}: {s.value}" for s in worst)
        if not self.with_(*_COMPARED):
            return self._nothing_timed()
        alone = [
            f"{_names(self.with_(s))}: {s.value}"
            for s in (GateStatus.BASE_BROKEN, GateStatus.BASE_FAILS)
            if bad[s]
        ]
        return "; ".join((self._decided(), *alone))

    @property
    def mark(self) -> str:
        """The answer as a sign: that nothing is wrong is not that all is known."""
        if not self.ok:
            return "❌"
        known = not self.with_(GateStatus.UNDECIDED, GateStatus.BASE_BROKEN, GateStatus.BASE_FAILS)
        alone = self.with_(*_ALONE) and not self.with_(*_COMPARED)
        return "✅" if known and not alone else "⚠️"

    def _decided(self) -> str:
        """What the comparisons say together, where none is a reason to refuse."""
        more = f"slower by more than {100 * self.threshold:.3g} %"
        still = self.with_(GateStatus.UNDECIDED)
        if not still:
            return f"no target is {more}"
        others = len(still) < len(self.with_(*_COMPARED))
        return f"undecided: {_names(still)} may be {more}" + "; no other target is" * others

    def _sides(self) -> str:
        """What was compared with what."""
        if self.base.commit == self.head:
            return f"The working tree against HEAD, {self.base.short}, which is on {self.base.name}"
        said = f"Head {self.head[:12]} against {self.base.short}"
        parted = f", where it parted from {self.base.name}"
        return said + parted * (self.base.name != "HEAD^")

    def _nothing_timed(self) -> str:
        """The answer where no two builds were compared."""
        if len(self.with_(GateStatus.UNTOUCHED)) == len(self.rows):
            return "nothing that a target depends on has changed"
        if self.with_(*_ALONE):
            each = (f"{_names(rows)}: {s.value}" for s in _ALONE if (rows := self.with_(s)))
            return "; ".join(("nothing was compared", *each))
        return "every target is the same program on both sides"

    @property
    def budget_needed_ns(self) -> float | None:
        """About which budget would decide all; None: all is, or no such budget can be named.

        What is decided by now takes its time again.
        """
        if not self.with_(GateStatus.UNDECIDED):
            return None
        needed = [row.needed_ns for row in self.rows if row.comparison is not None]
        total = sum(math.inf if one is None else one for one in needed)
        return total if 0 < total < MOST_NS else None

    @property
    def notes(self) -> list[str]:
        """What was compared, and how, in sentences."""
        said = [f"{self._sides()} ({self.base.because})."]
        if self.dirty:
            more = f" and {len(self.dirty) - 3} more" if len(self.dirty) > 3 else ""
            said.append(
                "The working tree is not clean, and was measured as it is:"
                f" {', '.join(self.dirty[:3])}{more}."
            )
        if self.report is not None and self.report.run.comparisons:
            who = "all verdicts together hold"
            if self.per_comparison:
                who = "each verdict holds by itself"
            said.append(
                f"Both builds of each target ran interleaved here; {who} at"
                f" {100 * self.confidence:.4g} %, beyond {100 * self.threshold:.3g} %."
            )
        if (needed_ns := self.budget_needed_ns) is not None:
            budget = write_duration(needed_ns, 2)
            said.append(f"By what was seen, a budget of {budget} would decide all.")
        return said

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness ci --json`."""
        return {
            "headline": self.headline,
            "base": jsonable(self.base),
            "head": self.head,
            "dirty": list(self.dirty),
            "changed": list(self.changed),
            "threshold": self.threshold,
            "confidence": self.confidence,
            "run_id": self.report.run.id if self.report is not None else None,
            "folder": str(self.folder) if self.folder is not None else None,
            "rows": [_row(row) for row in self.rows],
        }

    def __str__(self) -> str:
        return "\n".join((self.headline, *(row.sentence() for row in self.rows), *self.notes))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        heads = ("target", "verdict", "speed-up", "base", "head", "why")
        rows = [
            [r.name, r.verdict, r.speed_up, r.time_of("base"), r.time_of("head"), r.why]
            for r in self.rows
        ]
        return as_html("\n".join((self.headline, *self.notes)), layout(heads, rows, "html"))


_ALONE = (GateStatus.BASE_BROKEN, GateStatus.BASE_FAILS, GateStatus.NEW, GateStatus.GONE)
_COMPARED = (
    *(GateStatus.UNDECIDED, GateStatus.NOT_SLOWER, GateStatus.EQUIVALENT, GateStatus.FASTER),
)


def _row(row: GateRow) -> dict[str, Any]:
    found: dict[str, Any] = jsonable(row)
    return {**found, "sentence": row.sentence(), "exit_code": int(row.exit_code)}


def _names(rows: Sequence[GateRow]) -> str:
    names = [row.name for row in rows]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def status_of(comparison: Comparison) -> GateStatus:
    """What a comparison says at a gate: slower only where all of its interval is, by more."""
    bound, ratio = math.log1p(comparison.threshold), comparison.ratio
    low, high = (math.log(end) if end > 0 else -math.inf for end in (ratio.low, ratio.high))
    if high < -bound:
        return GateStatus.REGRESSED
    if comparison.verdict is Verdict.MIXED:
        return GateStatus.MIXED
    if low < -bound:
        return GateStatus.UNDECIDED
    kinds: Mapping[Verdict, GateStatus] = {
        Verdict.FASTER: GateStatus.FASTER,
        Verdict.EQUIVALENT: GateStatus.EQUIVALENT,
    }
    return kinds.get(comparison.verdict, GateStatus.NOT_SLOWER)


def worst_first(rows: Sequence[GateRow]) -> tuple[GateRow, ...]:
    """The rows by what became of them; those alike by their ratio, the slowest first."""
    order = list(GateStatus)

    def key(row: GateRow) -> tuple[int, float, str]:
        ratio = row.comparison.ratio.point if row.comparison is not None else 1.0
        return order.index(row.status), ratio, row.name

    return tuple(sorted(rows, key=key))
