"""The status for who takes over: everything that matters, and never more than 500 tokens."""

from dataclasses import replace

import pytest

from harness.campaign.advice import Advice, Situation, advise
from harness.campaign.events import Kind
from harness.campaign.gates import bound_problem
from harness.campaign.moves import Tree
from harness.campaign.profile_values import ProfileOutcome, ProfileRow
from harness.campaign.status import profile_table
from harness.campaign.takeover import MOST, takeover_text
from harness.campaign.templates import thought_template
from harness.campaign.values import Terms, TestStatus
from harness.model.forms import read_fields, read_thought
from harness.model.proposals import Reflection


def takeover(state, *changed, sources=("work.c",)):
    tree = Tree("other" if changed else state.kept_tree, changed)
    return takeover_text(state, advise(Situation(state, tree)), tree, sources)


def test_it_says_what_the_next_one_needs(tell, make_result):
    story = tell(Terms("work", "fast", "full", target_speedup=4, rules=2, objective="wall"))
    story.iterated(make_result(2.0), title="half the pairs")
    story.profiled()
    note = Reflection(
        "slower", "", "the writes miss the cache", "layout matters more than counting"
    )
    story.iterated(make_result(0.8), title="scatter the writes", note=note)
    story.planned(title="blocks of 64")
    lines = takeover(story.state, "work.c", "work.h").splitlines()
    assert lines[0] == (
        "goal: work 4x by wall time, same output (campaign work, case fast, validated on full)"
    )
    assert lines[1].startswith(
        "stands at: 2.00x over the baseline; 1 of 3 iterations kept, 12 left"
    )
    assert lines[2].startswith("open: iteration 3 at IMPLEMENT: blocks of 64; predicted")
    assert "plan: replace the division by a product" in lines
    assert "hypothesis: the inner loop divides" in lines
    assert "code: changed since the last kept state: work.c, work.h" in lines
    assert (
        "failed: 2 on forces: scatter the writes: slower 0.80x; the writes miss the cache" in lines
    )
    assert "lesson 2: layout matters more than counting" in lines
    assert lines[-2].startswith("next: TEST")
    assert lines[-1] == "run: harness test"


def test_without_a_change_it_names_the_files_in_question(story):
    story.profiled()
    text = takeover(story.state, sources=("src/a.c", "src/b.c"))
    assert "code: unchanged since the last kept state; the target's files: src/a.c, src/b.c" in text
    assert "open: nothing; it waits for THINK" in text


@pytest.mark.parametrize("iterations", [0, 3, 12])
def test_it_never_takes_more_than_500_tokens(tell, make_result, make_thought, iterations):
    story = tell(Terms("work", "fast", max_iterations=50, patience=60, rules=2))
    words = "a long explanation of what has happened, with every detail that there is to it. " * 9
    idea = make_thought(1.1, 1.2)
    idea = replace(idea, hypothesis=words)
    for number in range(iterations):
        note = Reflection(words, words, words, words)
        story.iterated(make_result(1.0), idea, title=f"an idea, number {number}", note=note)
    if story.state.profiled_tree != story.state.kept_tree:
        story.profiled()
    if story.state.step.value == "THINK":
        story.planned(idea)
    changed = [f"a/deeply/nested/folder/of/sources/file_{n}.c" for n in range(40)]
    text = takeover(story.state, *changed)
    assert len(text) <= MOST
    assert text.splitlines()[-1].startswith("run: ")


def test_before_the_start_it_says_how_to_start():
    from harness.campaign.advice import advise_start
    from harness.campaign.state import NotStarted

    assert takeover_text(NotStarted(), advise_start(), Tree("")) == (
        "not started. next: harness campaign start"
    )


def test_what_was_not_decided_is_not_called_failed(tell, make_result):
    """Nobody knows whether an idea was any good whose code never built, or that no look decided."""
    story = tell(Terms("work", "fast", "full", rules=2))
    story.profiled()
    story.planned(title="blocks of 64")
    story.tested(status=TestStatus.BUILD_FAILED)
    story.tell(Kind.ABANDONED, reason="a typo")
    story.tell(Kind.LOGGED, note=Reflection("a typo"))
    story.tell(Kind.REVERTING, iteration=1)
    story.tell(Kind.REVERTED, attempt="")
    lines = takeover(story.state).splitlines()
    assert not [line for line in lines if line.startswith("failed:")]
    assert [line for line in lines if line.startswith("not decided: 1 on forces")]


def test_what_the_reader_does_first_is_no_part_of_the_command(tell):
    story = tell(Terms("work", "fast", "full", rules=2))
    story.profiled()
    advice = Advice("NONE", "finished", "harness campaign start", first="declare the next campaign")
    lines = takeover_text(story.state, advice, Tree("tree-0")).splitlines()
    assert lines[-2:] == ["first: declare the next campaign", "run: harness campaign start"]


def test_the_whole_program_has_no_bound(tell):
    story = tell(Terms("work", "fast", "full", rules=2))
    state = story.profiled(ProfileOutcome("fast", (ProfileRow("total", 1.0, "whole program"),)))
    assert "no bound" in profile_table(state)
    assert "inf" not in profile_table(state) + thought_template(state)
    thought = read_thought(read_fields(thought_template(state), "x"), "x")
    assert thought.prediction.bottleneck == "total"
    assert bound_problem(state, thought) == ""
