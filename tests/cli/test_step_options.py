"""What a campaign settles is refused on the command line of its steps, never passed over."""

from __future__ import annotations

import pytest

from harness.cli.bench import bench_command
from harness.cli.campaign.steps import _OF_A_LOOK, _refuse_others
from harness.errors import UsageError


@pytest.mark.parametrize(
    "words",
    [
        ("--case", "nosuch"),
        ("--guard", "max_rss=5%"),
        ("--startup",),
        ("--metric", "cpu"),
        ("--trials", "5"),
        ("--results", "elsewhere"),
    ],
)
def test_an_option_that_a_campaign_settles_is_refused(words):
    said = f"{words[0]} is not the command line's to say"
    with (
        bench_command.make_context("bench", list(words)),
        pytest.raises(UsageError, match=said),
    ):
        _refuse_others(_OF_A_LOOK, "")


def test_what_is_left_open_is_taken():
    words = ["--budget", "5s", "--validate-full", "--then", "auto", "--notes", "n", "--json"]
    with bench_command.make_context("bench", words):
        _refuse_others(_OF_A_LOOK, "")
