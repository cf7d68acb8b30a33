"""Profiles in the formats of other tools: collapsed stacks and speedscope; pure."""

from __future__ import annotations

from typing import Any

from harness.model import Frame, Profile, Stack

_SPEEDSCOPE = "https://www.speedscope.app/file-format-schema.json"
_UNITS = {"ns": "nanoseconds", "bytes": "bytes"}


def collapsed(profile: Profile) -> str:
    """Write one line per stack: frames joined by `;`, a space, the weight as a whole number.

    The format of Brendan Gregg's FlameGraph tools; `;` within a name becomes `:`.
    """
    lines = sorted(
        f"{';'.join(_plain(frame) for frame in stack)} {round(weight)}"
        for stack, weight in by_function(profile.stacks).items()
    )
    return "".join(f"{line}\n" for line in lines)


def by_function(stacks: dict[Stack, float] | Any) -> dict[Stack, float]:
    """Stacks with the lines taken away, so that calls from several lines count together."""
    merged: dict[Stack, float] = {}
    for stack, weight in stacks.items():
        bare = tuple(Frame(f.function, f.file, None, f.native) for f in stack)
        merged[bare] = merged.get(bare, 0.0) + weight
    return merged


def _plain(frame: Frame) -> str:
    return frame.label.replace(";", ":").replace("\n", " ")


def speedscope(profile: Profile, name: str) -> dict[str, Any]:
    """The profile in speedscope's JSON format, lines kept."""
    index: dict[Frame, int] = {}
    samples = []
    weights = []
    for stack, weight in profile.stacks.items():
        samples.append([index.setdefault(frame, len(index)) for frame in stack])
        weights.append(weight)
    return {
        "$schema": _SPEEDSCOPE,
        "exporter": "optim-harness",
        "name": name,
        "activeProfileIndex": 0,
        "shared": {"frames": [_frame(frame) for frame in index]},
        "profiles": [
            {
                "type": "sampled",
                "name": f"{name} ({profile.stacks_by or profile.tool}, {profile.unit})",
                "unit": _UNITS.get(profile.unit, "none"),
                "startValue": 0,
                "endValue": sum(weights),
                "samples": samples,
                "weights": weights,
            }
        ],
    }


def _frame(frame: Frame) -> dict[str, Any]:
    described: dict[str, Any] = {"name": frame.function}
    if frame.file:
        described["file"] = frame.file
    if frame.line is not None:
        described["line"] = frame.line
    return described
