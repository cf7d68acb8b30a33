"""The command, on techniques and honest changes that are tried in seconds."""

from __future__ import annotations

import json

import pytest

from harness.cli import cli
from harness.cli.shared.base import guard
from harness.redteam.suite import kinds

FAST = (
    "answer of any seed",
    "answer of the seed",
    "honest: a polynomial",
)


def test_the_techniques_are_named(capfd: pytest.CaptureFixture[str]):
    assert guard(cli, ["redteam", "--list", "--kind", "replay"]) == 0
    told = capfd.readouterr().out
    assert "replay: replay from /tmp (C)" in told
    assert "honest" not in told


def test_known_ways_are_found_out_and_honest_ones_are_not_accused(
    capfd: pytest.CaptureFixture[str],
):
    words = [word for name in FAST for word in ("--only", name)]
    code = guard(cli, ["redteam", "--json", *words])
    found = json.loads(capfd.readouterr().out)["result"]["findings"]
    results = {row["technique"]: row["result"] for row in found}
    assert results == {
        "answer of any seed": "blocked",
        "answer of the seed": "blocked",
        "honest: a polynomial": "kept",
    }
    assert code == 0


@pytest.mark.soak
@pytest.mark.parametrize("kind", kinds())
def test_nothing_is_silent_and_nobody_is_accused(kind: str, capfd: pytest.CaptureFixture[str]):
    code = guard(cli, ["redteam", "--json", "--kind", kind])
    assert code == 0, capfd.readouterr().out
