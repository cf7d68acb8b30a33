"""The floor beside a profile: its rows, and the limit that it sets to every other row's bound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from harness.model import Floor, FloorPart, HotSpot, Profile, ProfileReport
from harness.profiles.spots import NEGLIGIBLE, START_UP

COMPILATION = "(compilation)"
CROWDED = 0.2
"""Other programs stretched the wall time by so much that the CPU time says more of the floor."""


def floor_of(
    whole: tuple[float, float],
    steps: Mapping[str, tuple[float, float]],
    *,
    noise: tuple[float, float] = (0.0, 0.0),
    crowded: float = 0.0,
) -> Floor | None:
    """The floor by the times of the empty programs, each with one thing more than the one before.

    `whole` and each of `steps` are wall and CPU time in ns, and `noise` is what two of them may
    differ by for no reason; `crowded` is the share of the wall time in which other programs wanted
    the CPUs, which tells nothing of the programs where it is large.
    None where there are no steps.
    """
    parts: list[FloorPart] = []
    before = (0.0, 0.0)
    for name, now in steps.items():
        # What is added takes no less than nothing: two medians differ by noise too.
        reached = max(before[0], now[0]), max(before[1], now[1])
        parts.append(FloorPart(name, reached[0] - before[0], reached[1] - before[1]))
        before = reached
    told = [
        all_of_it - empty > by for all_of_it, empty, by in zip(whole, before, noise, strict=True)
    ]
    return Floor(*whole, tuple(parts), crowded > CROWDED, *told) if parts else None


def row_name(part: FloorPart) -> str:
    """What the row of a part is called: `(imports)`."""
    return f"({part.name})"


def with_floor(report: ProfileReport, *, rows: bool = True) -> ProfileReport:
    """A report whose bounds keep to its floor, and that has rows for the floor and compilation.

    `rows` is false where one function is asked for, and nothing else is to be shown.
    """
    floor = report.floor
    if floor is None:
        return report
    limit = floor.limit
    phases = replace(report.phases, spots=_limited(report.phases.spots, limit))
    spots = report.spots
    if spots is None or spots.unit == "bytes" or spots.counters:
        return replace(report, phases=phases)
    kept = _limited((s for s in spots.spots if s.function != START_UP.function), limit)
    if not rows:
        return replace(report, phases=phases, spots=replace(spots, spots=kept))
    ranked = sorted((*kept, *_rows(spots, floor, limit)), key=lambda s: -s.self_share)
    return replace(report, phases=phases, spots=replace(spots, spots=tuple(ranked)))


def _limited(spots: Iterable[HotSpot], limit: float | None) -> tuple[HotSpot, ...]:
    return tuple(replace(spot, limit=limit) for spot in spots)


def _rows(spots: Profile, floor: Floor, limit: float | None) -> Iterator[HotSpot]:
    """What the floor is made of, and what the language's compiler takes.

    A part of the floor may go itself, such as an import: the floor is no limit to its own bound.
    """
    for part in floor.parts if floor.told else ():
        if floor.share(part) >= NEGLIGIBLE:
            yield _row(row_name(part), floor.share(part), spots.total)
    if spots.compilation_share >= NEGLIGIBLE:
        yield replace(_row(COMPILATION, spots.compilation_share, spots.total), limit=limit)


def _row(name: str, share: float, total: float) -> HotSpot:
    return HotSpot(share, share, share * total, function=name, native=True)
