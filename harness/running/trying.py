"""Many variants at once: all are built and checked, raced against the code of now, and the best of
them measured again on fresh blocks, so that its having been picked flatters nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace

from harness.analysis import Race, RaceRules, Rank, Span, VariantStanding
from harness.analysis.question import AUTO
from harness.errors import ExitCode, TrialFailed
from harness.model import Better, Metric, Noise
from harness.running import Cell, Failed, Ready
from harness.running.experiment import Experiment, perform
from harness.running.further_draws import BothSides, Checked, check_further
from harness.running.named_figures import declared_for, found_figure
from harness.running.reports import Report
from harness.running.session import Session
from harness.running.try_results import TryResult
from harness.running.trying_options import Trying
from harness.running.variants import Field, variant_label

RACE_SHARE = 0.75
"""The part of the time that the race may take; confirming has the rest."""


def race(session: Session, field: Field, trying: Trying) -> TryResult:
    """Race the variants of a field against its reference, and confirm the best one.

    Raises what is wrong with the reference, UsageError for a figure that nobody declares, and
    KeyboardInterrupt after Ctrl-C: a race that did not end says nothing.
    """
    raced = _raced(session, field, trying)
    reference = field.reference.name
    unfit = _unfit(raced, field)
    found, wrong, further = _right_elsewhere(session, raced, {s.name for s in unfit})
    standings = (*found, *wrong, *unfit)
    confirmed: Report | None = None
    best = next((s for s in standings if s.rank in (Rank.BEST, Rank.NOT_TOLD_APART)), None)
    if trying.confirms and best is not None and (best.rank is Rank.BEST or _may_gain(best)):
        cell = next(c for c in field.variants if c.name == best.name)
        confirmed = _confirmed(session, (field.reference, cell), trying, _race_of(raced))
    return TryResult(
        reference=reference,
        metric=_race_of(raced).metric,
        standings=standings,
        stopped_because="; ".join(
            (raced.groups[0].stopped or "", *(f"{s.name} is wrong on further draws" for s in wrong))
        ),
        raced=raced.as_stored(),
        confirmed=confirmed.as_stored() if confirmed else None,
        further_draws=further,
    )


def _right_elsewhere(
    session: Session, raced: Report, unfit: Set[str]
) -> tuple[list[VariantStanding], list[VariantStanding], int]:
    """The standings of the race without those that are unfit; those ahead that are wrong on further
    draws; and on how many draws the best of the others is right, where it may be a gain."""
    wrong = list[VariantStanding]()
    while True:
        standings = _race_of(raced).standings(unfit | {s.name for s in wrong})
        first = next(iter(standings), None)
        if first is None or first.rank is Rank.WORSE or not (first.gains or _may_gain(first)):
            return standings, wrong, 0
        checked = _elsewhere(session, raced, first.name)
        if checked.wrong is None:
            return standings, wrong, checked.draws
        why = checked.wrong.summary
        wrong.append(replace(first, rank=Rank.WRONG, why=why, gains=False))


def _elsewhere(session: Session, raced: Report, name: str) -> Checked:
    """What further draws say of a variant that ran."""
    group = raced.groups[0]
    known = {m.cell.name: m for m in group.members if isinstance(m, Ready)}
    before, now = known[group.members[0].cell.name], known[name]
    both = BothSides((before.adapter, before.build), (now.adapter, now.build), now.cell.task)
    return check_further(session, both, now.cell.case, group.draws.seeds)


def _may_gain(standing: VariantStanding) -> bool:
    return standing.ratio is not None and standing.ratio.point > 1


def _race_of(report: Report) -> Race:
    rule = report.groups[0].rule
    assert isinstance(rule, Race)
    return rule


def _raced(session: Session, field: Field, trying: Trying) -> Report:
    settings, question = trying.settings, trying.settings.question
    budget_ns = settings.budget_ns and round(settings.budget_ns * RACE_SHARE)
    rules = RaceRules(
        reference=field.reference.name,
        metric=trying.metric,
        higher_is_better=_higher_is_better(session, field.reference, trying.metric),
        confidence=question.confidence,
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
    report = perform(session.orchestrator, session.results, experiment)
    return _sound(report, field.reference)


def _confirmed(session: Session, pair: tuple[Cell, Cell], trying: Trying, raced: Race) -> Report:
    """The best one beside the reference, once more, by blocks that had no part in its choice."""
    settings, question = trying.settings, trying.settings.question
    known = raced.noise() if raced.rules.is_time else Noise()
    budget_ns = settings.budget_ns and round(settings.budget_ns * (1 - RACE_SHARE))
    experiment = Experiment(
        cells=pair,
        settings=replace(
            settings,
            budget_ns=budget_ns,
            seed=None,  # an order of its own
            question=replace(question, noise=known),
        ),
        pairs=((pair[0].name, pair[1].name),),
        origin={"kind": "try", "part": "confirmation"},
    )
    return _sound(perform(session.orchestrator, session.results, experiment), pair[0])


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


def _unfit(report: Report, field: Field) -> list[VariantStanding]:
    """The variants that are no candidates: not to be told from others, wrong, crashed, or not to be
    built."""
    found = [
        VariantStanding(name, Rank.SAME, None, 0, f"builds to the same bytes as {other}")
        for name, other in field.same.items()
    ]
    found += [
        VariantStanding(
            variant_label(field.reference.name, u.name), Rank.UNBUILT, None, 0, u.failure.message
        )
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
    if metric in (AUTO, Metric.WALL.value, Metric.CPU.value):
        return False
    declared = declared_for(session.orchestrator, [reference])
    return found_figure(metric, declared).better is Better.HIGHER
