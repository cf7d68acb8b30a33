"""What the benchmarks of verdicts call wrong and covered; and the judge on recorded noise."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from harness.model import Verdict

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def load():
    """Loads a benchmark script as a module, under a name that hides none of Python's own."""
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(BENCHMARKS)

    def module(name: str) -> ModuleType:
        alias = f"benchmark_{name}"
        spec = importlib.util.spec_from_file_location(alias, BENCHMARKS / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        made = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, alias, made)
        spec.loader.exec_module(made)
        return made

    yield module
    patch.undo()


@pytest.mark.parametrize(
    ("effect", "verdict", "wrong"),
    [
        (0.0, "equivalent", False),
        (0.0, "undecided", False),
        (0.0, "faster", True),
        (0.0, "slower", True),
        (0.02, "slower", False),
        (0.02, "undecided", False),
        (0.02, "faster", True),
        (0.02, "equivalent", True),
        (0.01, "equivalent", False),
    ],
)
def test_a_verdict_is_wrong_where_it_contradicts_the_effect(load, effect, verdict, wrong):
    outcome = load("verdicts").Outcome("harness", "quiet", effect, verdict, 1.0)
    assert outcome.wrong is wrong


@pytest.mark.parametrize(
    ("low", "high", "covers"),
    [(1.01, 1.03, True), (1.03, 1.05, False), (0.9, 1.01, False), (None, 1.03, True)],
)
def test_an_interval_covers_where_it_holds_the_ratio_of_times(load, low, high, covers):
    made = load("verdicts").Outcome("harness", "quiet", 0.02, "slower", 1.0, low=low, high=high)
    assert made.covers is covers


def test_the_judge_is_right_on_recorded_noise(load):
    trace = load("noise_trace")
    recording, starts = trace.read_trace(), [0, 900, 1800, 2700, 3600, 4500]
    for pair, least in (("10 %", 6), ("2 %", 5)):
        ends = list(trace.outcomes(recording, pair, starts, 240))
        assert not any(end.wrong for end in ends)
        assert sum(end.verdict is Verdict.SLOWER for end in ends) >= least
