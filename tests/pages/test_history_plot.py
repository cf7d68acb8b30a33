"""`trends`: times over commits, where they changed, and what to measure again."""

from __future__ import annotations

import pytest

import harness
from harness.errors import UsageError
from harness.model import Better, Estimate, MetricInfo
from harness.running.trends import Trend, TrendKey, TrendPoint, spark
from harness.stats.shifts import Shift

DAY_NS = 86_400 * 10**9
BEGUN_NS = 1_790_000_000 * 10**9


@pytest.fixture
def results(make_run):
    """Ten runs of ten commits, stored in another order; from the seventh on it is slower."""
    for number in (3, 0, 1, 2, 4, 5, 6, 7, 9, 8):
        folder = make_run(
            f"2026010{number}",
            speeds={"old": 1e6 if number < 6 else 1.3e6},
            blocks=6,
            started_at_ns=BEGUN_NS - number * DAY_NS,
            commit={
                "digest": str(number) * 40,
                "made_at_ns": BEGUN_NS + number * DAY_NS,
                "changed": False,
            },
        )
    return folder.parent


def test_the_change_is_at_its_commit(results):
    (trend,) = harness.trends(results=results).trends
    assert [point.commit[0] for point in trend.points] == list("0123456789")
    (shift,) = trend.shifts
    assert shift.at == 6
    words = trend.sentence(shift)
    assert words.startswith("slower by 1.3")
    assert f"from commit {'5' * 12} to commit {'6' * 12}, confidence 9" in words


def test_a_case_of_other_parameters_is_another_trend(make_run):
    """Twice the work is no change for the worse."""
    for number in range(20):
        size = 1000 if number < 10 else 2000
        folder = make_run(
            f"r{number:02}",
            speeds={"old": 1e3 * size},
            blocks=2,
            started_at_ns=BEGUN_NS + number * DAY_NS,
            cases={"fast": {"n": size}},
        )
    found = harness.trends(results=folder.parent)
    assert [len(trend.points) for trend in found.trends] == [10, 10]
    assert not any(trend.shifts for trend in found.trends)
    assert "old (sum fast, n=2000, on box): 10 runs" in str(found)
    nobody = harness.trends(results=folder.parent, target="nobody")
    assert str(nobody).startswith("no runs that fit in ")


def test_what_to_measure_again_comes_with_it(results):
    assert harness.trends(results=results).next_actions == (
        f"harness compare old@{'5' * 12} old@{'6' * 12} --case fast",
        f"harness bisect old {'5' * 12} {'6' * 12} --case fast",
    )


def test_the_terminal_shows_a_line_of_bars(results):
    lines = str(harness.trends(results=results)).splitlines()
    assert lines[0].startswith("old (sum fast, on box): 10 runs, ")
    assert len(lines[1].strip()) == 10
    assert max(lines[1].strip()[:6]) < min(lines[1].strip()[6:])


@pytest.mark.parametrize(
    ("alone", "whom"), [(False, "all trends together"), (True, "each trend by itself")]
)
def test_the_page_says_for_what_the_error_level_holds(results, tmp_path, alone, whom):
    path = tmp_path / "history.md"
    harness.trends(results=results, path=path, per_comparison=alone)
    assert f"has a chance of 5 % for {whom}." in path.read_text()


def test_a_page_and_a_picture_are_written(results, tmp_path):
    made = harness.trends(results=results, path=tmp_path / "history.html")
    page = made.written[0].read_text()
    assert page.count("<svg") == 1
    assert "not interleaved" in page
    harness.trends(results=results, path=tmp_path / "history.svg")
    assert (tmp_path / "history.svg").read_text().startswith("<?xml")
    harness.trends(results=results, path=tmp_path / "history.md")
    assert "slower by 1.3" in (tmp_path / "history.md").read_text()


def test_several_trends_are_no_single_picture(make_run, tmp_path):
    folder = make_run("r1")
    with pytest.raises(UsageError, match="there are 2 trends"):
        harness.trends(results=folder.parent, path=tmp_path / "history.png")
    assert len(harness.trends(results=folder.parent, target="new").trends) == 1


@pytest.mark.parametrize(("metric", "title"), [("cpu", "CPU time"), ("memory", "peak memory")])
def test_another_figure_may_be_named(results, tmp_path, metric, title):
    found = harness.trends(results=results, metric=metric, path=tmp_path / "page.md")
    (trend,) = found.trends
    stored = harness.load(results, of="measurements").set_index("run_id")
    column = {"cpu": "cpu_ns", "memory": "max_rss_bytes"}[metric]
    assert trend.values == tuple(float(stored[column][p.run_id]) for p in trend.points)
    assert trend.of.figure.name == metric
    assert f"old (sum fast, {title}, on box)" in str(found)
    assert title in (tmp_path / "page.md").read_text()


FIGURE = {
    Better.HIGHER: ("lower by 2.00x (10 J to 5 J)", True),
    Better.LOWER: ("lower by 2.00x (10 J to 5 J)", False),
}


@pytest.mark.parametrize("better", FIGURE)
def test_a_change_is_for_the_worse_by_the_direction_of_its_figure(better):
    key = TrendKey("id", "box", "sum", "fast", "cold", "old", MetricInfo("yield", "J", better))
    levels = (Estimate("median", 10, 10, 10, 0.95), Estimate("median", 5, 5, 5, 0.95))
    points = tuple(TrendPoint(f"r{n}", n, v, str(n) * 9) for n, v in enumerate(levels))
    trend = Trend(key, points, (Shift(1, 10, 5, 0.99),))
    words, worse = FIGURE[better]
    assert trend.sentence(trend.shifts[0]).startswith(words)
    steps = list(trend.next_actions())
    assert steps[0].endswith("--case fast --metric yield")
    assert len(steps) == 1 + worse


def test_a_figure_that_no_run_has_is_refused(results):
    with pytest.raises(UsageError, match="has the figure 'joules'"):
        harness.trends(results=results, metric="joules")
    with pytest.raises(UsageError, match="metric: want wall, cpu, memory or"):
        harness.trends(results=results, metric="9 lives")


def test_few_runs_say_that_they_are_few(make_run):
    text = str(harness.trends(results=make_run("r1", finish=True).parent))
    assert "no change can be sure with fewer than 8 runs" in text


def test_no_runs_are_said(tmp_path):
    assert str(harness.trends(results=tmp_path)) == f"no runs in {tmp_path}"


def test_a_damaged_run_is_named_and_the_others_are_shown(results):
    (results / "20260103" / "run.json").write_text("{}")
    found = harness.trends(results=results)
    assert len(found.trends[0].points) == 9
    assert "20260103" in found.damaged[0]
    assert found.exit_code == 6


def test_bars_of_many_values_are_medians_of_stretches():
    line = spark([1.0] * 300 + [2.0] * 300)
    assert len(line) <= 60
    assert set(line[:29]) == {"▁"}
    assert set(line[-29:]) == {"█"}
    assert set(spark([100.0, 100.1, 100.05])) == {"▁"}
