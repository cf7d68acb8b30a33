"""The batch script of a submission."""

from __future__ import annotations

import shlex

from harness.executors.slurm.sbatch_options import SlurmOptions
from harness.model.engines import Work

WARNED_S = 30
"""How long before its time limit a job is told, so that it closes what it writes."""


def array_name(work: Work) -> str:
    """The name of the array: the work's, and what is added to an index to have the job's number."""
    return f"{work.name}+{work.first}"


def script_of(work: Work, options: SlurmOptions) -> str:
    """The script: options of `sbatch`, the user's setup, and the command in the shell's place."""
    most = f"%{options.at_once}" if options.at_once else ""
    words = [
        f"--job-name={array_name(work)}",
        f"--array=0-{work.count - 1}{most}",
        f"--output={work.logs}/%A_%a.log",
        "--open-mode=append",
        "--requeue",
        f"--signal=B:USR1@{WARNED_S}",
        *options.words,
        *[f"--nodelist={work.node}"] * bool(work.node),
    ]
    if work.time_s is not None:
        minutes, seconds = divmod(work.time_s, 60)
        words.append(f"--time={minutes}:{seconds:02}")
    exports = [f"export {name}={shlex.quote(value)}" for name, value in options.environment.items()]
    lines = [
        "#!/bin/bash",
        *(f"#SBATCH {shlex.quote(word)}" for word in words),
        *options.setup,
        *exports,
        'export HARNESS_JOB="${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"',
        'export HARNESS_RESTARTS="${SLURM_RESTART_COUNT:-0}"',
        # In the shell's place: the warning before the time limit goes to the batch process alone.
        f"exec {shlex.join(work.command)} $(({work.first} + SLURM_ARRAY_TASK_ID))",
    ]
    return "\n".join(lines) + "\n"
