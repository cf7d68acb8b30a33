"""The rendered logs, compared with files of the guide's formats, byte by byte."""

import dataclasses
from dataclasses import replace
from pathlib import Path

import pytest

from harness.campaign.agreed import Ending
from harness.campaign.case_parts import PhaseGain
from harness.campaign.cost_notes import guard_notes
from harness.campaign.events import Kind
from harness.campaign.logs import optimization_log, summary, thinking_log
from harness.campaign.profile_values import ProfileOutcome, ProfileRow
from harness.campaign.values import BenchOutcome, Terms, TestStatus
from harness.model import Verdict
from harness.model.proposals import Reflection

EXPECTED = Path(__file__).parent / "expected"


@pytest.fixture
def whole(tell, make_result, make_thought, guards):
    """A kept, a wrong, an unbuildable and a no-gain iteration, skipped, stopped, finished."""
    story = tell(Terms("work", "fast", full_case="full", full_every=1, max_iterations=4))
    threaded = guards(
        baseline_rss_bytes=2**20,
        current_rss_bytes=2**21,
        baseline_cpu_ns=1e8,
        current_cpu_ns=9e7,
        baseline_wall_ns=1e8,
        current_wall_ns=5e7,
        baseline_build_ns=10**9,
        current_build_ns=3 * 10**9,
    )
    kept = make_result(2.0, guards=threaded, phases=(PhaseGain("forces", 8e7, 3e7),))
    full = make_result(1.2, case="full", baseline_ns=1e9)
    story.iterated(kept, full=full, title="two threads", note=Reflection("None: as predicted"))
    story.failed(make_thought(1.1, 1.3, reason="it is all that is left"))
    story.planned()
    story.tested(TestStatus.BUILD_FAILED, "work.c:3: error")
    story.tell(Kind.ABANDONED, reason="the intrinsic does not exist")
    story.closed()
    story.decided()
    story.tell(Kind.SKIPPED, bottleneck="read", reason="the format is given")
    story.iterated(make_result(1.0, 2.0), title="unroll")
    result = BenchOutcome(make_result(2.0), make_result(1.2, case="full", baseline_ns=1e9))
    story.tell(Kind.FINISHING, result=result, request=None)
    story.tell(Kind.FINISHED)
    return story.state


@pytest.mark.parametrize(
    ("name", "render"),
    [
        ("optimization_log.md", optimization_log),
        ("thinking_log.md", thinking_log),
        ("summary.md", summary),
    ],
)
def test_a_whole_campaign_renders_as_expected(whole, name, render):
    assert render(whole) == (EXPECTED / name).read_text(encoding="utf-8")


def test_every_field_of_the_guides_entry_is_there_in_its_order(whole):
    entry = optimization_log(whole).split("## Iteration 1")[1].split("## Iteration 2")[0]
    names = [line.split(":**")[0].strip("*") for line in entry.splitlines() if "**" in line[:3]]
    assert names == [
        *("Target", "Optimization", "Bottleneck", "Prediction", "Result", "Performance"),
        *("Correctness", "Commit", "Surprise", "Notes"),
    ]


def test_a_text_of_several_lines_cannot_pose_as_a_field(tell, make_result):
    story = tell()
    note = Reflection("none of it\n**Correctness:** PASS", why="w", lesson="l")
    story.iterated(make_result(5.0), note=note)
    assert optimization_log(story.state).count("\n**Correctness:**") == 1


def test_what_a_thought_leaves_out_has_no_line(story, make_thought):
    story.profiled()
    short = replace(make_thought(1.5, 2.5), options=(), chosen="", reasoning="", risk="")
    story.planned(short)
    assert [line.partition(":**")[0] for line in thinking_log(story.state).splitlines()[3:]] == [
        "- **Current bottleneck hypothesis",
        "- **Prediction",
    ]
    assert thinking_log(story.state).endswith("- **Prediction:** 1.5-2.5x\n")


def test_a_postmortem_is_written_only_where_the_result_left_the_interval(story, make_result):
    story.iterated(make_result(2.0))
    assert "Postmortem" not in thinking_log(story.state)
    story.iterated(make_result(0.9, 1.8))
    text = thinking_log(story.state)
    assert "### Postmortem — Iteration 2" in text
    assert "- **Actual:** 0.90x speedup [0.89x, 0.91x] at 99.95 % (regression)" in text


def test_a_gain_by_less_work_is_not_called_one_by_threads(make_result, guards):
    single = guards(
        baseline_cpu_ns=1e8, current_cpu_ns=5.2e7, baseline_wall_ns=1e8, current_wall_ns=5e7
    )
    assert guard_notes(make_result(2.0, guards=single)) == []


def test_a_campaign_that_kept_nothing_says_so(tell):
    story = tell()
    story.profiled()
    story.decided("nothing to do")
    story.tell(Kind.FINISHING, result=None, request=None)
    state = story.tell(Kind.FINISHED)
    assert isinstance(state.ending, Ending)
    assert "## Campaign result: nothing was kept" in summary(state)


def test_gains_that_did_not_hold_or_stayed_open_at_scale_are_counted(tell, make_result):
    story = tell(Terms("work", "fast", full_case="full", full_every=1))
    full = [
        make_result(1.5, case="full"),
        make_result(1.0, case="full"),
        make_result(1.2, case="full", verdict=Verdict.UNDECIDED),
    ]
    for number, on_full in enumerate(full, start=1):
        story.iterated(make_result(1.5, 1.5**number), full=on_full)
    assert "the gain does not hold at scale" in optimization_log(story.state)
    assert "the gain is undecided at scale" in optimization_log(story.state)
    story.decided("enough")
    result = BenchOutcome(make_result(3.3), make_result(1.5, case="full"))
    story.tell(Kind.FINISHING, result=result, request=None)
    text = summary(story.tell(Kind.FINISHED))
    assert "- 1 of 3 kept gains measured on the full case did not hold there (iterations 2)" in text
    assert "- 1 of 3 kept gains measured on the full case stayed open (iterations 3)" in text


@pytest.mark.parametrize(
    ("rules", "verdict", "line", "number"),
    [
        (2, None, "1.51x] at 99.95 % over the baseline by cpu time (case full)", 1.5),
        (
            2,
            Verdict.UNDECIDED,
            "3.31x] at 99.95 % over the baseline by cpu time",
            3.3,
        ),
        (
            1,
            Verdict.UNDECIDED,
            "1.51x] at 99.95 % over the baseline (case full)",
            1.5,
        ),
    ],
)
def test_the_headline_is_a_decided_one_and_the_only_number(
    tell, make_result, rules, verdict, line, number
):
    story = tell(Terms("work", "fast", full_case="full", rules=rules))
    story.iterated(make_result(1.5))
    story.decided("enough")
    fast = make_result(3.3, metric="cpu")
    full = make_result(
        1.5, case="full", metric="cpu", total_verdict=verdict, budget_needed_ns=90_000_000_000
    )
    story.tell(Kind.FINISHING, result=BenchOutcome(fast, full), request=None)
    state = story.tell(Kind.FINISHED)
    text = summary(state)
    [headline] = [x for x in text.splitlines() if x.startswith("## Campaign result:")]
    assert line in headline
    assert state.speedup == number
    doubt = "not decided within the budget (about 90 s would)"
    assert (doubt in text) == (rules == 2 and verdict is not None)


def test_a_campaign_of_which_nothing_is_decided_has_no_number(tell, make_result):
    story = tell(Terms("work", "fast", rules=2))
    story.iterated(make_result(1.5))
    story.decided("enough")
    result = BenchOutcome(make_result(1.9, total_verdict=Verdict.UNDECIDED))
    story.tell(Kind.FINISHING, result=result, request=None)
    state = story.tell(Kind.FINISHED)
    assert state.speedup is None
    assert "## Campaign result: not decided within the budget (1.90x" in summary(state)


def test_an_interval_without_ends_is_not_shown_as_numbers(tell, make_result):
    story = tell()
    story.profiled()
    story.planned()
    story.tested()
    open_ended = make_result(1.4, verdict=Verdict.UNDECIDED)
    ratio = dataclasses.replace(open_ended.step, low=1e-6, high=1e6)
    story.benched(dataclasses.replace(open_ended, step=ratio))
    story.tell(Kind.ABANDONED, reason="too slow a case")
    text = optimization_log(story.closed())
    assert (
        "1.40x speedup (cumulative: 1.40x over baseline) (too few blocks for an interval)" in text
    )
    assert "1000000" not in text


def test_phases_beside_a_total_in_cpu_time_say_that_they_are_wall_times(tell, make_result):
    story = tell()
    story.iterated(make_result(2.0, metric="cpu", phases=(PhaseGain("forces", 8e7, 3e7),)))
    text = optimization_log(story.state)
    assert "50.0 ms cpu time, baseline 100 ms (case fast); by wall time: forces 80.0 ms" in text


def test_a_bottleneck_that_is_the_whole_program_has_no_bound(story, make_result, make_thought):
    story.profiled(ProfileOutcome("fast", (ProfileRow("total", 1.0),)))
    state = story.iterated(make_result(2.0), make_thought(bottleneck="total"))
    said = "all of total gone: the whole program, no bound\n"
    assert said in optimization_log(state)


@pytest.mark.parametrize("rules", [7, 8])
def test_the_summary_begins_with_the_result_since_the_eighth_rules(tell, make_result, rules):
    story = tell(Terms("work", "fast", rules=rules, objective="wall"))
    story.iterated(make_result(1.5))
    story.decided("enough")
    story.tell(Kind.FINISHING, result=BenchOutcome(make_result(1.5)), request=None)
    text = summary(story.tell(Kind.FINISHED))
    first = "Campaign result: 1.50x [" if rules == 8 else "Baseline\n"
    assert text.split("\n## ")[1].startswith(first)
    assert text.count("## Campaign result") == text.count("## Baseline") == 1
    assert ("ran in turns, at the end" in text) is (rules == 8)
    assert ("taken by 1970-01-01 00:0" in text) is (rules == 8)


def test_a_summary_of_nothing_kept_begins_with_that(tell):
    story = tell(Terms("work", "fast", rules=8, objective="wall"))
    story.profiled()
    story.decided("nothing to try")
    story.tell(Kind.FINISHING, result=None, request=None)
    text = summary(story.tell(Kind.FINISHED))
    assert text.split("\n## ")[1].startswith("Campaign result: nothing was kept\n")
