"""What the launcher is told: a job for each trial, made once for those that are alike."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from harness.frozen import dataclass
from harness.model import Command, Jail, Mode, SteadyPlan, TrialPlan
from harness.model import environment as environment_names
from harness.model.environment import PAD
from harness.system.launcher.protocol import RANK_VARIABLES
from harness.system.launcher.wire import Job, WrittenJob
from harness.system.process.execution import Execution
from harness.system.process.own_figures import figures_file
from harness.system.process.sharing import HASH_SEEDS, padded, padding, taken_bytes

FIXED_ENVIRONMENT = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}

FRESH = Path("/tmp")
"""The folder in a jail with a root of its own that is empty at the start of each trial."""

DEFAULT_MAX_FILE_BYTES = 268_435_456
"""The value for a command without a target."""

_MOST_KEPT = 64


@dataclass(frozen=True, slots=True)
class _Like:
    """What a job follows from, but for the words of its command and for its folder."""

    command: Command
    program: str
    outside: tuple[str | None, str | None]
    """PATH and HOME of ours."""
    timeout_ns: int
    cpus: tuple[int, ...]
    phases: bool
    steady: SteadyPlan | None


@dataclass(frozen=True, slots=True)
class _Kept:
    """A job that was made, and what each of the trials that are like it adds to its variables."""

    like: _Like
    job: WrittenJob
    seeds: tuple[str, ...]
    """The seeds of hashes that are the block's, not the command's own."""
    taken: int
    """Bytes above the stack without the values of these, and without the padding."""

    def more(self, pad_bytes: int) -> str:
        """The variables of a trial, with zero bytes between them."""
        number = str(pad_bytes)
        pad = padding(pad_bytes, self.taken + len(self.seeds) * len(number))
        return "\0".join([*(f"{seed}={number}" for seed in self.seeds), f"{PAD}={pad}"])


class Jobs:
    """Makes jobs; that of an earlier trial serves again where the block's draw alone is another.

    A job is made between two trials, and what is done there is what a trial costs.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[tuple[str, ...], str], _Kept] = {}

    def of(self, execution: Execution, plan: TrialPlan) -> tuple[WrittenJob, str]:
        """What the launcher is told to execute a command, and the variables that it adds."""
        if execution.confined.level is not Jail.NONE:
            return WrittenJob.of(make_job(execution, plan)), ""
        command = execution.command
        like = _Like(
            command,
            str(execution.program),
            (os.environ.get("PATH"), os.environ.get("HOME")),
            plan.timeout_ns,
            plan.cpus,
            plan.phases,
            plan.steady if plan.mode is Mode.STEADY else None,
        )
        key = command.argv, execution.folder.name
        kept = self._kept.get(key)
        if kept is None or kept.like != like:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            kept = self._kept[key] = _made(like, make_job(execution, plan))
        return kept.job, kept.more(plan.pad_bytes)


def _made(like: _Like, whole: Job) -> _Kept:
    seeds = tuple(seed for seed in HASH_SEEDS if seed not in like.command.env)
    drawn = (*seeds, PAD)
    job = replace(whole, env={k: v for k, v in whole.env.items() if k not in drawn})
    taken = taken_bytes(whole.argv, {**job.env, **dict.fromkeys(drawn, "")})
    return _Kept(like, WrittenJob.of(job), seeds, taken)


def make_job(execution: Execution, plan: TrialPlan) -> Job:
    """What the launcher is told to execute a command."""
    command, folder, confined = execution.command, execution.folder, execution.confined
    target = command.target
    in_scratch = execution.work == folder.work
    argv = (str(execution.program), *command.argv[1:])
    return Job(
        argv=argv,
        env=padded(argv, environment(execution, plan), plan.pad_bytes),
        folder=execution.inside.work if in_scratch else execution.work,
        stdin=target.stdin if target and target.stdin else folder.stdin,
        stdout=folder.stdout,
        stderr=folder.stderr,
        timeout_ns=plan.timeout_ns,
        cpus=plan.cpus,
        max_file_bytes=target.max_output_bytes if target else DEFAULT_MAX_FILE_BYTES,
        steady=plan.steady if plan.mode is Mode.STEADY else None,
        jail=confined.policy,
        own=folder.root.name if confined.has_own_root else str(folder.root),
        scratch=folder.name if folder.places.sized and confined.level is Jail.NONE else "",
    )


OF_SCHEDULERS = ("SLURM_", "PMI_", "PMIX_", "OMPI_", "PRTE_", "I_MPI_", "HYDRA_")
"""How variables begin that `srun` and `mpirun` are told their nodes and CPUs by."""


def environment(execution: Execution, plan: TrialPlan) -> dict[str, str]:
    """The whole environment of a target; `harness.system.process.runner` says why each is there."""
    command, inside, target = execution.command, execution.inside, execution.command.target
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/"),
        **FIXED_ENVIRONMENT,
        **dict.fromkeys(HASH_SEEDS, str(plan.pad_bytes)),
        "TMPDIR": str(inside.tmp),
        environment_names.PAD: "",
    }
    if plan.phases:
        env[environment_names.PHASES] = str(inside.phases)
    if target and target.launch:
        # Where ranks may run is what the scheduler said to this process. Its own number is that of
        # no rank of the target: it may be a rank itself (a batch script is rank 0).
        env |= {
            name: value
            for name, value in os.environ.items()
            if name.startswith(OF_SCHEDULERS) and name not in RANK_VARIABLES
        }
    if target and target.metrics:
        env[environment_names.METRICS] = str(figures_file(inside))
    confined = execution.confined
    if confined.level is Jail.NONE:
        return {**env, **command.env}
    fresh = FRESH if confined.has_own_root else inside.tmp
    env["HOME"] = str(fresh / "home" if confined.has_own_root else fresh)
    let_in = target.jail.env if target else ()
    env |= {name: os.environ[name] for name in let_in if name in os.environ}
    if confined.level is Jail.PRIVATE:
        return {**env, **command.env}
    replaced = {k: v.replace("{fresh}", str(fresh)) for k, v in command.fresh.items()}
    return {**env, **command.env, **replaced}
