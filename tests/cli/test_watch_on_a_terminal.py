"""`harness watch` as a person sees it: on a terminal, beside a run, a sweep and a campaign."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.cluster.folder import ClusterFolder, ClusterPlan, clusters_of
from harness.optimise.loop_requests import heeding_requests
from tests.waiting import until

# Once a run is stored each trial waits for a word, so that nothing ends before it was seen.
CONFIG = """
[tasks.t.cases.small]
params = { n = 1 }
[targets.a]
task = "t"
adapter = "command"
args = ["sh", "HERE/wait.sh", "{n}"]
[campaigns.c]
target = "a"
"""
WAIT = """
while ls HERE/.harness/results/*/run.json && [ ! -e HERE/go ]; do sleep 0.05; done >/dev/null 2>&1
echo $1
"""
HARNESS = [sys.executable, "-P", "-m", "harness"]


@pytest.fixture
def project(folder: Path) -> Path:
    (folder / "harness.toml").write_text(CONFIG.replace("HERE", str(folder)))
    (folder / "wait.sh").write_text(WAIT.replace("HERE", f"'{folder}'"))
    return folder


class Terminal:
    """A program on a terminal of 120 columns, and all that it has written there."""

    def __init__(self, *words: str) -> None:
        self.ours, theirs = pty.openpty()
        env = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
        self.process = subprocess.Popen(
            [*HARNESS, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=env
        )
        os.close(theirs)
        self.written = ""

    def read(self) -> str:
        """All that was written so far."""
        while select.select([self.ours], [], [], 0.05)[0]:
            try:
                more = os.read(self.ours, 65536)
            except OSError:  # the program has ended, and its side is closed
                break
            if not more:
                break
            self.written += more.decode("utf-8", "replace")
        return self.written

    def shows(self, words: str) -> None:
        """Wait until that was written since the last time something was waited for."""
        until(lambda: re.search(words, self.read()), limit_s=120)
        self.written = ""

    def ends(self) -> int:
        """Its exit code, once it has ended by itself."""
        until(lambda: (self.read(), self.process.poll())[1] is not None, limit_s=120)
        return self.process.returncode


@contextmanager
def terminal(*words: str) -> Iterator[Terminal]:
    shown = Terminal(*words)
    try:
        yield shown
    finally:
        if shown.process.poll() is None:
            shown.process.kill()
        shown.process.wait()
        os.close(shown.ours)


@contextmanager
def measuring(project: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A run in the background, seen to have begun; it goes on once `go` is there."""
    with subprocess.Popen(
        [*HARNESS, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        try:
            yield run
        finally:
            (project / "go").touch()
            run.wait()


@pytest.mark.parametrize("words", [("--trials", "3"), ("--sweep", "n=1,2", "--trials", "2")])
def test_a_run_is_followed_to_its_end(project, words):
    with measuring(project, "run", "a", *words) as run:
        until(lambda: list(project.glob(".harness/results/*/run.json")), limit_s=120)
        with terminal("watch", "--every", "0.1") as seen:
            seen.shows(r"harness run a|run a")
            (project / "go").touch()
            assert seen.ends() == 0
            assert "\x1b[?25h" in seen.written  # the cursor is there again
        assert run.wait() == 0


def test_a_run_on_a_cluster_is_followed_until_it_is_called_off(project):
    words = ("run", "slurm", "tree", "harness", "python")
    kind, executor, tree, ours, python = words
    plan = ClusterPlan(
        run_id="20261128-000000-00000000",
        kind=kind,
        executor=executor,
        tree=tree,
        harness=ours,
        python=python,
        table={},
        settings={},
        origin={},
        folder=".",
        shards=2,
        started_at_ns=time.time_ns(),
        command=["run", "a"],
    )
    folder = ClusterFolder(clusters_of(project / ".harness/results") / plan.run_id)
    folder.create(plan, [])
    with terminal("watch", "--every", "0.1") as seen:
        seen.shows("run a on slurm: 0 of 2 shards done, 2 to go")
        folder.place(0).mkdir()
        (folder.place(0) / "s0000000-a1-0123456789ab.parquet").touch()
        seen.shows("1 of 2 shards done, 1 to go")
        folder.cancel()
        assert seen.ends() == 0


def test_a_campaign_is_seen_to_be_paused_stopped_and_let_go_on(project):
    def asks(option: str) -> None:
        subprocess.run([*HARNESS, "watch", option], check=True, capture_output=True)

    at_work = heeding_requests(project, "c")
    with at_work, terminal("watch", "--campaign", "c", "--every", "0.1") as seen:
        seen.shows("campaign c: START")
        asks("--pause")
        seen.shows("asked to pause")
        asks("--stop")
        seen.shows("asked to stop")
        asks("--continue")
        seen.shows(r"campaign c: START(?!.*asked)")
        seen.process.send_signal(signal.SIGINT)
        assert seen.ends() == 130
        assert "Traceback" not in seen.written
