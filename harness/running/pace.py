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
from harness.running.listening import Listener, Quiet
from harness.running.settings import Settings, TimeLimit
from harness.stats.medians import log_threshold

if TYPE_CHECKING:
    from harness.analysis import Judge

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

    listener: Listener
    settings: Settings
    groups: Sequence[Group]
    next_look_ns: int = field(default=0)
    said_ns: int = field(default=-SAY_EVERY_NS)
    known: dict[int, str] = field(default_factory=dict)
    """What the latest look at a group found, by its place."""

    def block_begins(self, group: Group, left_ns: int | None) -> None:
        """Say what is known before the next block; `left_ns` is what is left of the budget."""
        if type(self.listener) is Quiet:
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
    """The widest interval that is not decided, and how wide it may be; empty where none is known.

    An interval decides that leaves out 1, or that lies within the threshold: given where its middle
    is, that takes a certain width.
    """
    judges = judges_of(group.rule)
    known = [judge.interval for judge in judges if len(judge.pairs)]
    finite = [i for i in known if math.isfinite(i.low) and math.isfinite(i.high)]
    if not judges or settings.trials is not None:
        return ""
    more = f", {len(judges)} still open" if len(judges) > 1 else ""
    if len(finite) < len(judges):
        return f"{_seen(judges)}too few blocks for an interval{more}"
    widest = max(finite, key=lambda i: i.high - i.low)
    asked = settings.question
    bound = log_threshold(asked.threshold)
    wanted = max(abs(widest.point), bound - abs(widest.point))
    if asked.precision is not None:
        wanted = log_threshold(asked.precision)
    half = math.expm1((widest.high - widest.low) / 2)
    so_far = f"{math.exp(widest.point):.3g}x so far, " if len(judges) == 1 else ""
    return f"{so_far}interval ±{_share(half)}, ±{_share(math.expm1(wanted))} would decide{more}"


def _seen(judges: Sequence[Judge]) -> str:
    """What the blocks of a single comparison look like so far, from the second on; else empty."""
    from harness.render.explaining import seen_words
    from harness.stats.paired import seen_range

    seen = seen_range(judges[0].sequence.ratios) if len(judges) == 1 else None
    return f"{seen_words(seen)}; " if seen is not None else ""


def _share(value: float) -> str:
    return f"{100 * value:.2g} %" if value < 1 else f"{100 * value:.0f} %"
