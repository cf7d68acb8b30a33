"""What is raced anew, and said, where the best of a race is found out after it."""

from __future__ import annotations

from dataclasses import replace

from harness.analysis import Rank, VariantStanding
from harness.running.try_results import TryResult
from harness.running.trying import NO_OTHER
from harness.running.variants import Field

AT_FAULT = (Rank.SAME, Rank.WRONG, Rank.FAILED, Rank.UNBUILT)
"""Those that are no candidates, however fast they are."""


def without_found_out(found: TryResult, field: Field) -> Field | None:
    """The field without those that are out, where one of them was the best and nobody has taken its
    place; None where there is nothing to be raced anew."""
    out = {s.name for s in found.standings if s.rank.lost or s.rank in AT_FAULT}
    late = {
        s.name
        for s in found.standings
        if s.rank in (Rank.WRONG, Rank.FAILED) and s.ratio is not None
    }
    rest = tuple(cell for cell in field.variants if cell.name not in out)
    settled = found.winner is not None or found.leader is not None
    if settled or not (found.passed_over or late) or not rest or len(rest) == len(field.variants):
        return None
    return replace(field, variants=rest, unmade=(), same={})


def found_after(before: TryResult, now: TryResult) -> TryResult:
    """What was found without those that are out, with what is known of these."""
    again = {s.name for s in now.standings}
    told = [words.removesuffix(f", {NO_OTHER}") for words in before.passed_over[-1:]]
    gone = tuple(s for s in before.standings if s.name not in again)
    return replace(
        now,
        standings=(*now.standings, *gone),
        stopped_because=f"{before.stopped_because}; without it: {now.stopped_because}",
        passed_over=(
            *before.passed_over[:-1],
            *(f"{words}, so the others were raced anew" for words in told),
            *now.passed_over,
        ),
        confirmed=now.confirmed or before.confirmed,
    )


def found_after_union(refuted: TryResult | None, now: TryResult) -> TryResult:
    """What was found of single variants, with what became of all together where that is no gain."""
    if refuted is None:
        return now
    *told, last = refuted.passed_over
    if refuted.leader is None:
        taken = now.leader is not None or now.confirmed is not None
        then = "so the best single one was taken next" if taken else NO_OTHER
        last = f"{last.removesuffix(f', {NO_OTHER}')}, {then}"
    return replace(
        now,
        passed_over=(*told, last, *now.passed_over),
        confirmed=now.confirmed or refuted.confirmed,
    )


def apart_words(standing: VariantStanding, apart: str) -> str:
    """Why one is no part of what is put together, and whether it is a gain by itself."""
    return f"it gains too; {apart}" if standing.gains else apart
