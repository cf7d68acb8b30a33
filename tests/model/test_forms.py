"""A form that does not fit is told of everything that is wrong with it at once."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.model.forms import read_plan, read_plan_within, read_thought
from harness.model.proposals import Plan


def test_all_that_a_thought_lacks_is_said_in_one_answer():
    form = {"bottleneck": "forces", "hypothesis": "x", "predicted_low": "fast", "speed": 2}
    with pytest.raises(UsageError) as caught:
        read_thought(form, "standard input")
    assert caught.value.message == (
        "standard input: missing: predicted_high;"
        " no such field: speed; predicted_low: Expected `float`, got `str`"
    )


def test_a_plan_with_a_title_alone_changes_what_the_thought_says():
    form = {"title": "t", "hypothesis": "each pair twice"}
    assert read_plan_within(form, "x") == Plan("t", "each pair twice")
    assert read_plan_within({**form, "chosen": "one half"}, "x") == Plan("t", "one half")
    assert read_plan_within({"hypothesis": "each pair twice"}, "x") is None


def test_a_wrong_place_within_a_field_is_named():
    form = {"title": "t", "optimization": ["o"]}
    with pytest.raises(UsageError, match=r"^x: optimization: Expected .str., got .array.$"):
        read_plan(form, "x")
