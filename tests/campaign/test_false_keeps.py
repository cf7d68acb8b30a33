"""A small form of benchmarks/false_keeps.py: campaigns of nothing keep nothing."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from harness.campaign.spending import confidence_of
from harness.campaign.values import Terms
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


def test_campaigns_of_nothing_keep_nothing(simulation):
    terms = Terms("nothing", "fast", max_iterations=10)
    wrong, kept = simulation.share_of_campaigns(
        6, terms, lambda look: confidence_of(look, terms), seed=5
    )
    assert (wrong, kept) == (0, 0)


def test_without_spending_the_same_campaigns_would_keep_something(simulation):
    """The check above can fail: looks at 95 % each keep changes that do nothing."""
    terms = Terms("nothing", "fast", max_iterations=10)
    wrong, _ = simulation.share_of_campaigns(6, terms, lambda _: 0.95, seed=5)
    assert wrong >= 1


def test_a_true_gain_is_still_found(simulation):
    rng = np.random.default_rng(3)
    terms = Terms("nothing", "fast")
    times = simulation.Noise().times(rng, 60, 1.5)
    verdict, _ = simulation.look(times, confidence_of(1, terms), terms.threshold)
    assert verdict is Verdict.FASTER
