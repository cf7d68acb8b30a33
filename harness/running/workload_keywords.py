"""The keyword arguments of the API on a baseline; apart from `harness.bench`, which loads more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.model import Jail, Metric
from harness.running.keywords import Place


class WorkloadOptions(Place, total=False):
    """Which campaign is meant; where none is declared, which target and cases."""

    campaign: str
    target: str
    case: str
    full_case: str


class CheckOptions(WorkloadOptions, total=False):
    """The keyword arguments of `Project.test`; with `given` or `at` a campaign's `case` counts."""

    full: bool
    given: str
    at: str


class BaselineOptions(WorkloadOptions, total=False):
    """The keyword arguments of `Project.baseline`."""

    budget: str | float
    trials: int
    seed: int


class BenchKeywords(BaselineOptions, total=False):
    """The keyword arguments of `Project.bench`."""

    validate_full: bool
    against: Sequence[str]
    stored: bool
    startup: bool
    max_trials: int
    cpus: str | int | Sequence[int]
    jail: Jail | str
    metric: Metric | str
    confidence: float
    threshold: float | str
    guard: str | Sequence[str] | Mapping[str, str]
