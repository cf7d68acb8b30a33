"""The floor under a target in words; pure."""

from __future__ import annotations

from harness.model import Floor
from harness.render.units import show_factor, show_ns


def floor_words(floor: Floor | None) -> str:
    """The floor in a sentence: the whole, what of it an empty program takes, what that leaves.

    Empty where no floor is known.
    """
    if floor is None:
        return ""
    takes = [(part.name, floor.takes_ns(part)) for part in floor.parts]
    shown = " and ".join(f"{show_ns(ns, 2)} {name}" for name, ns in takes if ns > 0)
    whole = f"{show_ns(floor.whole_ns, 2)}{' CPU time' if floor.by_cpu else ''}"
    if not shown:
        return f"floor: an empty program takes nothing to be seen of {whole}"
    if not floor.told:
        return (
            f"floor: it could not be told: an empty program takes {show_ns(floor.floor_ns, 2)},"
            f" within the noise as long as the whole, {whole}; no bound is claimed"
        )
    parts = shown if len(takes) > 1 else takes[0][0]
    return (
        f"floor: of {whole}, an empty program takes {show_ns(floor.floor_ns, 2)} ({parts}):"
        f" at most {show_factor(floor.bound)} is left"
    )
