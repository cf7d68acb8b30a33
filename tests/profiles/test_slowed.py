"""Which function takes the time that a program takes more."""

from __future__ import annotations

from harness.model import Frame, Profile, ProfileBy
from harness.profiles import count_spots
from harness.profiles.slowed import slowed_function

MAIN, STEP, SORT = (
    Frame(name, "/src/a.c", line) for name, line in (("main", 2), ("step", 7), ("sort", 9))
)


def profile(unit: str = "samples", **weights: float) -> Profile:
    frames = {"main": MAIN, "step": STEP, "sort": SORT}
    stacks = {(MAIN, frames[name]) if name != "main" else (MAIN,): w for name, w in weights.items()}
    total = sum(weights.values())
    return count_spots(Profile("perf", ProfileBy.FUNCTION, unit, total, stacks=stacks))


def test_it_is_the_one_whose_own_time_grew_most():
    found = slowed_function(profile(main=50, step=50), profile(main=45, step=55), 1.1)
    assert found is not None
    assert (found.function, found.file, found.line) == ("step", "/src/a.c", 7)
    assert 0.9 < found.share < 1.1


def test_a_program_of_one_function_is_slower_in_that_one():
    found = slowed_function(profile(main=100), profile(main=100), 1.05)
    assert found is not None
    assert found.function == "main"


def test_a_function_that_was_not_there_before_is_found():
    found = slowed_function(profile(main=100), profile(main=80, sort=20), 1.25)
    assert found is not None
    assert found.function == "sort"


def test_exact_counts_say_by_themselves_how_much_there_is_more():
    before, after = (profile("instructions", main=100, step=n) for n in (100, 130))
    found = slowed_function(before, after, 1.001)
    assert found is not None
    assert (found.function, found.share) == ("step", 1.0)


def test_nothing_is_named_where_none_stands_out_or_profiles_differ():
    before = profile(main=34, step=33, sort=33)
    assert slowed_function(before, profile(main=34, step=33, sort=33), 1.1) is None
    assert slowed_function(before, profile("instructions", main=100), 1.1) is None
    assert slowed_function(before, profile(main=100), 0.9) is None
