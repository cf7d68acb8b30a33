"""The search by halves: it ends at the commit, asks few questions, and says what it cannot tell."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.bisection import Search, Speed, most_comparisons, of_answers


def names(count: int) -> tuple[str, ...]:
    return tuple(f"c{n}" for n in range(count))


def searched(commits: tuple[str, ...], truth) -> Search:
    """The search at its end, where `truth` answers for a commit."""
    search = Search(commits).with_answer(commits[-1], truth(commits[-1]))
    while (commit := search.next) is not None:
        assert commit not in search.answers
        search = search.with_answer(commit, truth(commit))
    return search


@given(st.integers(1, 300), st.data())
def test_it_finds_the_first_slow_commit_within_its_comparisons(count, data):
    first = data.draw(st.integers(0, count - 1))
    commits = names(count)
    search = searched(commits, lambda c: Speed.SLOW if int(c[1:]) >= first else Speed.GOOD)
    assert search.found == commits[first]
    assert search.comparisons <= most_comparisons(count)


@given(st.integers(2, 60), st.integers(0, 2**32))
def test_skipped_commits_cost_no_comparison_and_never_hide_the_slow_one(count, seed):
    rng = random.Random(seed)
    commits, first = names(count), rng.randrange(count)
    unbuilt = {c for c in commits[:-1] if rng.random() < 0.4}

    def truth(commit: str) -> Speed:
        if commit in unbuilt:
            return Speed.SKIPPED
        return Speed.SLOW if int(commit[1:]) >= first else Speed.GOOD

    search = searched(commits, truth)
    assert commits[first] in search.suspects
    assert search.comparisons <= most_comparisons(count)
    if search.found is None:
        assert len(search.suspects) > 1
        left = set(search.suspects[:-1])
        assert left <= unbuilt


def test_an_undecided_commit_leaves_suspects():
    commits = names(4)
    found = searched(
        commits, lambda c: {"c3": Speed.SLOW, "c0": Speed.GOOD}.get(c, Speed.UNDECIDED)
    )
    assert found.found is None
    assert found.suspects == ("c1", "c2", "c3")
    assert found.comparisons <= most_comparisons(4)


@pytest.mark.parametrize(("commits", "most"), [(1, 1), (2, 2), (3, 3), (8, 4), (9, 5), (1024, 11)])
def test_the_error_level_is_shared_by_as_many_comparisons(commits, most):
    assert most_comparisons(commits) == most


def test_answers_of_other_commits_do_not_count():
    search = of_answers(names(3), {"c2": Speed.SLOW, "elsewhere": Speed.GOOD})
    assert search.comparisons == 1
