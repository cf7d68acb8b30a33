"""SLURM: array jobs by `sbatch`; `[executors.slurm]` of harness.toml says with what options.

Plain `sbatch --array --requeue` behind a thin module: docs/clusters.md says why no library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.executors.slurm import controller
from harness.executors.slurm.sbatch_options import SlurmOptions
from harness.executors.slurm.script import script_of
from harness.hookspecs import Runner, hookimpl
from harness.model.engines import ClusterNode, JobState, Limits, Work


@hookimpl
def harness_script(work: Work, options: Mapping[str, Any]) -> str:
    return script_of(work, SlurmOptions.of(options))


@hookimpl
def harness_limits(options: Mapping[str, Any], runner: Runner) -> Limits:
    return controller.limits(SlurmOptions.of(options), runner)


@hookimpl
def harness_submit(work: Work, options: Mapping[str, Any], runner: Runner) -> bool:
    return controller.submit(work, SlurmOptions.of(options), runner)


@hookimpl
def harness_jobs(name: str, runner: Runner) -> Sequence[JobState] | None:
    return controller.jobs(name, runner)


@hookimpl
def harness_nodes(options: Mapping[str, Any], runner: Runner) -> Sequence[ClusterNode]:
    return controller.nodes(SlurmOptions.of(options), runner)


@hookimpl
def harness_cancel(name: str, runner: Runner) -> bool:
    return controller.cancel_jobs(name, runner)
