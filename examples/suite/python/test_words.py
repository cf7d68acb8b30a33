"""Tests as people have them; the harness times each by calling it again and again."""

import pytest
from words import join


@pytest.fixture
def words():
    return ["word"] * 200


def test_join(words):
    assert len(join(words)) == 800


@pytest.mark.parametrize("count", [10, 1000])
def test_sorted(count):
    assert sorted(range(count, 0, -1)) == list(range(1, count + 1))
