"""The cluster that the tests of the SLURM executor run on: that it is up, and runs a job."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(ready: Callable[[], bool], limit_s: float = 60.0) -> None:
    """Wait for something that is sure to come; fail where it does not."""
    end = time.monotonic() + limit_s
    while not ready():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.1)


def test_a_job_runs_on_a_node_with_a_name_of_its_own(slurm, tmp_path):
    out = tmp_path / "out"
    done = slurm.run("sbatch", "--parsable", "-w", "n2", "-o", str(out), "--wrap", "hostname")
    assert done.returncode == 0, done.stderr
    until(lambda: out.exists() and out.read_text() == "n2\n")
