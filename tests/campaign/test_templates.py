"""Forms: TOML and JSON in, values out, and what is wrong in words."""

import pytest

from harness.errors import UsageError
from harness.model.forms import read_fields, read_plan, read_reflection, read_thought

THOUGHT = """
bottleneck = "forces"
hypothesis = "it divides"
chosen = "multiply"
predicted_low = 1.5
predicted_high = 2
reasoning = "cheaper"
risk = "rounding"
[[options]]
name = "a"
pros = "b"
cons = "c"
[[options]]
name = "d"
pros = "e"
cons = "f"
"""


def test_a_thought_in_toml_and_in_json_is_the_same():
    import json

    fields = read_fields(THOUGHT, "t.toml")
    again = read_fields(json.dumps(fields), "t.json")
    assert read_thought(fields, "t") == read_thought(again, "t")
    assert read_thought(fields, "t").prediction.high == 2.0


@pytest.mark.parametrize("text", ["title = ", "{", "- a: b", "[1, 2]"])
def test_what_is_neither_toml_nor_json_names_its_source(text):
    with pytest.raises(UsageError, match=r"note\.toml"):
        read_fields(text, "note.toml")


def test_an_unknown_field_is_named_with_the_known_ones():
    with pytest.raises(UsageError, match="titel") as refused:
        read_plan({"titel": "x", "optimization": "y"}, "p")
    assert "title, optimization" in refused.value.hint


def test_a_missing_field_is_named():
    with pytest.raises(UsageError, match="surprise"):
        read_reflection({"notes": "x"}, "n")


@pytest.mark.parametrize(("low", "high"), [(2, 1), (0, 1), (-1, 2), (1, float("inf"))])
def test_a_prediction_is_an_interval_above_zero(low, high):
    fields = {**read_fields(THOUGHT, "t"), "predicted_low": low, "predicted_high": high}
    with pytest.raises(UsageError, match="0 < low <= high"):
        read_thought(fields, "t")


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 600 + "]" * 600,
        '{"x": ' + "[" * 100_000,
        "x = " + "9" * 5000,
        '{"x": ' + "9" * 5000 + "}",
        '{"x": NaN}',
        "x = inf",
        '{"x": "\\ud800"}',
    ],
    ids=["deep TOML", "deep JSON", "digits", "digits in JSON", "nan", "inf", "surrogate"],
)
def test_what_no_journal_could_hold_is_refused(text):
    with pytest.raises(UsageError, match=r"thought\.toml: neither TOML nor JSON"):
        read_fields(text, "thought.toml")


def test_a_mark_before_the_text_says_nothing():
    assert read_fields("\ufeffx = 1", "thought.toml") == {"x": 1}
