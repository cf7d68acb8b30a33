"""A set of whole numbers in a bit each is the set that Python has."""

import random
from collections.abc import Set

from harness.analysis.numbers_seen import NumbersSeen


def test_it_is_the_set_of_what_was_added() -> None:
    rng = random.Random(1)
    numbers = [rng.choice([rng.randrange(3000), rng.randrange(-5, 5), 2**40]) for _ in range(2000)]
    seen: Set[int] = NumbersSeen(numbers)
    assert seen == set(numbers)
    assert list(seen) == sorted(set(numbers))
    assert len(seen) == len(set(numbers))
    assert all(number in seen for number in numbers)
    assert not any(number in seen for number in {*range(-50, 3100)} - {*numbers})
    assert list(NumbersSeen()) == []
