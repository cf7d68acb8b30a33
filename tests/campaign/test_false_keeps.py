"""A small form of benchmarks/false_keeps.py: campaigns of nothing keep nothing."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from harness.model import Verdict

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(BENCHMARKS)
    spec = importlib.util.spec_from_file_location("false_keeps", BENCHMARKS / "false_keeps.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["false_keeps"] = module
    spec.loader.exec_module(module)
    yield module
    patch.undo()
    del sys.modules["false_keeps"]


def kept_of_nothing(simulation, edition: str, campaigns: int) -> int:
    begin = simulation.editions(10)[edition]
    noise = (simulation.stolen, simulation.stolen)
    kept = 0
    for seed in range(campaigns):
        rng = np.random.default_rng((5, seed))
        kept += simulation.campaign(rng, begin, noise, simulation.nothing(10))[0]
    return kept


@pytest.mark.parametrize("edition", ["edition 2", "edition 3"])
def test_campaigns_of_nothing_keep_nothing(simulation, edition):
    assert kept_of_nothing(simulation, edition, 4) == 0


def test_without_a_price_of_looking_the_same_campaigns_would_keep_something(simulation):
    """The check above can fail: looks at 95 % each keep changes that do nothing."""
    assert kept_of_nothing(simulation, "every look at 95 %", 6) >= 1


@pytest.mark.parametrize(
    ("edition", "gain", "most"),
    [("edition 2", 1.5, 24), ("edition 3", 2.0, 4), ("edition 3", 0.5, 4), ("edition 3", 1.1, 24)],
)
def test_a_true_difference_is_found_as_soon_as_the_rules_promise(simulation, edition, gain, most):
    rng = np.random.default_rng(3)
    running = simulation.editions(15)[edition](5e7 * simulation.heavy(rng, 10))
    times = simulation.blocks_of(rng, simulation.heavy, 120, gain)
    verdict, blocks = running.attempt(times)
    assert verdict is (Verdict.FASTER if gain > 1 else Verdict.SLOWER)
    assert blocks <= most


def test_a_neighbour_that_was_not_there_before_is_no_gain(simulation):
    """What the machine was like at the start is no licence: a look goes by what it sees itself."""
    begin = simulation.editions(15)["edition 3"]
    wrong = 0
    for seed in range(40):
        rng = np.random.default_rng((7, seed))
        running = begin(5e7 * simulation.heavy(rng, 10))
        times = simulation.blocks_of(rng, simulation.neighbour(2), 12, 1.0)
        wrong += running.attempt(times)[0] is Verdict.FASTER
    assert wrong <= 1
