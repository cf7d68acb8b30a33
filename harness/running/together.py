"""All that gain, together: the variants that gain are merged, and raced as one more.

First each variant is asked whether it gains. Those that do are merged in the order of their gain,
by git's three-way merge; what does not merge, does not build with the others or makes the output
wrong is left out. Where the gain is large, those of which nothing is known yet are merged upon it
and asked again, there. What is put together of parts that were asked alone is then raced against
the code as it is now and the best single one, as two variants are, so that a part that gains alone
and nothing beside the others is not claimed; parts that gain beside each other need no such race.
The whole is confirmed like any other variant.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import field as listed
from dataclasses import replace

from harness.analysis import GainSearch, Rank, Screen, VariantStanding
from harness.analysis.question import AUTO
from harness.analysis.screening import HOLDS_FEW
from harness.errors import TrialFailed
from harness.frozen import dataclass
from harness.render.units import show_speed_up
from harness.running.found_out import (
    AT_FAULT,
    apart_words,
    found_after,
    found_after_union,
    without_found_out,
)
from harness.running.mixing import FEWEST_SETS, Mergers, Mixes, mixes_serve
from harness.running.reports import Report
from harness.running.session import Session
from harness.running.try_results import Leftover, Together, TryResult
from harness.running.trying import (
    hold_race,
    measure_at_once,
    measured_ns,
    race,
    run_ns,
    screen_of,
    unfit_ones,
)
from harness.running.trying_options import Trying
from harness.running.unions import Union, Unions
from harness.running.variants import Field
from harness.system.git.three_way import merging
from harness.system.git.writing import Git

SCREEN_SHARE = 0.6
"""The part of the time in which it is asked who gains; what is put together has the rest."""

MIX_SHARE = 0.7
"""The same where mixes are asked: what they put together is told from the reference sooner."""

MOST_ROUNDS = 4
"""So often those that are open are asked again on top of what gains."""


def race_together(session: Session, field: Field, trying: Trying) -> TryResult:
    """Race the variants of a field, put those that gain together, and confirm the best.

    Where fewer than two can be merged, or `trying` does not want it, it is a race for the best one.
    Those that were left for later beside one that is found out afterwards (it is wrong, or no gain)
    are raced anew without it, in the time that is left.
    """
    began, question = time.monotonic_ns(), trying.settings.question
    found = _raced_once(session, field, trying)
    while (rest := without_found_out(found, field)) is not None:
        left_ns = trying.settings.budget_ns
        if left_ns is not None:
            left_ns -= time.monotonic_ns() - began
            if left_ns <= 0:
                break
        began, field = time.monotonic_ns(), rest
        # As a confirmation after one that was no gain: it may err half as often.
        level = (1 - question.confidence) / 2 ** len(found.passed_over)
        asked = replace(question, confidence=1 - level)
        trying = replace(
            trying, settings=replace(trying.settings, budget_ns=left_ns, question=asked)
        )
        found = found_after(found, _raced_once(session, field, trying))
    return found


def _raced_once(session: Session, field: Field, trying: Trying) -> TryResult:
    """One race of a field, with what gains put together."""
    mergeable = [cell for cell in field.variants if cell.name in field.commits]
    if not trying.together or len(mergeable) < 2:
        return race(session, field, trying)
    git = Git(session.config.root)
    with ExitStack() as stack:
        merges = stack.enter_context(merging(git, field.base, session.worktrees))
        unions = Unions(session, field, merges, stack, trying.settings.seeds)
        return _Together(unions, trying).found()


@dataclass(slots=True)
class _Together:
    """Asks who gains, from race to race, and has the union of those raced."""

    unions: Unions
    trying: Trying
    told: dict[str, VariantStanding] = listed(default_factory=dict)
    """What is known of each variant by now, in the words of the table."""
    open: dict[str, None] = listed(default_factory=dict)
    """Those that may be gains, and are neither parts nor known to be none."""
    spent_ns: float = 0.0
    mixed: bool = False
    """Do those that gain do so beside others, as mixes of them have shown?"""
    sure: bool = True
    """Is it known of each that is put together that it gains, or does it seem so?"""
    refuted: TryResult | None = None
    """What was put together and is no gain on fresh blocks, as these said; None: nothing was."""

    def found(self) -> TryResult:
        """What the races say of the variants, and of their union."""
        for finding in (GainSearch(), GainSearch(by_first_runs=False), GainSearch(postpones=False)):
            first = self._screened(self.unions.field, finding)
            gaining = self._take(first, self.unions.field)
            if gaining or not screen_of(first).postponed:
                break  # otherwise what seemed to gain much does not
        seeming = screen_of(first).seeming
        if len(seeming) > 1:  # together they are told sooner, and none but together
            gaining = seeming
        best, union, rounds = next(iter(gaining), ""), None, 1
        self.sure = not seeming
        report, alone = first, False
        while gaining:
            union = self._joined(union, gaining)
            alone |= union is not None and rounds == 1 and len(union.parts) > 1 and not self.mixed
            screen = screen_of(report)
            on = screen.gained_much and self.open and rounds < MOST_ROUNDS
            if union is None or self.mixed or not on:  # mixes have asked upon what gains
                break
            rounds += 1
            report, gaining = self._upon(union, report)
        if union is None or len(union.parts) < 2:
            return self._single(first, union)
        return self._final(union, best if alone else "", report) or self._single(first, union)

    def _joined(self, union: Union | None, gaining: Sequence[str]) -> Union | None:
        """A union with those that gain upon it: of several, which were asked one by one, with the
        best alone where a short race has all of them behind that."""
        whole = self.unions.joined(union, gaining)
        if union is None or whole is None or self.mixed:
            return whole
        first, *more = whole.parts[len(union.parts) :] or [""]
        one = self.unions.joined(union, [first]) if more else None
        if one is None or self._is_ahead(whole, one):
            return whole
        why = f"upon {self._short(one.name)} it does not gain"
        self.unions.apart.update(dict.fromkeys(more, why))
        return one

    def _is_ahead(self, whole: Union, one: Union) -> bool:
        """Is a union not seen behind another one, in a quarter of the time that is left?"""
        cells = replace(self.unions.field, reference=one.cell, variants=(whole.cell,), commits={})
        finding = GainSearch(within_ns=self._screen_ns(SCREEN_SHARE) / 4)
        try:
            report = self._screened(replace(cells, unmade=(), same={}), finding)
        except TrialFailed:  # of the one, which the whole has too
            return True
        ratios = (s.ratio for s in screen_of(report).standings())
        return any(ratio is not None and ratio.point >= 1 for ratio in ratios)

    # -- who gains -------------------------------------------------------------------------------

    def _screened(self, field: Field, finding: GainSearch, *, mixes: bool = True) -> Report:
        """Ask each variant of a field whether it gains, in the time that is left for it."""
        mergers = Mergers(field, self.unions.merges)
        may = mixes and mixes_serve(self.trying.settings)
        finding = replace(
            finding,
            within_ns=min(finding.within_ns, self._screen_ns(SCREEN_SHARE)),
            mixes=lambda: may and len(mergers.alternatives) >= FEWEST_SETS,
        )
        report = hold_race(self.unions.session, field, self._within(), finding)
        self.spent_ns += measured_ns(report)
        rule = screen_of(report)
        if self.trying.metric == AUTO and rule.metric != AUTO:
            self._go_by(rule.metric, rule.metric_because)
        if report.groups[0].stopped != HOLDS_FEW:
            return report
        return self._mixed(report, mergers) or self._screened(field, finding, mixes=False)

    def _go_by(self, metric: str, because: str) -> None:
        """Have what follows go by the time that was chosen."""
        self.trying = replace(self.trying, metric=metric, because=because)

    def _screen_ns(self, share: float) -> float:
        """How long it may still be asked who gains, in a part of the time."""
        whole_ns = self.trying.settings.budget_ns
        return math.inf if whole_ns is None else whole_ns * share - self.spent_ns

    def _mixed(self, report: Report, mergers: Mergers) -> Report | None:
        """Ask mixes of the variants of a race; its report with what they said, or None where these
        cannot be had, or go wrong."""
        began, orchestrator = time.monotonic_ns(), self.unions.session.orchestrator
        orchestrator.telling.step("finding which variants go together")
        left_ns = self._screen_ns(MIX_SHARE)
        mixes = Mixes.of(self.unions, mergers, report, self._within().settings)
        if mixes is None:
            return None
        mixes.ask(began + (mixes.wanted_ns if left_ns == math.inf else left_ns))
        self.spent_ns += time.monotonic_ns() - began
        if self.trying.metric == AUTO and mixes.figures.metric != AUTO:
            self._go_by(mixes.figures.metric, mixes.figures.because)
        if mixes.broken:
            orchestrator.telling.remark(
                f"each is asked by itself: a mix goes wrong, {mixes.broken}"
            )
            return None
        if not mixes.figures.blocks:  # there was no time to make any
            return None
        screen_of(report).take_mixed(mixes.factorial)
        self.mixed = True
        key = self.unions.field.reference.group_key
        wrong = {(*key, name): failure for name, failure in mixes.wrong.items()}
        return replace(report, failures={**report.failures, **wrong})

    def _within(self) -> Trying:
        """How what follows is raced: within the time that is left."""
        settings = self.trying.settings
        if settings.budget_ns is None:
            return self.trying
        left_ns = max(0, round(settings.budget_ns - self.spent_ns))
        return replace(self.trying, settings=replace(settings, budget_ns=left_ns))

    def _upon(self, union: Union, before: Report) -> tuple[Report, list[str]]:
        """Ask those that are open again, on top of a union; the race, and who gains in it."""
        with self.unions.upon(union, list(self.open)) as field:
            for name in [n for n in self.open if n in self.unions.apart]:
                del self.open[name]
            if not field.variants:
                return before, []
            try:
                with self.unions.unchecked(field, run_ns(before)) as ready:
                    report = self._screened(ready, GainSearch())
            except TrialFailed:  # of the union, whose own race says so
                return before, []
            return report, self._take(report, field, union)

    def _take(self, report: Report, field: Field, union: Union | None = None) -> list[str]:
        """Note what a race says of its variants; those that gain, the best first."""
        unfit, screen, known = unfit_ones(report, field), screen_of(report), self.unions.field
        raced = screen.standings({s.name for s in unfit})
        for standing in (*raced, *unfit):
            if union is not None and standing.rank in AT_FAULT and standing.rank is not Rank.SAME:
                self.unions.part(union, standing.name, standing.why)
            else:
                self._note(standing, screen, union)
            self.open.pop(standing.name, None)
        hopeful = (s.name for s in raced if screen.hopeful(s))
        self.open.update(dict.fromkeys(name for name in hopeful if name in known.commits))
        gaining = (s.name for s in raced if s.name in screen.gaining)
        return [name for name in gaining if name in known.commits]

    def _note(self, standing: VariantStanding, screen: Screen, union: Union | None) -> None:
        """Note what is known of a variant; of one that was raced on top of others, how it did."""
        known, left = self.told.get(standing.name), screen.left.get(standing.name, standing.why)
        if union is None or known is None:
            self.told[standing.name] = standing
            return
        there = "" if standing.ratio is None else f": {show_speed_up(standing.ratio)}"
        why = f"on top of {self._short(union.name)}{there}"
        if left and not standing.gains:
            why += f", {left}"
        rank = Rank.NOT_TOLD_APART if standing.rank is Rank.BEHIND else standing.rank
        self.told[standing.name] = replace(
            known, rank=rank, why=why, gains=standing.gains, blocks=standing.blocks
        )

    # -- what is said ----------------------------------------------------------------------------

    def _final(self, union: Union, rival: str, told: Report) -> TryResult | None:
        """The union beside the code as it is now, and a rival where there is one; None where it is
        not the best.

        Only parts that were not asked beside each other have one: the best single variant. `told`
        is the race that has told of the parts.
        """
        made = self._beside(union, rival, told)
        ranks = {s.name: s.rank for s in made.standings}
        if ranks.get(union.name) in AT_FAULT:  # for some draws alone: which part is it?
            again = self.unions.joined(None, union.parts, thoroughly=True)
            if again is None or len(again.parts) < 2:
                return None
            self.sure &= bool(rival) or again.parts[0] == union.parts[0]  # upon which all gained
            union, made = again, self._beside(again, rival, told)
        best = made.leader
        if best is None or best.name != union.name:
            self.refuted = made if made.passed_over else None
            return None
        if not rival and made.winner is None:
            why = "all of its parts gain" if self.sure else "its parts seem to gain"
            best = replace(best, gains=self.sure, why=why)
        parts = [self._part(name) for name in union.parts]
        others = [self._other(s, union) for s in self._in_order() if s.name not in union.parts]
        return replace(
            made,
            standings=(best, *parts, *others),
            together=Together(
                self._short(union.name), tuple(map(self._short, union.parts)), union.commit
            ),
            leftover=self._leftover(union),
        )

    def _beside(self, union: Union, rival: str, told: Report) -> TryResult:
        """A union raced with its rival, or measured at once where it has none."""
        field, began = self.unions.field, time.monotonic_ns()
        if rival:
            rivals = (cell for cell in field.variants if cell.name == rival)
            last = replace(field, variants=(union.cell, *rivals), unmade=(), same={})
            made = race(self.unions.session, last, self._within())
        else:
            made = measure_at_once(self.unions.session, field, union.cell, self._within(), told)
        self.spent_ns += time.monotonic_ns() - began
        return made

    def _single(self, first: Report, union: Union | None) -> TryResult:
        """What the first race says, where nothing is put together that is better."""
        trying = self._within()
        if trying.settings.budget_ns is not None:  # that of the first race is counted there
            budget_ns = round(trying.settings.budget_ns + measured_ns(first))
            trying = replace(trying, settings=replace(trying.settings, budget_ns=budget_ns))
        refuted = self.refuted.passed_over if self.refuted is not None else ()
        made = race(self.unions.session, self.unions.field, trying, first, refuted)
        leader = made.leader.name if made.leader is not None else ""
        if made.passed_over:  # what the others are beside one that is out says nothing
            return found_after_union(self.refuted, made)
        standings = (
            s if s.name == leader or s.rank in AT_FAULT else self._told(s) for s in made.standings
        )
        parts = union.parts if union is not None else ()
        left = self._leftover(self._alone(leader), parts)
        made = replace(made, standings=tuple(standings), leftover=left)
        return found_after_union(self.refuted, made)

    def _alone(self, name: str) -> Union | None:
        """A single variant, for others to be put upon it; None for one that has no files."""
        field = self.unions.field
        cell = next((cell for cell in field.variants if cell.name == name), None)
        known = cell is not None and name in field.commits
        return Union(field.commits[name], (name,), cell) if known and cell is not None else None

    def _told(self, standing: VariantStanding) -> VariantStanding:
        apart = self.unions.apart.get(standing.name)
        found = self.told.get(standing.name, standing)
        if found.rank is Rank.BEST:  # upon others, which says nothing of it by itself
            found = replace(found, rank=standing.rank, gains=standing.gains)
        return replace(found, why=apart_words(found, apart)) if apart else found

    def _in_order(self) -> list[VariantStanding]:
        """What is known of the variants: those that may gain first, and those at fault last."""
        return sorted(self.told.values(), key=lambda s: (s.rank in AT_FAULT, s.rank.lost))

    def _part(self, name: str) -> VariantStanding:
        known = self.told[name]
        why = known.why if known.why.startswith("on top of ") else ""
        why = why if self.sure else "it seems to gain, and is sure with the others alone"
        return replace(known, rank=Rank.PART, why=why)

    def _other(self, standing: VariantStanding, union: Union) -> VariantStanding:
        """A variant that is no part of what is best."""
        apart = self.unions.apart.get(standing.name)
        if standing.gains and apart is None:
            apart = "does not merge: no file has its flags"
        rank = Rank.BEHIND if standing.gains else standing.rank
        if apart is None:
            return standing
        if self.unions.is_wrong(standing.name):
            return replace(standing, rank=Rank.WRONG, why=apart, gains=False)
        return replace(standing, rank=rank, why=apart_words(standing, apart))

    def _leftover(self, union: Union | None, parts: Sequence[str] = ()) -> tuple[Leftover, ...]:
        """Those that may still be a gain on top of the best, and what has them upon it.

        Parts of what was not the best together are asked again, each beside the best one. What is
        wrong there has no commit. Upon nothing, and upon flags that no file has, nothing is put.
        """
        if union is None:
            return ()
        every = dict.fromkeys((*self.open, *self.unions.apart, *parts))
        out = {*union.parts, *filter(self.unions.is_wrong, every)}
        names = [name for name in every if name not in out]
        fit = [name for name in names if self.unions.go_together(union, name)]
        upon = self.unions.commits_upon(union, fit)
        left = (name for name in names if name not in self.unions.contained)
        return tuple(Leftover(self._short(name), upon.get(name, "")) for name in left)

    def _short(self, name: str) -> str:
        return self.unions.short(name)
