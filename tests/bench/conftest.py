"""Targets that really run, under a clock whose readings are written in their sources.

The first lines of a program say what it costs; so no test depends on how fast this machine is.
"""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest

from harness.model import Command, Phase, Trial, TrialPlan
from harness.system.process.opening import runners_from
from harness.system.process.runner import LocalRunner

TOML = """
[tasks.t.cases.fast]
params = { n = 1 }
[tasks.t.cases.full]
params = { n = 8 }
[tasks.t.outputs.sum]
key = "sum"
kind = "deterministic"
[targets.t]
task = "t"
adapter = "command"
sources = ["prog"]
args = ["{n}"]
"""

NOISE = 0.002


class ScriptedClock(LocalRunner):
    """Runs programs and reads their time off a line such as `# cost: 20 work 0.7 full 160`.

    `cost` is in milliseconds; `NAME SHARE` adds a phase; `full MS` is the cost of n = 8; `rss MIB`
    and `threads N` change memory and CPU time.
    """

    rng = random.Random(7)

    def trial(self, command: Command, plan: TrialPlan) -> Trial:
        trial = super().trial(command, plan)
        assert command.target is not None
        words = re.search(r"# cost: (.*)", command.target.sources[0].read_text())
        assert words is not None
        cost, *rest = words[1].split()
        said = dict(zip(rest[::2], map(float, rest[1::2]), strict=True))
        full = command.argv[-1] == "8"
        wall = (said.get("full", 8 * float(cost)) if full else float(cost)) * 1e6
        wall_ns = round(wall * (1 + self.rng.uniform(-NOISE, NOISE))) | 1
        special = {"full", "rss", "threads"}
        phases = tuple(
            Phase(name, 1, round(wall_ns * share * (1 + self.rng.uniform(-NOISE, NOISE))) | 1)
            for name, share in said.items()
            if name not in special
        )
        return replace(
            trial,
            wall_ns=wall_ns,
            user_ns=round(wall_ns * said.get("threads", 1)),
            sys_ns=0,
            steal_ns=0,
            pressure_ns=0,
            threads=None,
            voluntary_switches=3,
            involuntary_switches=0,
            max_rss_bytes=round(said.get("rss", 2) * 2**20),
            phases=phases,
        )


def program(cost: str, text: str = "echo sum: $(( $1 * 2 )).0") -> str:
    return f"#!/bin/sh\n# cost: {cost}\n{text}\n"


def fill(project):
    """A baseline of 20 ms: 14 in the phase `work`, 4 in `io`."""
    project.write("harness.toml", TOML)
    project.write("prog", program("20 work 0.7 io 0.2")).chmod(0o755)
    project.commit()
    project.make(trials=7)


@pytest.fixture
def begun(begin, monkeypatch):
    """A project with that baseline, and the scripted clock at work."""
    monkeypatch.setattr(ScriptedClock, "rng", random.Random(7))
    with runners_from(ScriptedClock):
        project = begin("clocked-project", fill)
        # The first test has made it, the others have not: all of them begin here.
        ScriptedClock.rng.seed(7)
        yield project
