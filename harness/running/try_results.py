"""What trying many variants gave, as values that a program and the command line read alike."""

from __future__ import annotations

import shlex
from typing import Any

from harness.analysis import Rank, VariantStanding
from harness.analysis.question import AUTO
from harness.errors import ExitCode
from harness.frozen import dataclass
from harness.model import Comparison, Verdict
from harness.model.jsonable import jsonable
from harness.render.explaining import headline
from harness.render.guard_rows import broken_words, open_guard_words
from harness.render.tables import as_html, layout
from harness.render.units import show_speed_up
from harness.running.reports import Report

_SHORT = 12
"""Letters of a commit that tell it from others."""

_SHOWN = 90
"""Letters of a reason that a row of the table has room for."""


@dataclass(frozen=True, slots=True)
class Together:
    """Variants that are the best one together."""

    name: str
    parts: tuple[str, ...]
    """In the order in which they were merged: the one that gains most by itself first."""
    commit: str
    """What has the code of all of them."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """A variant that may still be a gain on top of the best one."""

    name: str
    commit: str
    """What has it on top of the best one; empty where nothing has, and it is to be written anew."""
    in_the_way: str = ""
    """Why that is not put aside by its name, and is tried by its commit; empty: it is."""

    @property
    def word(self) -> str:
        """What `harness try` calls it."""
        return self.commit[:_SHORT] if self.in_the_way else self.name


@dataclass(frozen=True, slots=True, repr=False)
class TryResult:
    """Variants ranked as sets, with the best of them confirmed where one may be a gain."""

    reference: str
    metric: str
    """What the race went by."""
    standings: tuple[VariantStanding, ...]
    stopped_because: str
    """Why the race ended."""
    raced: Report
    confirmed: Report | None
    """The run of fresh blocks; None where no variant was worth it."""
    further_draws: int = 0
    """On as many further draws, untimed, the best one was right."""
    metric_because: str = ""
    """Why the race went by that; empty where it ended before a time was chosen."""
    passed_over: tuple[str, ...] = ()
    """What became of those whose confirmation found them wrong, or no gain, in words."""
    together: Together | None = None
    """What the best one is put together of; None where it is a single one."""
    leftover: tuple[Leftover, ...] = ()
    """Those that may still be a gain on top of the best one."""
    taking: str = ""
    """The call that puts the code of those that are together into the tree; empty: there is none,
    or it is there."""

    @property
    def winner(self) -> str | None:
        """The variant that is surely faster, by blocks that had no part in its choice."""
        c = self.comparison
        return self.candidate if c and c.verdict is Verdict.FASTER and not c.broken else None

    @property
    def candidate(self) -> str | None:
        """The variant that was measured again last; None where none was."""
        return self.short(self.comparison.candidate) if self.comparison else None

    @property
    def comparison(self) -> Comparison | None:
        """The last confirmation of a variant against the reference."""
        if self.confirmed is None or self.confirmed.failures:
            return None
        return next(iter(self.confirmed.run.comparisons), None)

    @property
    def verdict(self) -> Verdict | None:
        """The verdict on the best variant; undecided while one may be a gain, and None where none
        was worth a confirmation, or could be raced at all."""
        if self.is_open:
            return Verdict.UNDECIDED
        return self.comparison.verdict if self.comparison is not None else None

    @property
    def is_open(self) -> bool:
        """May a variant be a gain that is not shown to be one?"""
        return self.winner is None and bool(self.of(Rank.BEST) or self.of(Rank.NOT_TOLD_APART))

    @property
    def leader(self) -> VariantStanding | None:
        """The best of those that the race alone has shown to gain; None where there is none."""
        gaining = (s for s in self.standings if s.rank is Rank.BEST or s.gains)
        return next((s for s in gaining if not s.rank.lost), None)

    @property
    def exit_code(self) -> ExitCode:
        """0 where a variant is surely faster, 1 where none is, 8 where that is open."""
        if self.winner is not None:
            return ExitCode.FINE
        return ExitCode.UNDECIDED if self.is_open else ExitCode.ANSWER_IS_NO

    @property
    def ok(self) -> bool:
        """Is one of the variants surely faster?"""
        return self.exit_code is ExitCode.FINE

    def of(self, place: Rank) -> tuple[str, ...]:
        """The variants of one set, the best first."""
        return tuple(self.short(s.name) for s in self.standings if s.rank is place)

    def short(self, name: str) -> str:
        """A variant as it was named."""
        return name.removeprefix(f"{self.reference}@")

    def table(self, style: str = "plain") -> str:
        """The variants, the best first: the set of each, its speed-up in the race, and why."""
        rows = [
            [
                self.short(s.name),
                s.rank.value,
                "-" if s.ratio is None else show_speed_up(s.ratio),
                str(s.blocks),
                self._because(s),
            ]
            for s in self.standings
        ]
        by = "" if self.metric == AUTO else f" ({self.metric})"
        over = f"over {self.reference}{by}"
        return layout(["variant", "rank", over, "blocks", ""], rows, style)

    def _because(self, standing: VariantStanding) -> str:
        why = standing.why
        if standing.rank is Rank.UNBUILT:  # what a compiler says of functions and files comes first
            why = next((line for line in why.splitlines() if "error: " in line.lower()), why)
        words = " ".join(why.split()).replace(f"{self.reference}@", "")
        return words if len(words) <= _SHOWN else f"{words[:_SHOWN]} ..."

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness try --json`."""
        return {
            "reference": self.reference,
            "metric": self.metric,
            "metric_because": self.metric_because,
            "winner": self.winner,
            "candidate": self.candidate,
            "verdict": self.verdict.value if self.verdict is not None else None,
            "stopped_because": self.stopped_because,
            "variants": [
                {**jsonable(s), "name": self.short(s.name), "rank": s.rank.value}
                for s in self.standings
            ],
            "passed_over": list(self.passed_over),
            "together": jsonable(self.together) if self.together else None,
            "leftover": jsonable(self.leftover),
            "next_try": self.next_try,
            "comparison": jsonable(self.comparison) if self.comparison else None,
            "race_id": self.raced.run.id,
            "further_draws": self.further_draws,
            "confirmation_id": self.confirmed.run.id if self.confirmed else None,
        }

    def sentence(self) -> str:
        """What it comes to, in one sentence."""
        said = list(self.passed_over)
        c = self.comparison
        if c is not None and (self.winner is not None or not self.passed_over):
            said += [f"confirmed on fresh blocks: {headline(c)}", broken_words(c)]
            said.append(open_guard_words(c))
            said.append(f"right on {self.further_draws} further draws" * bool(self.further_draws))
        elif not said and self.confirmed is not None:
            said.append("no fresh block has a figure of both")
        elif not said:
            said.append(self._none_gains())
        return "; ".join(filter(None, said))

    @property
    def next_try(self) -> str:
        """The call that tries what may still gain on top of the best one; empty: there is none."""
        names = [shlex.quote(each.word) for each in self.leftover if each.commit]
        return f"harness try {' '.join(names)}" if names else ""

    def leftover_words(self) -> str:
        """Which variants may still gain on top of the best one, and how to try them."""
        said = []
        if self.taking:
            said.append(f"its code into the tree: {self.taking}")
        if self.next_try:
            said.append(f"may still gain on top of it, where they are put aside: {self.next_try}")
        for each in self.leftover:
            if each.in_the_way:
                said.append(f"{each.word} is {each.name} on top of it: {each.in_the_way}")
        anew = [each.name for each in self.leftover if not each.commit]
        if anew and self.leader is not None:
            said.append(
                f"to be written anew on top of it, if it leaves them any: {', '.join(anew)}"
            )
        return "\n".join(said)

    def _none_gains(self) -> str:
        """Why no variant was confirmed."""
        raced = any(s.blocks for s in self.standings) or not self.standings
        if raced or self.of(Rank.SAME):
            return f"no variant of {self.reference} is seen to gain"
        ranks = [s.rank for s in self.standings]
        each = (f"{ranks.count(rank)} {rank.value}" for rank in dict.fromkeys(ranks))
        return f"no variant of {self.reference} could be raced: {', '.join(each)}"

    def of_race(self) -> str:
        """The table of the race, why it ended, and what it went by."""
        told = [f"race: {self.stopped_because}"]
        if self.metric_because:
            told.append(f"raced by {self.metric_because}")
        return "\n".join([self.table(), "", *told])

    def __str__(self) -> str:
        said = (self.of_race(), self.sentence(), self.leftover_words())
        return "\n".join(filter(None, said))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self.sentence(), self.table("html"))
