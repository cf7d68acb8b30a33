"""What `harness optimise` makes of NAME=VALUE."""

import pytest

from harness.cli.campaign.said_values import options_said, params_said
from harness.errors import UsageError
from harness.model.draws import Range


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9", 9),
        ("007", "007"),
        ("0.5", "0.5"),
        ("a=b", "a=b"),
        ("", ""),
        ("900..1100", Range(900, 1100)),
        ("-3..3", Range(-3, 3)),
        ("0.5..2", Range(0.5, 2.0)),
        ("../data", "../data"),
        ("1..", "1.."),
    ],
)
def test_a_parameter_is_a_value_or_a_range(text, value):
    found = params_said([f"n={text}"])["n"]
    assert (found, type(found)) == (value, type(value))


def test_options_of_an_adapter_have_its_types():
    said = options_said(["python=.venv/bin/python", "threads=4", "fast=true", "flags=-O3 -g"])
    assert said == {"python": ".venv/bin/python", "threads": 4, "fast": True, "flags": "-O3 -g"}


@pytest.mark.parametrize("given", [["n"], ["=3"], ["n=1", "n=2"], ["a b=3"]])
@pytest.mark.parametrize("read", [params_said, options_said])
def test_what_is_no_name_with_a_value_is_refused(read, given):
    with pytest.raises(UsageError, match="want NAME=VALUE, each name once"):
        read(given)
