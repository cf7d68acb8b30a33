"""The cluster that the tests of the SLURM executor run on: that it is up, and runs a job."""

from __future__ import annotations

from tests.waiting import until


def test_a_job_runs_on_a_node_with_a_name_of_its_own(slurm, tmp_path):
    out = tmp_path / "out"
    done = slurm.run("sbatch", "--parsable", "-w", "n2", "-o", str(out), "--wrap", "hostname")
    assert done.returncode == 0, done.stderr
    until(lambda: out.exists() and out.read_text() == "n2\n", pause_s=0.1)
