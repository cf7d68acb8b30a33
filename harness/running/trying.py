"""Many variants at once: all are built and checked, raced against the code of now, and the best of
them measured again on fresh blocks, so that its having been picked flatters nothing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import field as listed
from dataclasses import replace

from harness.analysis import GainSearch, Race, RaceRules, Rank, Screen, Span, VariantStanding
from harness.analysis.blocks import block_ns
from harness.analysis.of_figures import metric_words
from harness.analysis.question import AUTO
from harness.errors import ExitCode, TrialFailed
from harness.frozen import dataclass
from harness.model import Better, Metric, Noise, Verdict
from harness.model.noise import FEWEST
from harness.render.explaining import headline
from harness.render.guard_rows import broken_words
from harness.render.units import count_of, show_speed_up
from harness.running import Cell, Failed, Ready
from harness.running.experiment import Experiment, perform
from harness.running.further_draws import BothSides, Checked, check_further
from harness.running.named_figures import declared_for, found_figure
from harness.running.reports import Report
from harness.running.session import Session
from harness.running.try_results import TryResult
from harness.running.trying_options import Trying
from harness.running.variants import Field, variant_label
from harness.system.process.opening import CoreRunner

NO_OTHER = "and no other one seems to gain"
RACE_SHARE = 0.75
"""The part of the time that the race may take; confirming has the rest."""


def race(
    session: Session,
    field: Field,
    trying: Trying,
    raced: Report | None = None,
    passed_over: Sequence[str] = (),
) -> TryResult:
    """Race the variants of a field against its reference, and confirm the best one.

    `raced` is a race of these that was held already, and `passed_over` what became of those that
    were confirmed before: after each a confirmation may err half as often. One that its own finds
    wrong, or no gain, is ranked so, and the next best is taken, as long as the budget has time for
    it. Raises what is wrong with the reference, UsageError for a figure that nobody declares, and
    KeyboardInterrupt after Ctrl-C: a race that did not end says nothing.
    """
    raced = raced or hold_race(session, field, trying)
    unfit = unfit_ones(raced, field)
    unfit_names = {s.name for s in unfit}
    best = _Best(session, field, raced, trying, unfit_names, _halved=len(passed_over))
    best.find()
    told = raced.groups[0].stopped or ""
    return TryResult(
        reference=field.reference.name,
        metric=race_of(raced).metric,
        metric_because=trying.because or race_of(raced).metric_because or _as_asked(trying),
        standings=(*best.standings(), *best.out, *unfit),
        stopped_because="; ".join((told, *best.wrong_elsewhere)),
        passed_over=tuple(best.passed_over),
        raced=raced.as_stored(),
        confirmed=best.confirmed.as_stored() if best.confirmed else None,
        further_draws=best.further_draws,
    )


@dataclass(slots=True)
class _Best:
    """Finds the best variant of a race that is right and a gain on runs it was not picked by.

    Each confirmation that follows one which was no gain may err half as often as that one: so all
    of them together err less than twice as often as one, however many are taken.
    """

    session: Session
    field: Field
    raced: Report
    trying: Trying
    unfit: Set[str]
    out: list[VariantStanding] = listed(default_factory=list)
    """Those that were found out since the race."""
    wrong_elsewhere: list[str] = listed(default_factory=list)
    """Who is wrong on further draws, in words."""
    passed_over: list[str] = listed(default_factory=list)
    """What became of those that were taken and are out, in words."""
    confirmed: Report | None = None
    """The latest run of fresh blocks that has a comparison, or else the first one."""
    further_draws: int = 0
    """On how many the best one is right."""
    _halved: int = 0
    _spent_ns: float = 0.0

    def standings(self) -> list[VariantStanding]:
        """Those that are neither unfit nor out, the best first."""
        return race_of(self.raced).standings(self.unfit | {s.name for s in self.out})

    def find(self) -> None:
        """Find it: what is seen to be wrong, or no gain, is out."""
        self._spent_ns = measured_ns(self.raced)
        best = self._right_elsewhere()
        while best is not None and self.trying.confirms and self._has_time(best):
            report = self._confirmed(best.name)
            self._spent_ns += measured_ns(report)
            lost = _lost(report, best)
            if report.run.comparisons or self.confirmed is None:
                self.confirmed = report
            if lost is None:
                return
            self._halved += lost.rank is Rank.NO_GAIN
            self.out.append(lost)
            best = self._right_elsewhere()
            then = f"so {best.name} was taken next" if best else NO_OTHER
            self.passed_over.append(f"on fresh blocks {_found(report, lost)}, {then}")

    def _right_elsewhere(self) -> VariantStanding | None:
        """The best one that may be a gain and is right on further draws; None: there is none."""
        self.further_draws = 0
        while True:
            first = next(iter(self.standings()), None)
            if first is None or first.rank.lost or not (first.gains or _may_gain(first)):
                return None
            checked = right_elsewhere(self.session, self.raced, first.name)
            if checked.wrong is None:
                self.further_draws = checked.draws
                return first
            why = checked.wrong.summary
            self.out.append(replace(first, rank=Rank.WRONG, why=why, gains=False))
            self.wrong_elsewhere.append(f"{first.name} is wrong on further draws")

    def _left_ns(self) -> int | None:
        budget_ns = self.trying.settings.budget_ns
        return budget_ns and round(budget_ns - self._spent_ns)

    def _has_time(self, best: VariantStanding) -> bool:
        """Does what is left of the budget hold a confirmation that could decide?"""
        left_ns = self._left_ns()
        pace_ns = _pace_ns(self.confirmed) if self.confirmed else 0.0
        if left_ns is None or left_ns > FEWEST * pace_ns:
            return True
        self.passed_over.append(f"the budget has no time left to confirm {best.name}")
        return False

    def _confirmed(self, name: str) -> Report:
        """One beside the reference, once more, by blocks that had no part in its choice."""
        cell = next(c for c in self.field.variants if c.name == name)
        trying = replace(
            self.trying, settings=replace(self.trying.settings, budget_ns=self._left_ns())
        )
        return _on_fresh_blocks(
            self.session, (self.field.reference, cell), trying, self.raced, self._halved
        )


def _on_fresh_blocks(
    session: Session, cells: tuple[Cell, Cell], trying: Trying, raced: Report, halved: int = 0
) -> Report:
    """A reference and a variant by blocks of their own; `halved`: so often the error is halved."""
    (reference, cell), race, settings = cells, race_of(raced), trying.settings
    asked = replace(settings.question, noise=race.noise() if race.rules.is_time else Noise())
    experiment = Experiment(
        cells=cells,
        settings=replace(
            settings,
            seed=None,  # an order of its own
            question=replace(asked, confidence=1 - (1 - asked.confidence) / 2**halved),
        ),
        pairs=((reference.name, cell.name),),
        origin={"kind": "try", "part": "confirmation"},
    )
    with session.orchestrator.telling.part(f"confirming {cell.name}"):
        report = perform(session.orchestrator, session.results, experiment)
    return _sound(report, reference)


def measure_at_once(
    session: Session, field: Field, cell: Cell, trying: Trying, raced: Report
) -> TryResult:
    """What blocks of its own say of one that needs no race, since it is known to be the best.

    It is checked on further draws before. `raced` is the race by which that is known. Where
    `trying` confirms nothing, the next look of the campaign measures it.
    """
    standing = VariantStanding(cell.name, Rank.BEST, None, 0, gains=True)
    checked, report = _further(session, field.reference, cell, trying), None
    passed_over: tuple[str, ...] = ()
    if checked.wrong is not None:
        standing = replace(standing, rank=Rank.WRONG, why=checked.wrong.summary, gains=False)
    elif trying.confirms:
        report = _on_fresh_blocks(session, (field.reference, cell), trying, raced)
        if lost := _lost(report, standing):
            standing, passed_over = lost, (f"on fresh blocks {_found(report, lost)}",)
        for found in report.run.comparisons:
            standing = replace(standing, ratio=found.ratio, blocks=found.blocks)
    return TryResult(
        reference=field.reference.name,
        metric=trying.metric,
        metric_because=trying.because or _as_asked(trying),
        standings=(standing,),
        stopped_because=raced.groups[0].stopped or "",
        passed_over=passed_over,
        raced=raced.as_stored(),
        confirmed=report.as_stored() if report is not None else None,
        further_draws=checked.draws,
    )


def _further(session: Session, reference: Cell, cell: Cell, trying: Trying) -> Checked:
    """What further draws say of a variant that did not run yet."""
    both = BothSides.of(session, reference, cell)
    return check_further(session, both, cell.case, trying.settings.seeds)


def _lost(report: Report, best: VariantStanding) -> VariantStanding | None:
    """The variant with the rank that its confirmation leaves it; None where that stands or is
    open."""
    for (_, _, name), failure in report.failures.items():
        if name == best.name:
            rank = _UNFIT.get(failure.exit_code, Rank.FAILED)
            return replace(best, rank=rank, why=failure.message, gains=False)
    found = next(iter(report.run.comparisons), None)
    if found is None or (found.verdict in _OPEN and not found.broken):
        return None
    said = broken_words(found) or f"{found.verdict.value}, {show_speed_up(found.ratio)}"
    return replace(best, rank=Rank.NO_GAIN, why=f"on fresh blocks: {said}", gains=False)


_OPEN = (Verdict.FASTER, Verdict.UNDECIDED)


def _found(report: Report, lost: VariantStanding) -> str:
    """What a confirmation found of a variant that is out, in words."""
    for found in report.run.comparisons if lost.rank is Rank.NO_GAIN else ():
        return "; ".join(filter(None, (headline(found), broken_words(found))))
    return f"{lost.name}: {lost.rank.value}, {lost.why}"


def measured_ns(report: Report) -> float:
    """How long the blocks of a report took."""
    return _pace_ns(report) * len(report.groups[0].blocks)


def run_ns(report: Report) -> float:
    """How long a run of a report took, in the mean."""
    return measured_ns(report) / max(1, sum(map(len, report.groups[0].blocks)))


def _pace_ns(report: Report) -> float:
    """How long a block of a report took."""
    blocks = report.groups[0].blocks if report.groups else ()
    return block_ns(blocks) if len(blocks) else 0.0


def right_elsewhere(session: Session, raced: Report, name: str) -> Checked:
    """What further draws say of a variant that ran."""
    group = raced.groups[0]
    known = {m.cell.name: m for m in group.members if isinstance(m, Ready)}
    before, now = known[group.members[0].cell.name], known[name]
    both = BothSides((before.adapter, before.build), (now.adapter, now.build), now.cell.task)
    with session.orchestrator.telling.about(name, 1, 1):
        return check_further(session, both, now.cell.case, group.draws.seeds)


def _as_asked(trying: Trying) -> str:
    metric = Metric(trying.metric)
    return "" if trying.metric == AUTO else f"{metric_words(metric, None)}: as asked for"


def _may_gain(standing: VariantStanding) -> bool:
    return standing.ratio is not None and standing.ratio.point > 1


def race_of(report: Report) -> Race:
    """The race that a report is of."""
    rule = report.groups[0].rule
    assert isinstance(rule, Race)
    return rule


def screen_of(report: Report) -> Screen:
    """The search for all that gain that a report is of."""
    rule = race_of(report)
    assert isinstance(rule, Screen)
    return rule


def hold_race(
    session: Session, field: Field, trying: Trying, finding: GainSearch | None = None
) -> Report:
    """A race of a field: who is best, or with a `finding` who gains."""
    settings, question = trying.settings, trying.settings.question
    share = RACE_SHARE if finding is None else 1.0
    budget_ns = settings.budget_ns and round(settings.budget_ns * share)
    rules = RaceRules(
        reference=field.reference.name,
        metric=trying.metric,
        higher_is_better=_higher_is_better(session, field.reference, trying.metric),
        confidence=question.confidence,
        finding=finding,
        threshold=question.threshold,
        span=Span(budget_ns, 0, settings.max_blocks),
    )
    experiment = Experiment(
        cells=(field.reference, *field.variants),
        settings=replace(
            settings,
            budget_ns=budget_ns,
            question=replace(question, noise=Noise(), guards=()),  # held against the best alone
        ),
        pairs=tuple((field.reference.name, cell.name) for cell in field.variants),
        race=rules,
        origin={"kind": "try", "part": "race"},
    )
    part = session.orchestrator.telling.part(f"race of {count_of(len(field.variants), 'variant')}")
    with part, _runner_beside(session, settings.cpus) as beside:
        report = perform(session.orchestrator, session.results, experiment, beside=beside)
    return _sound(report, field.reference)


@contextlib.contextmanager
def _runner_beside(session: Session, cpus: Sequence[int]) -> Iterator[CoreRunner | None]:
    """A further runner where two programs can run at once; None where one has all CPUs there are.

    It lasts as long as the outputs that it has made are wanted.
    """
    if len(cpus or os.sched_getaffinity(0)) < 2:
        yield None
        return
    with session.another_runner() as beside:
        yield beside


def _sound(report: Report, reference: Cell) -> Report:
    """The report, where nobody interrupted it and the reference ran."""
    if report.interrupted:
        raise KeyboardInterrupt
    for member in report.groups[0].members:
        if isinstance(member, Failed) and member.cell is reference:
            raise member.failure
    for (_, case, name), failure in report.failures.items():
        if name == reference.name:
            raise TrialFailed(f"{name} on {case}: {failure.message}")
    return report


def unfit_ones(report: Report, field: Field) -> list[VariantStanding]:
    """The variants that are no candidates: not to be told from others, wrong, crashed, or not to be
    built."""
    found = [
        VariantStanding(name, Rank.SAME, None, 0, f"builds to the same bytes as {other}")
        for name, other in field.same.items()
    ]
    target = field.reference.target.name
    found += [
        VariantStanding(variant_label(target, u.name), Rank.UNBUILT, None, 0, u.failure.message)
        for u in field.unmade
    ]
    failures = {name: failure for (_, _, name), failure in report.failures.items()}
    for member in report.groups[0].members:
        name = member.cell.name
        if isinstance(member, Ready) and member.verdict is not None and not member.verdict.ok:
            found.append(VariantStanding(name, Rank.WRONG, None, 0, member.verdict.summary))
        elif name in failures:
            failure = failures[name]
            place = _UNFIT.get(failure.exit_code, Rank.FAILED)
            found.append(VariantStanding(name, place, None, 0, failure.message))
    return found


_UNFIT: Mapping[ExitCode, Rank] = {
    ExitCode.ANSWER_IS_NO: Rank.WRONG,
    ExitCode.BUILD: Rank.UNBUILT,
    ExitCode.ADAPTER: Rank.UNBUILT,
    ExitCode.USAGE: Rank.UNBUILT,
}


def _higher_is_better(session: Session, reference: Cell, metric: str) -> bool:
    """Which way a figure is better; UsageError where nobody declares it."""
    if metric == AUTO or Metric(metric).is_known:
        return False
    declared = declared_for(session.orchestrator, [reference])
    return found_figure(metric, declared).better is Better.HIGHER
