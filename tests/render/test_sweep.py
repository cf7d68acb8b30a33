"""A sweep for people: on a narrow page too, and in words that claim no more than is known."""

from __future__ import annotations

from typing import Any

import pytest

from harness.render.page import Page, written_on
from harness.render.sweep import sweep_sentences, sweep_table
from harness.stats.cost_model import fit_model


def row(target: str, **more: Any) -> dict[str, Any]:
    times = {"wall_ns": 40.9e6, "wall_low_ns": 38.7e6, "wall_high_ns": 43.4e6}
    ratio = {"speed_up": None, "speed_up_low": None, "speed_up_high": None}
    facts = {"trials": 35, "failures": 0, "metric": None, "verdict": None, "reference": None}
    return {"n": 1000, "flags": "-O2", "target": target, **times, **ratio, **facts, **more}


SLOW = {"speed_up": 0.02, "speed_up_low": 0.01, "speed_up_high": 0.025}
OPEN = {"speed_up": 1.5, "speed_up_low": 0.0, "speed_up_high": None}
ROWS = [
    row("a-target-with-a-name"),
    row("another-with-a-longer-name", **SLOW, metric="cpu", verdict="slower"),
    row("a-third", **OPEN, metric="wall", verdict="undecided"),
    row("a-fourth", wall_ns=None, failures=2),
    row("a-fifth", wall_ns=None, failed=True),
    row("a-sixth", wall_ns=None, failed=False),
]


def document(**more: Any) -> dict[str, Any]:
    axes = [{"name": "n", "follows": None}, {"name": "flags", "follows": None}]
    nothing = {"growths": [], "crossings": [], "scalings": [], "comparisons": 0}
    return {"axes": axes, "rows": ROWS, "confidence": 0.95, **nothing, **more}


def test_times_and_ratios_are_written_as_everywhere():
    _, _, first, slow, undecided, *failed = sweep_table(document()).splitlines()
    assert "40.9 ms [38.7, 43.4]" in first
    assert first.rstrip().endswith("reference")
    assert slow.endswith("slower (by cpu)")
    assert "50.0 times slower [40.0, 100]" in slow
    assert "1.50x, too few blocks for an interval" in undecided
    assert "2 failed" in failed[0]


def test_a_target_that_did_not_run_has_failed_where_the_run_says_so():
    *_, failed, not_run = sweep_table(document()).splitlines()
    assert " failed " in failed
    assert "failed" not in not_run


@pytest.mark.parametrize("width", [80, 76])
def test_a_narrow_page_has_short_forms_and_no_broken_line(width: int):
    with written_on(Page(width)):
        table = sweep_table(document())
    lines = table.splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) == 2 + len(ROWS) + ("no room for" in table)
    assert all(words in table for words in ("40.9 ms", "50.0 times slower", "slower", "1000"))


def test_all_is_in_a_table_for_programs():
    with written_on(Page(40)):
        assert "another-with-a-longer-name" in sweep_table(document(), "csv")


def growth(ns: list[float], times: list[float]) -> list[str]:
    model = fit_model(ns, times, 0.95)
    assert model is not None
    told = {
        name: {
            "point": each.point,
            "low": each.low if abs(each.low) < 1e300 else None,
            "high": each.high if each.high < 1e300 else None,
        }
        for name, each in (("start_up_ns", model.start_up_ns), ("exponent", model.exponent))
    }
    slope = {"point": 0.06, "low": -0.4, "high": 0.6}
    made = {"target": "a", "points": len(ns), "slope": slope, "model": told}
    return next(sweep_sentences(document(growths=[made])))


def test_an_exponent_that_points_do_not_tell_is_not_given():
    (words,) = growth([10, 30, 100, 300], [7e5, 1.3e6, 8e5, 1e6])
    assert words == (
        "a: start-up and work cannot be told apart at these points; log-log slope"
        " 0.0600 [-0.400, 0.600]"
    )
    (words,) = growth([10, 30, 100, 300, 1000], [1.1e4, 3.1e4, 1.01e5, 2.9e5, 1.02e6])
    assert "work that grows as n^" in words


@pytest.mark.parametrize(
    ("scalings", "of"), [([], "wall times"), (None, "what threads gain")], ids=["sizes", "threads"]
)
def test_a_busy_machine_is_said(scalings, of):
    gained = {"weak": False, "points": [], "serial_fraction": None}
    found = [{"target": "a", "scaling": gained}] if scalings is None else scalings
    said = [*sweep_sentences(document(scalings=found, blocks=9, disturbed_blocks=7))]
    assert said[-1] == [f"7 of 9 blocks were disturbed (kept): {of} may be those of a busy machine"]


def test_levels_are_percentages():
    made = document(comparisons=21, confidence_each=1 - 0.05 / 21)
    assert list(sweep_sentences(made))[-1] == [
        "all 21 verdicts hold together at 95 %: each is at 99.762 % (Bonferroni)"
    ]
