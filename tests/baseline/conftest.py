"""A project whose target is a small shell script."""

from __future__ import annotations

import pytest

TOML = """
[tasks.t.cases.fast]
params = { n = 3 }
[tasks.t.cases.full]
params = { n = 30 }
[tasks.t.outputs.sum]
key = "sum"
kind = "deterministic"
[targets.t]
task = "t"
adapter = "command"
sources = ["prog"]
args = ["{n}"]
"""


def fill(project):
    """Commit a program and make its baseline."""
    project.write("a", "a file")
    project.write("harness.toml", TOML)
    project.write("prog", "#!/bin/sh\necho sum: $(( $1 * 2 )).0\n").chmod(0o755)
    project.commit()
    project.make()


@pytest.fixture
def begun(begin):
    """A project with a committed program and a sealed baseline."""
    return begin("shell-project", fill)
