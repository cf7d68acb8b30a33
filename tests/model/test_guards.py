"""Guards as people write them: shares, amounts with units, tables, and what makes no sense."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.model.guards import Guard, guards_in


@pytest.mark.parametrize(
    ("text", "name", "share", "amount"),
    [
        ("max_rss=5%", "memory", 0.05, None),
        ("p95 = 2 %", "p95", 0.02, None),
        ("binary_bytes=50 KiB", "binary_bytes", None, 51200.0),
        ("wall=2ms", "wall", None, 2e6),
        ("page_faults=10", "page_faults", None, 10.0),
        ("energy=0.5 J", "energy", None, 0.5),
        ("cpu=0", "cpu", 0.0, None),
    ],
)
def test_a_limit_is_a_share_or_an_amount(text, name, share, amount):
    (guard,) = guards_in(text, "guard")
    assert (guard.name, guard.share) == (name, share)
    assert amount is None or guard.amount == amount
    assert guards_in([str(guard)], "guard") == (guard,)


def test_a_table_and_several_texts_are_the_same():
    wanted = (Guard("memory", "5%"), Guard("p95", "2%"))
    assert guards_in({"max_rss": "5%", "p95": "2%"}, "guards") == wanted
    assert guards_in(("max_rss=5%", "p95=2%"), "guard") == wanted
    assert guards_in("max_rss=5%,p95=2%", "guard") == wanted
    assert guards_in((), "guard") == ()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("max_rss", "want NAME=LIMIT"),
        ("max_rss=", "want a figure and how much worse"),
        ("max_rss=-5%", "want a figure and how much worse"),
        ("a b=5%", "want a figure and how much worse"),
        ("p95=5ms", "p95: want a share"),
        ("mean=7", "mean: want a share"),
        ("max_rss=5%,memory=6%", "memory has two limits"),
        ({"max_rss": True}, "want a limit such as"),
        (7, "guard:"),
    ],
)
def test_what_makes_no_sense_is_refused(value, words):
    with pytest.raises(UsageError, match=words):
        guards_in(value, "guard")
