"""The guide's common patterns (section 8), and which of them fit what a profile shows; pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from harness.campaign.profile_values import ProfileOutcome, ProfileRow
from harness.campaign.stopping import attackable
from harness.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Pattern:
    """A way to make code faster: what to check first, what it gives, what can go wrong."""

    number: str
    name: str
    check: str
    gain: str
    risk: str


EARLY_STOPPING = Pattern(
    "8.1",
    "early stopping",
    "Are only K of the N evaluated candidates needed? Is the order already random?",
    "N/K",
    "The order may bias what is selected.",
)
CACHING = Pattern(
    "8.2",
    "caching",
    "Is the same computation repeated with identical inputs?",
    "in proportion to the hit rate",
    "Memory grows: limit the size.",
)
ALGORITHM = Pattern(
    "8.3",
    "algorithm change",
    "Is the algorithm O(n^2) where O(n log n) exists? How does the time grow with the case?",
    "unbounded",
    "More complex, correctness harder to show.",
)
PARALLELISM = Pattern(
    "8.4",
    "parallelism",
    "Are the iterations of the loop independent? Vectors and threads both count.",
    "about the cores or lanes used, less the overhead",
    "Thread safety, memory, the order of sums; more CPU time is not a free speed-up.",
)
INPUT_OUTPUT = Pattern(
    "8.5",
    "input and output",
    "Does the process wait rather than work (CPU time far below wall time)?",
    "2-10x where the program is bound by it",
    "A format that others read may have to stay as it is.",
)

PATTERNS = (EARLY_STOPPING, CACHING, ALGORITHM, PARALLELISM, INPUT_OUTPUT)

_WAITING = 0.7
"""Below this CPU share a program waits more than noise explains."""
_THREADED = 1.3
"""Above this CPU share it runs on several cores already."""
_DOMINANT = 0.3
_WORTH = 0.05
"""A bottleneck with a smaller share, or that leaves less of a gain, is not worth a pattern."""

_IO = re.compile(r"read|write|load|save|open|parse|print|i/?o\b|file|disk|fetch", re.IGNORECASE)
_SELECTION = re.compile(
    r"filter|select|sampl|accept|reject|search|candidate|try|draw|scan|check", re.IGNORECASE
)
_PREPARING = re.compile(r"init|setup|prepar|build|table|precomp|generate|make", re.IGNORECASE)

Fit = Callable[[ProfileOutcome, ProfileRow], str | None]
"""Why a pattern fits a row of a profile, or None."""


def fitting(profile: ProfileOutcome, bottleneck: str | None = None) -> list[tuple[Pattern, str]]:
    """The patterns that fit a bottleneck, or the largest one, each with the reason.

    None fits where all of it gone would hardly be a gain.
    """
    row = profile.row(bottleneck) if bottleneck else attackable(profile, _WORTH)
    if row is None:
        return []
    found = [(pattern, rule(profile, row)) for pattern, rule in _FITS]
    return [(pattern, reason) for pattern, reason in found if reason is not None]


def pattern_named(number: str) -> Pattern | None:
    """A pattern by its number or name, or None."""
    wanted = number.strip().lower()
    return next((p for p in PATTERNS if wanted in (p.number, p.name)), None)


def describe_patterns(found: Sequence[tuple[Pattern, str]]) -> str:
    """Patterns for people: one line each with check and risk."""
    return "\n".join(
        f"{p.number} {p.name} ({reason})\n    check: {p.check}\n    gain: {p.gain}; risk: {p.risk}"
        for p, reason in found
    )


def _waits(profile: ProfileOutcome, row: ProfileRow) -> str | None:
    if profile.cpu_share is not None and profile.cpu_share < _WAITING:
        return f"CPU time is {profile.cpu_share:.0%} of wall time: it waits"
    return f"{row.name!r} sounds like input or output" if _IO.search(row.name) else None


def _works(profile: ProfileOutcome) -> bool:
    return profile.cpu_share is None or profile.cpu_share >= _WAITING


def _one_core(profile: ProfileOutcome, row: ProfileRow) -> str | None:
    if not _works(profile) or row.share < _DOMINANT:
        return None
    if profile.cpu_share is not None and profile.cpu_share > _THREADED:
        return None
    return f"{row.name!r} takes {row.share:.0%} on one core"


def _dominant(profile: ProfileOutcome, row: ProfileRow) -> str | None:
    if not _works(profile) or row.share < _DOMINANT:
        return None
    if math.isinf(row.bound):
        return f"{row.name!r} is the whole program, which has no bound"
    return f"{row.name!r} takes {row.share:.0%}: at most {row.bound:.2f}x if all of it were gone"


def _selects(_: ProfileOutcome, row: ProfileRow) -> str | None:
    return f"{row.name!r} sounds like a selection" if _SELECTION.search(row.name) else None


def _repeats(profile: ProfileOutcome, row: ProfileRow) -> str | None:
    if _PREPARING.search(row.name):
        return f"{row.name!r} sounds like a preparation that may be repeated"
    if _works(profile) and row.by == "function" and row.share >= _DOMINANT:
        return f"the function {row.name!r} is hot: it may be called with the same inputs"
    return None


_FITS: tuple[tuple[Pattern, Fit], ...] = (
    (INPUT_OUTPUT, _waits),
    (EARLY_STOPPING, _selects),
    (CACHING, _repeats),
    (ALGORITHM, _dominant),
    (PARALLELISM, _one_core),
)
