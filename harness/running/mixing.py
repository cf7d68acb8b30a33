"""Variants asked in mixes: for each block a coin decides which of two mixes has each of them.

Where blocks of all variants are long for the time there is, this tells of each of them what as many
blocks of it alone would; `harness.analysis.factorial` says why. Mixes are merged, built and run in
batches; each trial's output is held against the reference's, so no mix is run before it is timed.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import field as listed
from dataclasses import replace

from harness.analysis import Factorial, Halves, MixTurns
from harness.analysis.mix_turns import ALL_RUN, MixFigures, MixTurn
from harness.errors import ExitCode, HarnessError, StorageFailed, TrialFailed
from harness.frozen import dataclass
from harness.model import Case, Mode, Noise, Output
from harness.running.cells import Cell
from harness.running.drawing import case_given
from harness.running.experiment import Experiment, perform
from harness.running.further_draws import BothSides, check_case
from harness.running.reports import Failure, Report
from harness.running.settings import DEFAULT_BUDGET_NS, STRETCH, Settings
from harness.running.trying import screen_of, unfit_ones
from harness.running.unions import Unions
from harness.running.variants import Field
from harness.system.git.three_way import ADDS_NOTHING, Merging

BATCH = 12
"""As many blocks are made ready at once: what they say decides what the next ones ask."""

FEWEST_LEFT = 3
"""No batch is made ready for fewer."""

_WANTED = 40
"""As many blocks of mixes are worth their time where no budget is set."""

FEWEST_SETS = 2
"""Of fewer sets of alternatives there is nothing to mix."""

_MESSAGE = "harness: a mix of variants"

Mix = tuple[str, ...]
"""The variants that it has, in the order of the field."""


@dataclass(slots=True)
class Mergers:
    """What has several variants of a field each, as commits."""

    field: Field
    merges: Merging
    _sets: list[list[str]] | None = None
    _made: dict[Mix, str] = listed(default_factory=dict)

    @property
    def alternatives(self) -> list[list[str]]:
        """The variants in sets: of one set no two can be had at once, of several sets any.

        A set is of those that change the same lines, be it by way of a third one. What does not
        merge with the others for another reason is in none.
        """
        if self._sets is None:
            self._sets = self._in_sets()
        return self._sets

    def _in_sets(self) -> list[list[str]]:
        sets, whole = list[list[str]](), self.field.base
        for name in (c.name for c in self.field.variants if c.name in self.field.commits):
            made, _ = self.merges.merged(whole, self.field.commits[name], _MESSAGE)
            if made:
                whole = made
                sets.append([name])
            elif clashing := [each for each in sets if not self._go_together(each, name)]:
                rest = [each for each in sets if each not in clashing]
                sets = [*rest, [*(n for each in clashing for n in each), name]]
        return sets

    def _go_together(self, names: Sequence[str], other: str) -> bool:
        commits = self.field.commits
        return all(self.merges.merged(commits[n], commits[other], _MESSAGE)[0] for n in names)

    def commit_of(self, mix: Mix) -> str:
        """The commit of a mix; empty where its variants cannot be had at once after all."""
        if not mix:
            return self.field.base
        if mix not in self._made:
            upon, own = self.commit_of(mix[:-1]), self.field.commits[mix[-1]]
            made, why = self.merges.merged(upon, own, _MESSAGE) if upon else ("", "")
            self._made[mix] = upon if why == ADDS_NOTHING else made
        return self._made[mix]


@dataclass(slots=True)
class Mixes:
    """Asks mixes of the variants of a field, in batches."""

    unions: Unions
    mergers: Mergers
    settings: Settings
    factorial: Factorial
    figures: MixFigures
    block_ns: float
    """About how long a block takes."""
    making_ns: float
    """About how long it takes to make the mixes of a block: as long as a block, before it is known.
    """
    broken: str = ""
    """What became of a mix that no single variant explains; empty: there is none."""
    wrong: dict[str, Failure] = listed(default_factory=dict)
    """The variants that a mix has shown to be wrong, and how."""
    _chance: random.Random = listed(default_factory=random.SystemRandom)

    @classmethod
    def of(
        cls, unions: Unions, mergers: Mergers, raced: Report, settings: Settings
    ) -> Mixes | None:
        """Those of the variants that a race has left; None where these do not go together."""
        group = raced.groups[0]
        screen, unfit = screen_of(raced), {s.name for s in unfit_ones(raced, mergers.field)}
        out = {*unfit, *screen.left}
        fit = ([n for n in each if n not in out] for each in mergers.alternatives)
        alternatives = [each for each in fit if each]
        if len(alternatives) < FEWEST_SETS:
            return None
        factorial = Factorial(alternatives, screen.rules)
        for name in (name for each in alternatives for name in each):
            factorial.take(Halves((), (name,), {name: ""}), screen.seen_of(name))
        pair_ns = 2 * group.block_ns / len(group.blocks[0])
        figures = MixFigures(screen.metric)
        return cls(unions, mergers, settings, factorial, figures, pair_ns, pair_ns)

    @property
    def wanted_ns(self) -> float:
        """How long mixes are asked where no budget is set."""
        wanted_ns = max(_WANTED * self.block_ns, DEFAULT_BUDGET_NS)
        return min(wanted_ns, STRETCH * DEFAULT_BUDGET_NS)

    def ask(self, until_ns: float) -> None:
        """Ask until all is known, the monotonic clock says `until_ns`, or a mix is `broken`."""
        part = self.unions.session.orchestrator.telling.part("mixes of variants")
        try:
            with self.unions.first_output(self.mergers.field.reference) as first, part:
                while self._batch(until_ns, first):
                    pass
        except StorageFailed:
            raise
        except HarnessError as problem:
            self.broken = problem.message
        for halves, log_ratio in self.figures.rest():
            self.factorial.take(halves, log_ratio)
        self.factorial.look()

    def _batch(self, until_ns: float, first: Output) -> bool:
        """Measure a batch of mixes, if there is time for one; is another one wanted?"""
        began = time.monotonic_ns()
        count = min(BATCH, int((until_ns - began) / (self.block_ns + self.making_ns)))
        if count < FEWEST_LEFT or not self.factorial.open:
            return False
        drawn = self.factorial.draw(count, self._chance)
        mixes = dict.fromkeys(mix for each in drawn for mix in (each.one, each.other) if mix)
        commits = {mix: self.mergers.commit_of(mix) for mix in mixes}
        if apart := [mix for mix, commit in commits.items() if not commit]:
            return self._go_on_without(apart[0], "two of them cannot be had at once after all")
        names = {mix: f"mix {number}" for number, mix in enumerate(mixes, 1)}
        by_name = {names[mix]: commit for mix, commit in commits.items()}
        with self.unions.built(by_name, self.mergers.field.base) as field:
            if field.unmade:
                unmade = field.unmade[0]
                label = self.unions.short(unmade.name)
                mix = next(mix for mix, name in names.items() if name == label)
                return self._go_on_without(mix, unmade.failure.message)
            self.making_ns = (time.monotonic_ns() - began) / count
            turns = _turns(drawn, names, field)
            return bool(turns) and self._measured(turns, field, until_ns, first)

    def _measured(
        self, turns: Sequence[MixTurn], field: Field, until_ns: float, first: Output
    ) -> bool:
        cells = tuple(replace(cell, first=first) for cell in (field.reference, *field.variants))
        left_ns = max(1, round(until_ns - time.monotonic_ns()))
        names = [cell.name for cell in cells]
        rule = MixTurns(self.factorial, self.figures, turns, names, left_ns)
        question = replace(self.settings.question, noise=Noise(), guards=())
        experiment = Experiment(
            cells=cells,
            settings=replace(
                self.settings, budget_ns=left_ns, warmup=0, seed=None, question=question
            ),
            turns=rule,
            origin={"kind": "try", "part": "mixes"},
        )
        session = self.unions.session
        report = perform(session.orchestrator, session.results, experiment)
        self._note(report)
        if rule.broken and not self._blamed(*rule.failed):
            self.broken = rule.broken
            return False
        return bool(rule.broken) or report.groups[0].stopped == ALL_RUN

    def _note(self, report: Report) -> None:
        if report.interrupted:
            raise KeyboardInterrupt
        group = report.groups[0]
        if group.made:
            self.block_ns = group.block_ns

    def _blamed(self, mix: Mix, given: str) -> bool:
        """Is one of a mix wrong by itself, on what that was given, or are two with each other?

        Of the one it is asked no more, and of the two each without the other.
        """
        reference = self.mergers.field.reference
        case = case_given(reference.case, given) if given else reference.case
        before = len(self.wrong)
        for cell in (c for c in self.mergers.field.variants if c.name in mix):
            problem = self._problem(cell, case)
            if problem is not None:
                self.wrong[cell.name] = problem
                self.factorial.leave_out(cell.name, problem.message)
        return len(self.wrong) > before or self._parted(mix, case)

    def _problem(self, cell: Cell, case: Case) -> Failure | None:
        """What is wrong with a program on what is given, beside the reference."""
        both = BothSides.of(self.unions.session, self.mergers.field.reference, cell)
        try:
            found = check_case(self.unions.session, both, case)
        except TrialFailed as failure:
            return Failure("failed", failure.message, failure.exit_code)
        return None if found.ok else Failure("WRONG", found.summary, _IS_NO)

    def _go_on_without(self, mix: Mix, why: str) -> bool:
        """Is it known which two of a mix that cannot be had do not go together?"""
        if self._parted(mix, self.mergers.field.reference.case):
            return True
        self.broken = why
        return False

    def _parted(self, mix: Mix, case: Case) -> bool:
        """Are two of a mix wrong with each other alone? No mix has both of them any more."""
        self.unions.session.orchestrator.telling.step("finding which variants are wrong together")
        last = self._last_of_wrong(mix, (), case)
        if last == mix[0]:
            return False
        first = self._last_of_wrong(mix[: mix.index(last)], (last,), case)
        if not self._wrong((first, last), case):
            return False
        self.factorial.separate(first, last)
        self.unions.clashes.append(frozenset((first, last)))
        return True

    def _last_of_wrong(self, names: Mix, more: Mix, case: Case) -> str:
        """The last one of the fewest names, from the first on, that are wrong with some more."""
        right, wrong = 0, len(names)
        while wrong - right > 1:
            half = (right + wrong) // 2
            if self._wrong((*names[:half], *more), case):
                wrong = half
            else:
                right = half
        return names[wrong - 1]

    def _wrong(self, mix: Mix, case: Case) -> bool:
        """Is a mix wrong on what is given, or not to be had?"""
        commit = self.mergers.commit_of(mix)
        if not commit:
            return True
        with self.unions.built({"mix": commit}, self.mergers.field.base) as field:
            return bool(field.unmade) or any(self._problem(c, case) for c in field.variants)


_IS_NO = ExitCode.ANSWER_IS_NO


def _turns(drawn: Sequence[Halves], names: dict[Mix, str], field: Field) -> list[MixTurn]:
    """The blocks, with the cells that run for their mixes; none whose two are one program."""
    reference = field.reference.name
    cells = {mix: f"{field.reference.target.name}@{name}" for mix, name in names.items()}

    def cell(mix: Mix) -> str:
        name = cells.get(mix, reference)
        return field.same.get(name, name)

    turns = [MixTurn(each, cell(each.one), cell(each.other)) for each in drawn]
    return [turn for turn in turns if turn.one != turn.other]


def mixes_serve(settings: Settings) -> bool:
    """Can variants be asked in mixes, as these settings have it?"""
    return settings.mode is Mode.COLD and settings.trials is None and settings.max_blocks is None
