"""Which function takes the time that a program takes more."""

from __future__ import annotations

import pytest

from harness.model import Frame, Profile, ProfileBy
from harness.profiles import count_spots
from harness.profiles.slowed import NotLocated, SlowedFunction, slowed_function

MAIN, STEP, SORT = (
    Frame(name, "/src/a.c", line) for name, line in (("main", 2), ("step", 7), ("sort", 9))
)


def profile(unit: str = "samples", **weights: float) -> Profile:
    frames = {"main": MAIN, "step": STEP, "sort": SORT}
    stacks = {(MAIN, frames[name]) if name != "main" else (MAIN,): w for name, w in weights.items()}
    total = sum(weights.values())
    return count_spots(Profile("perf", ProfileBy.FUNCTION, unit, total, stacks=stacks))


MANY = 200
"""Samples by which a share of one in a hundred is no chance."""


def found_in(before: Profile, after: Profile, times: float) -> SlowedFunction:
    found = slowed_function([before], [after], (times, times))
    assert isinstance(found, SlowedFunction), found
    return found


def test_it_is_the_one_whose_own_time_grew_most():
    before, after = profile(main=50 * MANY, step=50 * MANY), profile(main=45 * MANY, step=55 * MANY)
    found = found_in(before, after, 1.1)
    assert (found.function, found.file, found.line) == ("step", "/src/a.c", 7)
    assert 0.9 < found.share < 1.1


def test_a_program_of_one_function_is_slower_in_that_one():
    assert found_in(profile(main=100), profile(main=100), 1.05).function == "main"


def test_a_function_that_was_not_there_before_is_found():
    after = profile(main=80 * MANY, sort=20 * MANY)
    assert found_in(profile(main=100 * MANY), after, 1.25).function == "sort"


def test_exact_counts_say_by_themselves_how_much_there_is_more():
    before, after = (profile("instructions", main=100, step=n) for n in (100, 130))
    found = found_in(before, after, 1.001)
    assert (found.function, found.share) == ("step", 1.0)


def test_what_samples_scatter_by_names_nobody_and_more_of_them_tell():
    before, after = profile(main=50, step=50), profile(main=43, step=57)
    few = slowed_function([before], [after], (1.1, 1.1))
    assert isinstance(few, NotLocated)
    assert few.more_tells
    assert few.why == (
        "step seems to have most of the further time, but the samples (100 and 100) scatter by as"
        " much"
    )
    many = slowed_function([before] * MANY, [after] * MANY, (1.1, 1.1))
    assert isinstance(many, SlowedFunction)


def test_an_uncertain_slowdown_names_nobody_who_is_not_most_of_it_at_both_ends():
    before, after = profile(main=50 * MANY, step=50 * MANY), profile(main=45 * MANY, step=55 * MANY)
    assert isinstance(slowed_function([before], [after], (1.05, 1.2)), SlowedFunction)
    before, after = profile(main=10 * MANY, step=90 * MANY), profile(main=50 * MANY, step=50 * MANY)
    assert isinstance(slowed_function([before], [after], (1.4, 1.6)), SlowedFunction)
    assert isinstance(slowed_function([before], [after], (1.4, 9.0)), SlowedFunction)


@pytest.mark.parametrize(
    ("after", "times", "why"),
    [
        (profile(main=34, step=33, sort=33), 1.1, "no function has half of the further time"),
        (profile("instructions", main=100), 1.1, "different kinds"),
        (profile(main=100), 0.9, "do not show that it is slower"),
    ],
)
def test_nothing_is_named_where_none_stands_out_or_profiles_differ(
    after: Profile, times: float, why: str
):
    before = profile(main=34, step=33, sort=33)
    found = slowed_function([before], [after], (times, times))
    assert isinstance(found, NotLocated)
    assert why in found.why
