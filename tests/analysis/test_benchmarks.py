"""What the benchmarks say of verdicts and of their own figures; and the judge on recorded noise."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
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


@pytest.mark.parametrize(
    ("hits", "count", "words"),
    [
        (0, 200, "holds"),
        (8, 200, "holds"),
        (12, 200, "too few to tell"),
        (30, 200, "DOES NOT HOLD"),
        (0, 3, "too few to tell"),
        (3, 3, "DOES NOT HOLD"),
    ],
)
def test_a_rate_holds_fails_or_cannot_be_told_from_so_few(load, capsys, hits, count, words):
    figures = load("figures")
    answers = [True] * hits + [False] * (count - hits)
    assert figures.rate("wrong", answers, most=0.05) is (words != "DOES NOT HOLD")
    line = capsys.readouterr().out
    assert line.startswith(f"figure: wrong: {hits}/{count} = ")
    assert line.endswith(f"wanted: at most 0.05; {words}\n")


def test_a_rate_of_nothing_is_no_figure(load, capsys):
    assert load("figures").rate("wrong", [], most=0.05)
    assert capsys.readouterr().out == ""


def outcome(load, effect: float, verdict: str, **more: object):
    return load("verdicts").Outcome("harness", "quiet", effect, verdict, 9.0, **more)


def test_an_effect_counts_as_found_in_time_by_the_time_of_its_blocks(load, capsys):
    verdicts = load("verdicts")
    soon = [outcome(load, 0.02, "slower", blocks_s=1.0)] * 30
    late = [outcome(load, 0.02, "slower", blocks_s=7.0)] * 30
    verdicts.figures([*soon, *late])
    assert "quiet, 2 %: found within 5 s: 30/60" in capsys.readouterr().out


def test_an_effect_that_is_not_found_took_for_ever(load, capsys):
    load("verdicts").figures([outcome(load, 0.1, "undecided", blocks_s=0.1)] * 30)
    assert "blocks until it is found, median: inf s" in capsys.readouterr().out


def test_a_simulated_campaign_is_held_against_the_gains_that_it_had(load):
    level = load("chained_level")

    def calm(rng, count):
        return np.exp(0.001 * rng.standard_normal(count))

    told = level.campaign(np.random.default_rng(1), (calm, calm), [2.0, 1.0, 1.2])
    assert (told.kept, told.false_keeps, told.truth) == (2, 0, 2.4)
    assert told.holds
    assert abs(told.claimed) < 0.01
    assert told.confidence < told.whole.confidence < 1


def test_every_benchmark_has_its_short_form():
    script = (BENCHMARKS / "run_all.sh").read_text()
    named = {line.split()[0] for line in script.splitlines() if ".py  " in line}
    helpers = {"figures", "many_runs", "neighbours", "own_overhead", "peers", "rig"}
    helpers |= {"synthetic_traces", "engineers", "scripted", "kinds", "runs"}
    assert named == {p.name for p in BENCHMARKS.glob("*.py") if p.stem not in helpers}


def test_a_benchmark_that_is_not_there_is_refused_with_those_that_are():
    told = subprocess.run(
        [BENCHMARKS / "run_all.sh", "nosuch"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert "no benchmark nosuch; there are: noise_trace.py " in told.stderr


@pytest.mark.parametrize(
    ("text", "code", "summary"),
    [
        ("figure('speed', '2 x', 'at least 1 x', True)", 0, "1 figures hold, 0 do not"),
        ("sys.exit(not figure('speed', '1 x', '2 x', False))", 1, "0 figures hold, 1 do not"),
        ("raise ValueError", 1, "0 figures hold, 0 do not, 0 need the long form; 1 of 1"),
    ],
)
def test_the_summary_counts_figures_and_benchmarks_that_failed(tmp_path, text, code, summary):
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    for name in ("run_all.sh", "figures.py"):
        (folder / name).write_bytes((BENCHMARKS / name).read_bytes())
    (folder / "phases.py").write_text(f"import sys\nfrom figures import figure\n{text}\n")
    told = subprocess.run(
        ["bash", folder / "run_all.sh", "phases"],
        env={"PATH": "/usr/bin:/bin", "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == code
    assert f"== summary: {summary}" in told.stdout
    (log,) = (tmp_path / ".harness/benchmarks").glob("*/01-phases.txt")
    assert log.read_text()


def test_an_interval_without_an_upper_end_is_read_back_from_json(load):
    stored = {"statistic": "median", "point": 2.0, "low": 0.0, "high": None, "confidence": 0.95}
    assert load("campaigns").read_estimate(stored).high == float("inf")
