"""Flags as they are told: which of them stand, and what who worked has said to each; pure.

An acknowledgement is said beside its flag and takes nothing away: it is the word of who worked, and
the flag may be about that very work.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.campaign.iteration import Iteration, Outcome
from harness.campaign.sightings import KNOWN_INPUTS, Flag


def flags_of(iteration: Iteration) -> tuple[Flag, ...]:
    """What the last look at an iteration's code is flagged with, notes included."""
    bench = iteration.bench
    return bench.flagged.flags if bench is not None else ()


def standing_flags(iterations: Sequence[Iteration]) -> list[tuple[Iteration, Flag]]:
    """The flags of what is kept and of what is open, without notes.

    That a change was made for the known values is told although it was not kept.
    """
    result = []
    for iteration in iterations:
        stands = not iteration.closed or bool(iteration.commit)
        result += [
            (iteration, flag)
            for flag in flags_of(iteration)
            if not flag.note and (stands or flag.name == KNOWN_INPUTS)
        ]
    return result


def flag_lines(iterations: Sequence[Iteration]) -> list[str]:
    """The flags of what is kept and of what is open, one line each."""
    return [
        f"FLAG {flag.name}: iteration {iteration.number} ({_standing(iteration)}): {flag.sentence}"
        f"{_answer(iteration, flag)}"
        for iteration, flag in standing_flags(iterations)
    ]


def told_with(iteration: Iteration) -> list[str]:
    """The lines of an iteration's flags, notes included, in the log."""
    return [f"{flag.line}{_answer(iteration, flag)}" for flag in flags_of(iteration)]


def how_to_answer(iteration: Iteration) -> str:
    """How to say that the flags of a gain were looked into; empty where none asks."""
    open_ones = (f for f in flags_of(iteration) if not f.note and not reason_for(iteration, f))
    name = next((flag.name for flag in open_ones), "")
    if not name or iteration.outcome is not Outcome.KEPT:
        return ""
    return (
        f"once you have looked into it: `harness acknowledge {name} --reason WHY` says beside the"
        " flag what you found"
    )


def reason_for(iteration: Iteration, flag: Flag) -> str:
    """Why this very flag was acknowledged; empty: it was not."""
    return next((a.reason for a in iteration.acknowledged if a.flag == flag), "")


def _answer(iteration: Iteration, flag: Flag) -> str:
    reason = " ".join(reason_for(iteration, flag).split())
    return f" (acknowledged: {reason})" if reason else ""


def _standing(iteration: Iteration) -> str:
    if iteration.commit:
        return "kept"
    return "not kept" if iteration.closed else "open"
