"""Reports and profiles of a made-up program: main calls step, step calls exp of a library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.model import Estimate, Frame, HotSpot, Profile, ProfileBy, ProfileReport

MAIN = Frame("main", "/src/a.c", 20)
STEP = Frame("step", "/src/a.c", 7)
STEP_LATER = Frame("step", "/src/a.c", 9)
EXP = Frame("exp", "libm.so.6", native=True)

STACKS = {
    (MAIN,): 10.0,
    (MAIN, STEP): 30.0,
    (MAIN, STEP_LATER): 20.0,
    (MAIN, STEP, EXP): 40.0,
}


def _profile(**changes: Any) -> Profile:
    fields = {
        "tool": "perf",
        "by": ProfileBy.FUNCTION,
        "unit": "samples",
        "total": 100.0,
        "stacks": STACKS,
    }
    return Profile(**{**fields, **changes})


def _phases(**shares: float) -> Profile:
    """Phases with these shares, and intervals of one percent to either side."""
    spots = tuple(
        HotSpot(
            s,
            s,
            s * 1e9,
            phase=name.replace("rest", "(outside phases)"),
            low=s - 0.01,
            high=s + 0.01,
        )
        for name, s in shares.items()
    )
    return Profile("phases", ProfileBy.PHASE, "ns", 1e9, spots)


def _report(**changes: Any) -> ProfileReport:
    fields = {
        "id": "20260101-000000-abcd",
        "task": "sum",
        "case": "fast",
        "target": "sum-c",
        "language": "C",
        "root": "/src",
        "revision": "",
        "build_digest": "d",
        "wall_ns": Estimate("median", 1e9, 0.9e9, 1.1e9, 0.95),
        "cpu_share": 0.99,
        "crowded": 0.0,
        "phases": _phases(),
    }
    return ProfileReport(**{**fields, **changes})


@pytest.fixture
def profile() -> Profile:
    return _profile()


@pytest.fixture(scope="session")
def make_profile() -> Callable[..., Profile]:
    """`make_profile(unit="bytes")`: the profile above with other fields."""
    return _profile


@pytest.fixture(scope="session")
def make_phases() -> Callable[..., Profile]:
    """`make_phases(force=0.8, rest=0.2)`."""
    return _phases


@pytest.fixture(scope="session")
def make_report() -> Callable[..., ProfileReport]:
    """`make_report(cpu_share=0.1)`: a report of phases alone with other fields."""
    return _report
