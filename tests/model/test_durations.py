"""Durations, read and written."""

import pytest

from harness.errors import ConfigError
from harness.model.durations import parse_duration_ns, write_duration


@pytest.mark.parametrize("ns", [1, 999_999_999, 1_000_000_000, 61_500_000_000, 7e12])
def test_what_is_written_reads_back_as_no_less_and_within_a_second(ns):
    assert 0 <= parse_duration_ns(write_duration(ns), "x") - ns < 1e9


@pytest.mark.parametrize(("ns", "written"), [(12.1e9, "13s"), (123.4e9, "130s"), (1, "1s")])
def test_a_duration_is_rounded_up_to_the_digits_asked_for(ns, written):
    assert write_duration(ns, digits=2) == written


def test_what_is_no_duration_is_named():
    with pytest.raises(ConfigError, match=r"budget: want a duration above 0.*'soon'"):
        parse_duration_ns("soon", "budget")
