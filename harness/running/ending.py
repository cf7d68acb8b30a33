"""When a run ends: the stop rule of each of its groups, by what the run is to find out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.analysis import ALL_SURE, SURE, sequential_rule
from harness.analysis.kept import BlocksOf
from harness.analysis.schedule import Block, StopRule, fixed_blocks
from harness.analysis.stop_rules import Followed, judges_of
from harness.frozen import dataclass
from harness.model import Mode
from harness.running.cells import Prepared, Ready, alike, reference_of
from harness.running.settings import Settings

if TYPE_CHECKING:
    from harness.analysis import GateRule, Judge, MixTurns, Question, Race, RaceRules, TableRule


LOOK_ON = 0.05
"""The share of a budget that a run whose gain is sure looks on for rare slow runs."""

LONE_NS = 10_000_000_000
"""How long a target is timed at most that there is nothing to compare with."""
LONE_BLOCKS = 8
LONG_FIRST_NS = 250_000_000
"""A first run of the reference as long tells who is much faster: what the machine does beside it is
small in it."""
LONE = "there is nothing to compare it with"


@dataclass(frozen=True, slots=True)
class EndsBy:
    """What ends a run."""

    settings: Settings
    pairs: Sequence[tuple[str, str]] = ()
    """Whose verdicts end it; empty: of every cell with its group's reference."""
    race: RaceRules | None = None
    turns: MixTurns | None = None
    """Which mixes run in each block; None: every cell does, but for those that have left."""
    earlier_blocks: int = 0
    """The blocks of earlier runs that count with its own."""
    table: Table | None = None
    """How all comparisons are judged together; None: each by itself."""


@dataclass(frozen=True, slots=True)
class Table:
    """How the comparisons of a run are judged together."""

    question: Question
    """What each of them is asked."""
    ranked: bool = False
    """Is every one compared with every other, and not with the reference alone?"""
    span_ns: int | None = None
    """How long each group may take; None: as long as is needed."""
    gate: bool = False
    """Is each pair by itself asked whether its candidate is slower beyond the threshold?"""


def ending_rule(ending: EndsBy, members: Sequence[Prepared]) -> StopRule:
    """The rule that ends a group: a race, a number of trials, or verdicts that are sure."""
    settings = ending.settings
    if ending.turns is not None:
        return ending.turns
    if ending.race is not None:
        return _race(ending.race, settings.mode, members)
    if settings.trials is not None:
        return fixed_blocks(settings.trials)
    if ending.table is not None and ending.table.gate:
        return _gate_rule(ending, ending.table, members)
    reference = reference_of(members)
    if ending.table is not None and ending.table.question.noise is not None:
        found = _table_rule(ending, ending.table, members)
        if found is not None:
            return found
    if ending.pairs:
        return _pairs_rule(ending)
    rule = sequential_rule(
        reference.cell.name if reference else "",
        settings.question,
        settings.max_blocks,
        len(members),
        LOOK_ON * (settings.budget_ns or 0),
    )
    asked = settings.budget_ns is not None or settings.question.precision is not None
    return rule if len(members) > 1 or asked else _for_a_while(rule)


def _for_a_while(rule: StopRule) -> StopRule:
    """The rule of a target that nothing is compared with: it need not take all time there is."""

    read = spent_ns = 0

    def shorter(blocks: Sequence[Block]) -> str | None:
        nonlocal read, spent_ns
        new = (blocks[at] for at in range(read, len(blocks)))
        spent_ns += sum(r.trial.wall_ns for block in new for each in block.values() for r in each)
        read = len(blocks)
        enough = read >= LONE_BLOCKS and spent_ns >= LONE_NS
        return rule(blocks) or (LONE if enough else None)

    return shorter


def _race(rules: RaceRules, mode: Mode, members: Sequence[Prepared]) -> Race:
    """A race of all that can run; what is wrong at its first output is not raced.

    A search for gains learns from first runs where the reference's is long.
    """
    from harness.analysis import Race, Screen

    kind = Screen if rules.finding is not None else Race
    race = kind([m.cell.name for m in members if m.cell.name != rules.reference], rules)
    ready = [m for m in members if isinstance(m, Ready)]
    for member in ready:
        if member.verdict is not None and not member.verdict.ok:
            race.left[member.cell.name] = member.verdict.summary
    long = any(m.first_ns >= LONG_FIRST_NS for m in ready if m.cell.name == rules.reference)
    if isinstance(race, Screen) and mode is Mode.COLD and long:
        race.see_first_runs({m.cell.name: m.first_ns for m in ready if m.right})
    return race


def _table_rule(ending: EndsBy, table: Table, members: Sequence[Prepared]) -> TableRule | None:
    """The rule of a group whose comparisons are judged together; None where there is none."""
    from harness.analysis import Span, TableRule

    cells = [m.cell for m in members if isinstance(m, Ready) and m.right]
    ready = [cell.name for cell in cells]
    reference = reference_of(members)
    named = {pair[0] for pair in ending.pairs}
    first = next((name for name in ready if name in named), None)
    if first is None and reference is not None:
        first = reference.cell.name
    if first is None or len(ready) < 2:
        return None
    span = Span(table.span_ns, 0, ending.settings.max_blocks)
    names = [first, *(name for name in ready if name != first)]
    fields = alike(cells).values()
    return TableRule(names, table.question, span, ranked=table.ranked, alike=fields)


def _gate_rule(ending: EndsBy, table: Table, members: Sequence[Prepared]) -> GateRule:
    """The rule of a gate; neither side of a pair with a wrong first output is timed."""
    from harness.analysis import GateRule, Span

    ready = {m.cell.name: m for m in members if isinstance(m, Ready)}
    pairs = [pair for pair in ending.pairs if all(name in ready for name in pair)]
    left: dict[str, str] = {}
    for pair in [*pairs, *((name,) for name in ready)]:
        wrong = [v.summary for name in pair if (v := ready[name].verdict) is not None and not v.ok]
        left.update(dict.fromkeys(pair, wrong[0]) if wrong else {})
    span = Span(table.span_ns, 0, ending.settings.max_blocks)
    return GateRule([p for p in pairs if p[0] not in left], table.question, span, left)


def _rule_of_pair(pair: tuple[str, str], ending: EndsBy) -> StopRule:
    settings = ending.settings
    if settings.question.noise is None:
        look_on_ns = LOOK_ON * (settings.budget_ns or 0)
        return sequential_rule(
            pair[0], settings.question, settings.max_blocks, look_on_ns=look_on_ns
        )
    from harness.analysis import Span, weighing_rule

    span = Span(settings.budget_ns, ending.earlier_blocks, settings.max_blocks)
    return weighing_rule(pair, settings.question, span)


def _pairs_rule(ending: EndsBy) -> StopRule:
    """Stop once the verdict on every pair is sure."""
    rules = {pair: _rule_of_pair(pair, ending) for pair in ending.pairs}

    def rule(blocks: Sequence[Block]) -> str | None:
        reasons = []
        for pair, of_pair in rules.items():
            reason: str | None = f"{' or '.join(pair)} does not run any more"
            if not blocks or all(name in blocks[-1] for name in pair):
                reason = of_pair(BlocksOf(pair, blocks))
            if reason is None:
                return None
            reasons.append(reason)
        unsure = [reason for reason in reasons if reason != SURE]
        return next(iter(unsure), SURE if len(rules) == 1 else ALL_SURE)

    def open_judges() -> list[Judge]:
        return [judge for each in rules.values() for judge in judges_of(each)]

    return Followed(rule, open_judges)
