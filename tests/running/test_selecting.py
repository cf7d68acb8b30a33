"""What goes on with a run that was interrupted."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.running.selecting import going_on
from harness.system.store.run_file import StoredRun

KEPT = "begins it anew; what was measured is kept in its folder."


@pytest.mark.parametrize(
    ("kind", "command", "words"),
    [
        ("configured", ["run", "a"], "harness run --resume R"),
        ("ad hoc", ["run", "a.c", "--", "3"], "harness run --resume R"),
        ("sweep", ["run", "a", "--sweep", "n=1,2"], "harness run a --sweep n=1,2 --resume"),
        (
            "sweep",
            ["compare", "a {n}", "b", "--sweep", "n=1,2", "--", "{n}"],
            "harness compare 'a {n}' b --sweep n=1,2 --resume -- '{n}'",
        ),
        ("sweep", ["run", "a", "--resume", "--sweep", "n=1,2"], "harness run a --resume --sweep"),
        ("sweep", ["-c"], "The same call with resume=True goes on."),
        ("compare", ["compare", "a", "b"], f"harness compare a b {KEPT}"),
        ("compare", ["/work/kernel.py"], f"The same call {KEPT}"),
    ],
)
def test_what_goes_on_with_a_run(kind: str, command: list[str], words: str):
    plan = {"origin": {"kind": kind}, "command": command}
    said = going_on(StoredRun("R", Path(), plan, finished=False, summary={}))
    assert said.startswith(words)
