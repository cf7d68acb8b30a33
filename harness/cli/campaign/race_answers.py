"""What a race of variants found in a campaign, and how to go on from there, in words."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from harness.analysis import Rank
from harness.analysis.race_rules import HOPELESS
from harness.model.durations import write_duration
from harness.running.try_results import TryResult

_LONGER = 4
"""So many times the budget halves what can be told of a variant."""


def longer_race(variants: Sequence[str], options: Mapping[str, Any], budget_ns: int | None) -> str:
    """The same race for longer, as a call; empty where it had no budget that could be longer."""
    if budget_ns is None:
        return ""
    flags = (word for each in options["flags"] for word in ("--flags", each))
    budget = ("--budget", write_duration(_LONGER * budget_ns))
    named = {name: options[name] for name in ("target", "metric") if options[name] is not None}
    said = (word for name, value in named.items() for word in (f"--{name}", value))
    return f"harness try {shlex.join((*variants, *flags, *budget, *said))}"


def of_a_race(result: TryResult, again: str) -> str:
    """The table, and what became of the best one; `again` is the call that tells more."""
    end = "\n".join(
        (
            "no variant is a candidate; all are kept under refs/harness/tried. From here:",
            "- other code: change the tree by hand, then harness bench --then auto",
            "- other variants: harness try VARIANT... (without any: all that --save put aside)",
            *_longer(result, again),
            "- or give the iteration up, as the next call says",
        )
    )
    if result.leader is not None:
        taken = result.short(result.leader.name)
        end = f"{taken} is the candidate: its code is in the tree, for harness bench to confirm"
        apart = [] if result.together is not None else result.of(Rank.NOT_TOLD_APART)
        others = [name for name in apart if name != taken]
        end += f" ({', '.join(others)}: not told from it)" if others else ""
    return "\n".join(filter(None, (result.of_race(), end, result.leftover_words())))


def _longer(result: TryResult, again: str) -> list[str]:
    """What a longer race is for, where it is for anything."""
    open_ones = (s for s in result.standings if s.rank is Rank.NOT_TOLD_APART)
    names = [result.short(s.name) for s in open_ones if HOPELESS not in s.why]
    return [f"- longer, which may tell {', '.join(names)}: {again}"] if names and again else []
