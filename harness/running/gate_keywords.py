"""The keyword arguments of a gate."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike

from harness.running.keywords import Place
from harness.running.settings import Asked, Settings, read_settings

GATE_BUDGET_NS = 600_000_000_000
"""How long a gate measures at most where nothing else is asked for."""


class CiOptions(Asked, Place, total=False):
    """The keyword arguments of `ci`."""

    base: str
    settings: Settings
    task: str
    tag: str
    case: str
    require_decision: bool
    locate: bool
    report: str | PathLike[str]


def gate_settings(options: CiOptions) -> Settings:
    """The settings asked for, with the budget of a gate where nothing else ends it."""
    given = {name: value for name, value in options.items() if name in Asked.__optional_keys__}
    settings = read_settings(given, over=options.get("settings"))
    if settings.trials is None and settings.budget_ns is None:
        return replace(settings, budget_ns=GATE_BUDGET_NS)
    return settings
