"""How far measuring is: which block, what is still open, and how long it takes at most."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from harness.analysis.stop_rules import judges_of
from harness.frozen import dataclass
from harness.model.durations import write_duration
from harness.running.cells import Group
from harness.running.settings import Settings, TimeLimit
from harness.running.telling_steps import TellingSteps

if TYPE_CHECKING:
    from harness.analysis import Judge
    from harness.analysis.weighing import Weighed

LOOK_EVERY_NS = 500_000_000
"""Looking at the intervals takes a moment, and nobody reads faster."""
LOOK_SHARE = 20
"""After a look that took long one waits this many times as long: they take 5 % of the time."""
LONGEST_WAIT_NS = 3_000_000_000
"""The first look takes long since modules are read for it; the words must not stay old for that."""
SAY_EVERY_NS = 50_000_000
"""Nor does anybody see that one of many short blocks is not said."""


@dataclass(slots=True)
class Pace:
    """Tells a listener, between blocks alone, how far the measuring of some groups is."""

    listener: TellingSteps
    settings: Settings
    groups: Sequence[Group]
    next_look_ns: int = field(default=0)
    said_ns: int = field(default=-SAY_EVERY_NS)
    known: dict[int, str] = field(default_factory=dict)
    """What the latest look at a group found, by its place."""

    def block_begins(self, group: Group, left_ns: int | None) -> None:
        """Say what is known before the next block; `left_ns` is what is left of the budget."""
        if not self.listener.heard:
            return
        now_ns = time.monotonic_ns()
        if now_ns - self.said_ns < SAY_EVERY_NS:
            return
        self.said_ns, place = now_ns, self.groups.index(group)
        if now_ns >= self.next_look_ns:
            self.known[place] = open_words(group, self.settings)
            took_ns = time.monotonic_ns() - now_ns
            self.next_look_ns = now_ns + min(
                max(LOOK_EVERY_NS, LOOK_SHARE * took_ns), LONGEST_WAIT_NS
            )
        words = f"{group.members[0].cell.task.name}: block {group.next_block + 1}"
        said = (words, self._at_most(left_ns), self.known.get(place, ""))
        self.listener.step("; ".join(filter(None, said)))

    def block_ended(self, group: Group) -> None:
        """Say why a group has ended with it, where others may go on."""
        if group.stopped is None or len(self.groups) < 2:
            return
        cell = group.members[0].cell
        words = f"{cell.task.name} {cell.case.name}: {len(group.blocks)} blocks: {group.stopped}"
        self.listener.detail(words)

    def _at_most(self, left_ns: int | None) -> str:
        """How long all groups still take at most; empty where nothing says."""
        known = [left_ns] if left_ns is not None else []
        most = self.settings.trials or self.settings.max_blocks
        active = [g for g in self.groups if g.stopped is None]
        if most is not None and all(g.made for g in active):
            known.append(sum(max(0, most - len(g.blocks)) * g.block_ns for g in active))
        return f"at most {write_duration(max(0, min(known)), 2)} left" if known else ""


def limit_of(groups: Sequence[Group], settings: Settings) -> TimeLimit:
    """How long these groups may take together."""
    tasks = {group.members[0].cell.task.name for group in groups}
    return settings.time_limit(len(groups), len(tasks))


def open_words(group: Group, settings: Settings) -> str:
    """The widest range of a speed-up that is not decided, and about how long that takes yet; empty
    where none is known."""
    judges = judges_of(group.rule)
    known = [judge.interval for judge in judges if len(judge.pairs)]
    if not judges or settings.trials is not None:
        return ""
    alone = len(judges) == 1
    more = "" if alone else f", {len(judges)} still open"
    if len(known) < len(judges) or any(i.high - i.low > _NOT_KNOWN for i in known):
        return f"{_seen(judges)}{more}"
    widest = max(known, key=lambda i: i.high - i.low)
    ends = f"{_factor(widest.low)} to {_factor(widest.high)}"
    said = f"{_factor(widest.point)} so far, {ends}" if alone else f"{ends} so far"
    if settings.question.precision is not None:
        from harness.render.units import show_share

        half = math.expm1((widest.high - widest.low) / 2)
        near, wanted = show_share(half), show_share(settings.question.precision)
        said = f"{said}: {near} to either side, {wanted} is wanted"
        return f"{said}{more}"
    return f"{said}{more}{_time_to_verdict(judges, group)}"


_NOT_KNOWN = math.log(100)
"""A range whose ends are as far apart, as log-ratios, says nothing to anybody."""


def _factor(log_ratio: float) -> str:
    from harness.render.units import show_if_any
    from harness.stats.paired import ratio_of

    return show_if_any(ratio_of(log_ratio))


def _seen(judges: Sequence[Judge]) -> str:
    """What the blocks of a single comparison look like so far, from the second one on."""
    from harness.render.units import show_if_any
    from harness.stats.paired import seen_range

    seen = seen_range(judges[0].sequence.ratios) if len(judges) == 1 else None
    if seen is None:
        return "not known yet"
    low, high = map(show_if_any, (seen.low, seen.high))
    return f"{low} to {high} in the blocks so far, too few to tell"


def _time_to_verdict(judges: Sequence[Judge], group: Group) -> str:
    """About how long it takes until all of them are decided; empty where no number can be named."""
    left = [_blocks_left(judge) for judge in judges]
    known = [blocks for blocks in left if blocks is not None]
    if len(known) < len(left) or not group.made:
        return ""
    what = "to a verdict"
    if all(judge.to_confirm for judge in judges):
        what = "until its size is known too: a gain is sure"
    return f", about {write_duration(max(known) * group.block_ns, 2)} {what}"


def _by_pace(weighed: Weighed, blocks: int) -> int | None:
    """About how many blocks decide in all, by what is seen and as fast as it went so far."""
    known, pace = weighed.whole_blocks, weighed.at_this_pace()
    if math.isfinite(pace):
        return max(known or 0, math.ceil(pace))
    return known if known is not None and known > blocks + 1 else None


def _blocks_left(judge: Judge) -> int | None:
    """About how many more blocks decide a comparison; None: no number can be named."""
    from harness.stats.power import blocks_needed

    if judge.to_confirm:
        return judge.to_confirm
    sequence, asked = judge.sequence, judge.question
    if judge.weighed is not None:
        needed = _by_pace(judge.weighed, len(judge.pairs))
    else:
        boundary = sequence.boundary
        needed = blocks_needed(sequence.ratios, judge.interval, boundary, asked.threshold)
    return None if needed is None else max(needed - len(judge.pairs), 1)
