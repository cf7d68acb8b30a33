"""What a weighed look rests on, derived again: its attempt, and the noise that was known before."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.campaign.chaining import known_noise
from harness.campaign.events import Event, Kind
from harness.campaign.port import BenchRequest
from harness.campaign.state import State
from harness.campaign.values import KnownNoise
from harness.model.noise import Noise


def weighed_problems(events: Sequence[Event], before: State, event: Event) -> Iterator[str]:
    """What a weighed look rests on: its attempt, and the noise that was known before it."""
    request = event.value("request", BenchRequest)
    if not request.weighed:
        yield "it was decided by signs alone, not weighed"
    attempt, noise = before.attempts, known_noise(before)
    if request.continues is not None:
        looks = [e for e in events[: event.number] if e.kind is Kind.BENCHED]
        requests = (e.value("request", BenchRequest) for e in looks)
        went = next((r for r in requests if r.look == request.continues), None)
        if went is None:
            yield f"it goes on with look {request.continues}, which is not there"
            return
        attempt, noise = went.attempt, went.noise
    if request.attempt != attempt:
        yield f"it counts as attempt {request.attempt}, and is attempt {attempt}"
    if not same_noise(request.noise, noise):
        yield f"it was weighed by the noise {request.noise}, and what was known is {noise}"


def same_noise(one: tuple[KnownNoise, ...], other: tuple[KnownNoise, ...]) -> bool:
    """The same places, and noise that is near there."""
    places = [[(known.host, known.case) for known in some] for some in (one, other)]
    return places[0] == places[1] and all(
        near_noise(a.noise, b.noise) for a, b in zip(one, other, strict=True)
    )


def near_noise(one: Noise, other: Noise) -> bool:
    """The same but for the last digit of its scale that is kept."""
    counts = (one.pairs, one.far) == (other.pairs, other.far)
    return counts and math.isclose(one.scale, other.scale, rel_tol=1e-5)
