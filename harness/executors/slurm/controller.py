"""What SLURM is asked and told: each function is one call, or two, of its programs."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.errors import ToolchainMissing, TrialFailed, UsageError
from harness.executors.slurm.sbatch_options import SlurmOptions
from harness.executors.slurm.script import script_of
from harness.hookspecs import Runner
from harness.model import Completed
from harness.model.engines import ClusterNode, JobPhase, JobState, Limits, Work

_PATIENCE_S = 60.0
_FEW = Limits(at_once=1000, waiting=1000)
"""Where the scheduler does not say."""

_TOO_MANY = re.compile(
    r"AssocMaxSubmitJobLimit|QOSMaxSubmitJob|MaxSubmitJobs|maximum job count"
    r"|Job violates accounting/QOS policy|Resource temporarily unavailable"
    r"|Invalid job array specification",  # longer than MaxArraySize, where that could not be asked
    re.IGNORECASE,
)
_AWAY = re.compile(
    r"Unable to contact slurm controller|Socket timed out|Connection refused|Zero Bytes"
    r"|Communication connection failure|Transport endpoint",
    re.IGNORECASE,
)
_TAKING = frozenset({"idle", "mixed", "allocated", "completing", "planned"})
"""States of nodes that run jobs now or soon."""
_NEVER = re.compile(
    r"Partition(Config|NodeLimit|TimeLimit)|BadConstraints|Invalid(Account|QOS)"
    r"|(Account|QOS)NotAllowed|(Assoc|QOS)Max(WallDuration|Node|Cpu|Mem|Memory)PerJob(Limit)?"
)
"""Reasons of jobs that wait for what does not come by waiting: the request has to be another."""
_EXPRESSION = re.compile(r"[^\w.-]")
_ACTIVE = {"PD": JobPhase.PENDING, "RQ": JobPhase.PENDING, "RH": JobPhase.PENDING}
"""States in which a job that is listed does not run; in all others it does, or is about to end."""


def _call(runner: Runner, *words: str) -> Completed:
    try:
        return runner.tool(words, timeout_s=_PATIENCE_S)
    except ToolchainMissing:
        raise ToolchainMissing(
            f"there is no SLURM here: {words[0]} is not on PATH",
            hint="Log in to the cluster's login node, or `module load slurm`; without `executor`"
            " all runs on this machine.",
        ) from None


def _last_words(done: Completed) -> str:
    """What a program of SLURM complained of last, without its own name."""
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    if not lines:
        return f"exit code {done.exit_code}"
    return lines[-1].partition(": ")[2] or lines[-1]


def is_away(problem: str) -> bool:
    """Does a program of SLURM say that the controller does not answer?"""
    return _AWAY.search(problem) is not None


def limits(options: SlurmOptions, runner: Runner) -> Limits:
    """What the controller's configuration says, and the user's own limits where they are kept."""
    done = _call(runner, "scontrol", "show", "config")
    if done.exit_code != 0 and not is_away(done.stderr):
        raise ToolchainMissing(
            f"SLURM's programs are here, and know of no cluster: {_last_words(done)}",
            hint="Log in to the cluster's login node, or say where its slurm.conf is: SLURM_CONF.",
        )
    found = dict(re.findall(r"^(\w+)\s*=\s*(\d+)", done.stdout, re.MULTILINE))
    at_once = int(found.get("MaxArraySize", _FEW.at_once))
    waiting = int(found.get("MaxJobCount", 2 * _FEW.waiting)) // 2  # others have jobs, too
    own = _own_limits(options, runner)
    # An index reaches from 0 to MaxArraySize - 1; a size of 0 or 1 means no arrays to speak of.
    most = max(1, min([at_once - 1, waiting, *own]))
    return Limits(at_once=most, waiting=max(1, min([waiting, *own])))


def _own_limits(options: SlurmOptions, runner: Runner) -> list[int]:
    """How many jobs the user may submit, by account and quality of service; empty: unknown."""
    try:
        words = ("format=Account,MaxSubmitJobs", "withassoc")
        done = runner.tool(
            ["sacctmgr", "-nP", "show", "user", "where", f"name={_user(runner)}", *words],
            timeout_s=_PATIENCE_S,
        )
    except (ToolchainMissing, TrialFailed):
        return []
    rows = [line.split("|") for line in done.stdout.splitlines() if done.exit_code == 0]
    mine = [row for row in rows if len(row) > 1 and options.account in (None, row[0])]
    return [int(row[1]) for row in mine if row[1].isdigit() and int(row[1]) > 0]


def _user(runner: Runner) -> str:
    return runner.tool(["id", "-un"], timeout_s=_PATIENCE_S).stdout.strip()


def submit(work: Work, options: SlurmOptions, runner: Runner) -> bool:
    """Submit an array; False where a limit is hit or nobody answers now: try again later.

    Raises UsageError with SLURM's own words where it will never be taken.
    """
    with tempfile.TemporaryDirectory(prefix="harness-sbatch-") as folder:
        path = Path(folder) / "script"
        path.write_text(script_of(work, options), encoding="utf-8")
        done = _call(runner, "sbatch", "--parsable", str(path))
    if done.exit_code == 0:
        return True
    words = done.stderr.strip() or done.stdout.strip()
    if _TOO_MANY.search(words) or is_away(words):
        return False
    raise UsageError(
        f"SLURM does not take the jobs: {words.removeprefix('sbatch: error: ')}",
        hint="See [executors.slurm]; `sinfo` lists partitions, `sacctmgr show assoc` accounts.",
    )


def jobs(name: str, runner: Runner) -> list[JobState] | None:
    """The jobs of that name that are not over; None where the controller does not answer."""
    rows = _queue(name, runner)
    if rows is None:
        return None
    return [
        JobState(
            number=int(row[0].rpartition("+")[2]) + int(row[1]),
            phase=_phase(row[2], row[3], bound=row[7] not in ("", "(null)")),
            reason=row[3].strip("()") if row[2] in _ACTIVE else "",
            node=row[4],
            left=row[5],
        )
        for row in rows
        if row[1].isdigit()
    ]


def nodes(options: SlurmOptions, runner: Runner) -> list[ClusterNode]:
    """The nodes of the partition, or of the usual one, that have the features asked for; of one
    that takes no jobs its state, with SLURM's reason.

    What is called their kind is what `sinfo` tells of them: features, sockets with their cores and
    threads, memory.
    """
    where = [f"--partition={options.partition}"] if options.partition else []
    done = _call(runner, "sinfo", "-h", "-N", "-o", "%N|%P|%T|%f|%z|%m|%E", *where)
    if done.exit_code != 0:
        raise UsageError(f"SLURM does not say which nodes there are: {done.stderr.strip()}")
    found: dict[str, ClusterNode] = {}
    for line in done.stdout.splitlines():
        told = (*line.split("|", 6), *[""] * 7)[:7]
        name, partition, state, features, cores, memory, reason = told
        usual = options.partition or partition.endswith("*")
        if not usual or not _has_features(options, features.split(",")):
            continue
        # `idle*` does not answer; `draining`, `down` and `reserved` nodes take no new jobs.
        why = state.replace("*", ", which does not answer") + (
            f": {reason}" if reason not in ("", "none") else ""
        )
        lacking = "" if state in _TAKING else why
        found.setdefault(name, ClusterNode(name, f"{features} {cores} {memory} MB", lacking))
    return list(found.values())


def _has_features(options: SlurmOptions, features: Sequence[str]) -> bool:
    """Does a node fit a constraint of plain features? What is written with `|` SLURM tells."""
    wanted = (options.constraint or "").split("&")
    plain = [word for word in wanted if word and not _EXPRESSION.search(word)]
    return all(word in features for word in plain)


def _phase(state: str, reason: str, *, bound: bool) -> JobPhase:
    """Where a job stands; `bound`: it may run on the nodes that it names alone."""
    # `JobHeldUser`, `JobHeldAdmin`, `launch failed requeued held`
    held = "held" in reason.lower()
    # `ReqNodeNotAvail, UnavailableNodes:n3`: its node is down, and nobody says for how long.
    down = bound and "unavailablenodes" in reason.lower()
    if state in _ACTIVE and (held or down):
        return JobPhase.HELD
    if state in _ACTIVE and _NEVER.fullmatch(reason.strip("()")):
        return JobPhase.NEVER
    return _ACTIVE.get(state, JobPhase.RUNNING)


def cancel_jobs(name: str, runner: Runner) -> bool:
    """Cancel all jobs of that name; False where the controller does not answer."""
    rows = _queue(name, runner)
    if rows is None:
        return False
    ids = sorted({row[6] for row in rows})
    if not ids:
        return True
    done = _call(runner, "scancel", *ids)
    return done.exit_code == 0 or not is_away(done.stderr)


def _queue(name: str, runner: Runner) -> list[list[str]] | None:
    """Name, index, state, reason, node, time left, array and nodes asked for of each job."""
    # Not by `-j`: an id that is forgotten already is an error there.
    done = _call(runner, "squeue", "-h", "-r", "--me", "-o", "%j|%K|%t|%r|%N|%L|%F|%n")
    if done.exit_code != 0:
        if is_away(done.stderr):
            return None
        raise TrialFailed(f"squeue failed: {_last_words(done)}")
    rows = [line.split("|") for line in done.stdout.splitlines()]
    return [row for row in rows if len(row) == 8 and row[0].rpartition("+")[0].startswith(name)]
