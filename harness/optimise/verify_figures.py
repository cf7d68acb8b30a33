"""The figures of a look against those that its trials give again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields

from harness.baseline.sides import CURRENT
from harness.campaign.objectives import Guards
from harness.campaign.values import CaseResult, Ratio
from harness.optimise.verify_weighed import near_noise

_SAME = 1e-9
"""Numbers that differ by less than this share are the same; another CPU may round otherwise."""


def ran_one_program(kept: CaseResult) -> Iterator[str]:
    """What is to be said of sides that ran one program where their sources differ."""
    programs = {build.label: build.program for build in kept.builds}
    now = programs.pop(CURRENT, "")
    for label, program in programs.items():
        if program == now and kept.doubts:
            yield f"{kept.run}: {label} and {CURRENT} ran the same program, byte for byte"


def figure_problems(kept: CaseResult, again: CaseResult) -> Iterator[str]:
    """What the kept figures of a case say otherwise than those that were derived again."""
    for name, one, other in (
        ("step", kept.step, again.step),
        ("cumulative", kept.cumulative, again.cumulative),
    ):
        if not _same(one, other):
            yield (
                f"{kept.case}, {name}: the trials in {kept.run} give {_ratio(other)}, the event"
                f" says {_ratio(one)}"
            )
    if kept.correct and not kept.run:
        yield f"{kept.case}: it counts as right and measured, and no trials were kept"
    for name, said, derived in _other_figures(kept, again):
        yield f"{kept.case}, {name}: the trials in {kept.run} give {derived}, the event says {said}"


def _other_figures(kept: CaseResult, again: CaseResult) -> Iterator[tuple[str, object, object]]:
    """Name, said and derived value of every figure beside the ratios that is not the same."""
    pairs: list[tuple[str, object, object]] = [
        ("correct", kept.correct, again.correct),
        ("metric", kept.metric, again.metric),
        ("blocks", kept.blocks, again.blocks),
        ("fresh blocks", kept.fresh_blocks, again.fresh_blocks),
        ("not below", kept.least, again.least),
        ("baseline_ns", kept.baseline_ns, again.baseline_ns),
        ("current_ns", kept.current_ns, again.current_ns),
        ("builds that ran", kept.builds, again.builds),
        ("chained", kept.chained, again.chained),
        ("evidence of flags", kept.evidence, again.evidence),
        ("guards of the terms", kept.guarded, again.guarded),
    ]
    if not near_noise(kept.noise, again.noise):
        pairs.append(("noise", kept.noise, again.noise))
    pairs += [
        (entry.name, getattr(kept.guards, entry.name), getattr(again.guards, entry.name))
        for entry in fields(Guards)
    ]
    said, derived = ({p.name: p for p in case.phases} for case in (kept, again))
    for name in {**said, **derived}:
        one, other = said.get(name), derived.get(name)
        pairs += [
            (f"phase {name}, {side}", getattr(one, side, None), getattr(other, side, None))
            for side in ("baseline_ns", "current_ns")
        ]
    return (pair for pair in pairs if not _equal(pair[1], pair[2]))


def _equal(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=_SAME)
    return one == other


def _same(one: Ratio, other: Ratio) -> bool:
    numbers = ("point", "low", "high", "confidence")
    return one.verdict is other.verdict and all(
        math.isclose(getattr(one, n), getattr(other, n), rel_tol=_SAME) for n in numbers
    )


def _ratio(ratio: Ratio) -> str:
    return f"{ratio.point:.6g} [{ratio.low:.6g}, {ratio.high:.6g}] {ratio.verdict.value}"
