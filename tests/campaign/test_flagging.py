"""Each signal where it must be shown, and beside it honest work that must not show it."""

from dataclasses import replace

import pytest

from harness.campaign.advice import Advice
from harness.campaign.events import Kind
from harness.campaign.flag_lines import flag_lines
from harness.campaign.flagging import EDITION, flagged, with_flags
from harness.campaign.logs import optimization_log, summary
from harness.campaign.moves import Tree
from harness.campaign.profile_values import ProfileOutcome, ProfileRow
from harness.campaign.sightings import CaseEvidence, ChangeSeen, SideSeen
from harness.campaign.status import status_text
from harness.campaign.takeover import takeover_text
from harness.campaign.values import BenchOutcome, Terms, TestOutcome, TestStatus
from harness.model import Verdict

MS = 1e6
GB = 10**9


def side(wall_ms: float = 100.0, cpu_ms: float | None = None, **more) -> SideSeen:
    cpu = wall_ms if cpu_ms is None else cpu_ms
    return SideSeen(wall_ms * MS, cpu * MS, (wall_ms - cpu) * MS, **more)


def seen(before: SideSeen | None = None, after: SideSeen | None = None, **more) -> CaseEvidence:
    return CaseEvidence(before or side(), after or side(50.0), **{"adapter": "c", **more})


@pytest.fixture
def names(story, make_result):
    """The names of the flags of a look; notes in brackets."""
    story.profiled()
    story.planned()
    story.tested()

    def of(
        evidence: CaseEvidence, point: float = 2.0, change: ChangeSeen | None = None, **more
    ) -> list[str]:
        fast = replace(make_result(point, **more), evidence=evidence)
        found = flagged(story.state, BenchOutcome(fast), change or ChangeSeen()).flags
        return [f"({flag.name})" if flag.note else flag.name for flag in found]

    return of


HONEST = {
    "another algorithm": (seen(after=side(2.0)), 50.0),
    "compiler flags": (seen(after=side(40.0)), 2.5),
    "memory for time": (seen(after=side(25.0)), 4.0),
    "a busy machine": (seen(side(300.0, 100.0), side(150.0, 50.0)), 2.0),
    "less work and the same waiting for a disk": (
        seen(side(130.0, 100.0), side(40.0, 10.0)),
        3.3,
    ),
    "arrays in place of plain Python": (seen(after=side(1.0), adapter="python"), 100.0),
    "fresh seeds": (
        seen(side(outputs=9), side(50.0, outputs=9), draws=9, spread=None, slope=None),
        2.0,
    ),
    "vectors that reorder sums": (seen(tolerance_used=1e-6), 2.0),
    "a large input that is read": (seen(input_bytes=GB // 2), 2.0),
}


@pytest.mark.parametrize("what", HONEST)
def test_honest_work_shows_nothing(story, make_result, what):
    evidence, point = HONEST[what]
    story.profiled(ProfileOutcome("fast", (ProfileRow("forces", 0.98),)))
    story.planned()
    story.tested()
    fast = replace(make_result(point), evidence=evidence)
    assert flagged(story.state, BenchOutcome(fast), ChangeSeen()).flags == ()


def test_threads_and_processes_are_told_as_such(names):
    evidence = seen(side(threads=1.0), side(30.0, 110.0, threads=4.0))
    assert names(evidence, 3.3) == ["(more-at-work)"]
    assert names(seen(side(threads=1.0), side(50.0, threads=1.0))) == []


def test_less_than_reading_the_inputs_once(names):
    reads = seen(after=side(5.0), input_bytes=GB)
    assert names(reads, 4.0) == ["physical-floor"]
    assert names(seen(after=side(60.0), input_bytes=GB)) == []


def test_inputs_that_nobody_reads_as_a_whole_are_no_floor(names):
    assert names(seen(input_bytes=100 * GB)) == []


def test_fewer_instructions_than_loads_of_the_inputs(names):
    few = seen(side(instructions=1e9), side(50.0, instructions=1e6), input_bytes=GB // 10)
    assert names(few) == ["physical-floor"]
    enough = replace(few, after=replace(few.after, instructions=2e6))
    assert names(enough) == []


def test_work_that_something_else_does(names):
    assert names(seen(after=side(50.0, 2.0))) == ["waiting"]
    assert names(seen(after=side(50.0, 20.0))) == ["waiting"]
    assert names(seen(side(100.0, 50.0), side(60.0, 5.0))) == []


def test_waiting_on_a_busy_machine_is_no_waiting(names):
    busy = seen(side(unforced_ns=0.0), side(50.0, 10.0, unforced_ns=1.0 * MS))
    assert names(busy) == []
    lazy = seen(side(unforced_ns=0.0), side(50.0, 10.0, unforced_ns=35.0 * MS))
    assert names(lazy) == ["waiting"]


def test_work_that_moved_to_the_build(names, guards):
    evidence = seen(side(1000.0), side(20.0))
    moved = guards(baseline_build_ns=int(200 * MS), current_build_ns=int(1200 * MS))
    assert "work-moved" in names(evidence, 12.0, guards=moved)
    link = guards(baseline_build_ns=int(200 * MS), current_build_ns=int(900 * MS))
    assert names(seen(side(100.0), side(60.0)), 1.6, guards=link) == []


def test_work_that_moved_to_setup(names):
    evidence = seen(side(1000.0), side(500.0, setup_ns=4 * 10**9))
    assert names(evidence) == ["work-moved"]
    ms = 10**6
    most = seen(side(70.0, setup_ns=30 * ms), side(10.0, setup_ns=400 * ms))
    assert names(most, 7.0) == ["work-moved"]
    busy = seen(side(70.0, setup_ns=160 * ms), side(10.0, setup_ns=460 * ms))
    assert names(busy, 7.0) == []
    part = seen(side(70.0, setup_ns=30 * ms), side(20.0, setup_ns=400 * ms))
    assert names(part, 3.5) == []


def test_processes_that_go_on(names):
    assert names(seen(after=side(50.0, left_behind=4))) == ["left-behind"]
    assert names(seen(side(left_behind=4), side(50.0, left_behind=4))) == []


def test_a_tolerance_that_is_used_up_at_once(names):
    assert names(seen(tolerance_used=0.4)) == ["precision"]
    assert names(seen(tolerance_used=0.2)) == []


def kept_with(story, make_result, used: float) -> None:
    fast = replace(make_result(2.0), evidence=seen(tolerance_used=used))
    story.iterated(fast)


def test_a_tolerance_that_is_used_up_step_by_step(story, make_result):
    kept_with(story, make_result, 0.15)
    story.profiled()
    story.planned()
    story.tested()
    fast = replace(make_result(2.0), evidence=seen(tolerance_used=0.6))
    found = flagged(story.state, BenchOutcome(fast), ChangeSeen()).flags
    assert [flag.name for flag in found] == ["tolerance-creep"]
    same = replace(fast, evidence=seen(tolerance_used=0.15))
    assert flagged(story.state, BenchOutcome(same), ChangeSeen()).flags == ()


def test_an_output_that_no_draw_changes(names):
    assert names(seen(side(outputs=5), side(50.0, outputs=1), draws=5)) == ["output-independent"]
    assert names(seen(side(outputs=1), side(50.0, outputs=1), draws=5)) == []


def test_a_time_that_no_draw_changes(names):
    assert names(seen(draws=6, spread=8.0, slope=0.02)) == ["time-independent"]
    assert names(seen(draws=6, spread=8.0, slope=0.7)) == []
    assert names(seen(draws=6, spread=1.3, slope=0.02)) == []


@pytest.mark.parametrize(
    ("adapter", "point", "shown"), [("c", 90, []), ("c", 150, ["suspicious-speed-up"])]
)
def test_more_than_a_step_gives(story, make_result, adapter, point, shown):
    story.profiled(ProfileOutcome("fast", (ProfileRow("forces", 1.0),)))
    story.planned()
    story.tested()
    fast = replace(make_result(point), evidence=seen(adapter=adapter))
    found = flagged(story.state, BenchOutcome(fast), ChangeSeen()).flags
    assert [flag.name for flag in found] == shown


def test_far_beyond_the_bound_of_what_was_attacked(names):
    assert names(seen(), 14.0) == []  # forces has 80 %: 5x
    assert names(seen(), 16.0) == ["beyond-amdahl"]
    assert names(seen(), 16.0, verdict=Verdict.UNDECIDED) == []


def test_a_gain_from_other_numbers_alone(names):
    change = ChangeSeen(("work.c",))
    assert names(seen(), 2.0, change) == ["constants-only"]
    assert names(seen(), 1.2, change) == []  # a block size that was tuned
    assert names(seen(), 2.0, ChangeSeen()) == []


def attempted(story, change: str = "one") -> None:
    if story.state.profiled_tree != story.state.kept_tree:
        story.profiled()
    story.planned()
    passed = TestOutcome(TestStatus.PASSED, "fast")
    story.tell(Kind.TESTED, tree=f"tree-{len(story.events)}", outcome=passed, change=change)


@pytest.mark.parametrize(
    ("point", "change", "shown"),
    [
        (1.03, "one", [("noise-mining", False)]),
        (1.4, "one", [("noise-mining", True)]),
        (1.03, "other", []),
    ],
)
def test_a_small_gain_after_many_attempts_at_one_change(tell, make_result, point, change, shown):
    story = tell(Terms("work", "fast", patience=9))
    for _ in range(3):
        attempted(story)
        _benched(story, BenchOutcome(make_result(1.0)))
        story.closed()
        story.decided()
    attempted(story, change)
    fast = replace(make_result(point), evidence=seen())
    found = flagged(story.state, BenchOutcome(fast), ChangeSeen()).flags
    assert [(flag.name, flag.note) for flag in found] == shown
    assert all("attempts 1, 2, 3" in flag.sentence for flag in found)


def _benched(story, outcome: BenchOutcome) -> None:
    story.tell(Kind.BENCHING, request={})
    tree = story.state.iterations[-1].tested_tree
    story.tell(Kind.BENCHED, tree=tree, request={}, outcome=outcome)


def test_a_kept_flag_is_said_everywhere_and_for_ever(story, make_result):
    story.profiled()
    story.planned()
    story.tested()
    fast = replace(make_result(2.0), evidence=seen(after=side(50.0, 2.0)))
    _benched(story, with_flags(story.state, BenchOutcome(fast)))
    assert flag_lines(story.state.iterations)[0].startswith("FLAG waiting: iteration 1 (open)")
    story.closed()
    story.decided()
    state = story.state
    assert "\nFLAG waiting: on fast it waits 48" in optimization_log(state)
    assert "\n- FLAG waiting: on fast" in summary(state)
    advice = Advice("THINK", "why", "harness think")
    for text in (status_text(state, advice), takeover_text(state, advice, Tree(""))):
        assert "FLAG waiting: iteration 1 (kept)" in text


def test_looks_without_evidence_have_no_flags(story, make_result):
    story.profiled()
    story.planned()
    story.tested()
    found = flagged(story.state, BenchOutcome(make_result(500.0)), ChangeSeen(("work.c",)))
    assert found.flags == ()


def test_work_that_moved_is_told_by_the_bounds_of_the_look_s_edition(story, make_result):
    story.profiled()
    story.planned()
    story.tested()
    ms = 10**6
    evidence = seen(side(70.0, setup_ns=30 * ms), side(10.0, setup_ns=400 * ms))
    outcome = BenchOutcome(replace(make_result(4.0), evidence=evidence))
    shown = {
        edition: [flag.name for flag in with_flags(story.state, outcome, edition).flagged.flags]
        for edition in (1, EDITION)
    }
    assert shown == {1: [], EDITION: ["work-moved"]}
    assert with_flags(story.state, outcome, 1).flagged.rules == 1


@pytest.mark.parametrize(
    ("error", "used", "shown"),
    [
        (2e-5, 2e-3, ["precision-lost"]),  # a part of the pairs was left out
        (5e-7, 5e-5, []),  # sums of single numbers
        (1e-12, 1e-3, []),  # the last digit that is printed
        (4e-3, 0.4, ["precision"]),  # one of the two is enough
    ],
)
def test_an_error_far_above_rounding_within_a_loose_tolerance(names, error, used, shown):
    assert names(seen(tolerance_used=used, relative_error=error)) == shown


def test_an_error_that_the_last_kept_state_has_is_told_once(story, make_result):
    loose = seen(tolerance_used=2e-3, relative_error=2e-5)
    story.iterated(replace(make_result(2.0), evidence=loose))
    story.profiled()
    story.planned()
    story.tested()
    found = flagged(
        story.state, BenchOutcome(replace(make_result(2.0), evidence=loose)), ChangeSeen()
    )
    assert found.flags == ()


def test_a_gain_on_the_known_values_alone_is_told_although_it_is_not_kept(story, make_result):
    story.profiled()
    story.planned()
    story.tested()
    fast = replace(make_result(1.0), evidence=seen(after=side(100.0), known_gain=8.0))
    _benched(story, with_flags(story.state, BenchOutcome(fast)))
    story.closed()
    story.decided()
    (line,) = flag_lines(story.state.iterations)
    told = "FLAG known-inputs: iteration 1 (not kept): on fast it is 8.00x as fast"
    assert line.startswith(told)
    assert "FLAG known-inputs" in optimization_log(story.state)
    assert "FLAG known-inputs" in summary(story.state)


def test_a_gain_on_all_values_is_no_matter_of_the_known_ones(names):
    assert names(seen(known_gain=2.0), 2.0) == []
