"""Hands jobs to the scheduler as it takes them, and waits until every shard has its file.

Files decide; what the scheduler says tells people how it goes, and when a file is not waited for
any longer: when no job of a shard is left, and its files have had time to be seen here.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import field, replace

from harness.cluster.folder import AttemptFile, ClusterFolder, folders_of, those_that_count
from harness.cluster.spreading import ClusterOptions
from harness.errors import NotAllowed, UsageError
from harness.frozen import dataclass
from harness.hookspecs import Runner
from harness.model.engines import JobPhase, JobState, Limits, Work
from harness.plugins import Executor

_WAITED_IN_VAIN = (JobPhase.HELD, JobPhase.NEVER)
LOOKED_S = 1.0
"""How often the run's own folder is looked at."""


@dataclass(frozen=True, slots=True)
class HowFar:
    """How far a run is."""

    shards: int
    done: int
    running: int
    pending: int
    waiting: int
    """Jobs that were not handed to the scheduler yet."""
    reasons: tuple[str, ...] = ()
    """Why jobs do not run yet, each with their number."""
    left: str = ""
    """The longest time that a running job may still take."""
    answered: bool = True

    def __str__(self) -> str:
        said = [f"{self.done} of {self.shards} shards done"]
        if not self.answered:
            return f"{said[0]}; the scheduler does not answer"
        said += [f"{self.running} job{'s' * (self.running != 1)} running"] * bool(self.running)
        if self.pending:
            why = f" ({', '.join(self.reasons)})" if self.reasons else ""
            said.append(f"{self.pending} pending{why}")
        said += [f"{self.waiting} not submitted yet"] * bool(self.waiting)
        said += [f"at most {self.left} left"] * bool(self.left)
        return ", ".join(said)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A scheduler with what is said to it."""

    executor: Executor
    options: ClusterOptions
    runner: Runner

    def jobs(self, name: str) -> Sequence[JobState] | None:
        """The jobs of a run that are not over; None where the scheduler does not answer."""
        return self.executor.jobs(name, self.options.own, self.runner)

    def limits(self) -> Limits:
        """How many jobs it takes."""
        return self.executor.limits(self.options.own, self.runner)

    def submit(self, work: Work) -> bool:
        """Hand jobs over; False where it does not take them now."""
        return self.executor.submit(work, self.options.own, self.runner)

    def cancel(self, name: str) -> bool:
        """End all jobs of a run; False where the scheduler does not answer."""
        return self.executor.cancel(name, self.options.own, self.runner)


@dataclass(slots=True)
class RunWatch:
    """One process's look at a run that goes on; any number of them may look at once."""

    folder: ClusterFolder
    cluster: Cluster
    command: Callable[[], tuple[str, ...]]
    """What a job runs, before its number."""
    tell: Callable[[str], None]
    shards: int
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    limits: Limits | None = None
    wait_s: float | None = None
    """What is not done by then is not waited for; None: as long as there is hope."""
    jobs: dict[int, list[int]] = field(default_factory=dict)
    """The shards of each job that has some which are not done."""
    done: dict[int, AttemptFile] = field(default_factory=dict)
    last: HowFar | None = None
    refused_s: float | None = None
    """Since when a single job was not taken; the next two: since when nobody has answered, and
    since when no job is left."""
    away_s: float | None = None
    gone_s: float | None = None

    def until_over(self) -> dict[int, AttemptFile]:
        """Submit and wait until every shard is done, or none of the rest is to be expected."""
        options = self.cluster.options
        self.jobs = dict(self.folder.jobs_of(self.folder.ranges()))
        asked_s, began_s = -options.poll_s, self.now()
        while True:
            look_s = self.now()
            self.look()
            looked_s = self.now() - look_s
            if len(self.done) >= self.shards or self.folder.cancelled:
                return self.done
            if self.wait_s is not None and look_s - began_s > self.wait_s:
                return self.done
            # Our own folder may be looked at often, the scheduler may not.
            if self.now() - asked_s >= options.poll_s:
                asked_s = self.now()
                live = self.cluster.jobs(self.folder.name)
                if self._is_over(live):
                    self._end_those_that_never_run(live or ())
                    return self.done
            # A tenth of the time at most is spent on looking, however many files there are.
            self.sleep(max(min(LOOKED_S, options.poll_s), 10 * looked_s))

    def _is_over(self, live: Sequence[JobState] | None) -> bool:
        """Is no further file to be expected? Submits what is to be submitted, where it can be."""
        now_s, options = self.now(), self.cluster.options
        if live is None:
            self.away_s = now_s if self.away_s is None else self.away_s
            if now_s - self.away_s > options.patience_s:
                raise NotAllowed(
                    f"the scheduler has not answered for {options.patience_s:.0f} s",
                    hint=f"The jobs go on by themselves: `harness attach {self.folder.run_id}`"
                    " when it is back.",
                )
        else:
            self.away_s = None
            idle = self._submit(live) and all(job.phase in _WAITED_IN_VAIN for job in live)
            self.gone_s = (now_s if self.gone_s is None else self.gone_s) if idle else None
        self._say(live)
        return self.gone_s is not None and now_s - self.gone_s > options.settle_s

    def _end_those_that_never_run(self, live: Sequence[JobState]) -> None:
        """Take jobs that wait in vain from the queue, and say why; where nothing was done yet."""
        reasons = dict.fromkeys(job.reason for job in live if job.phase is JobPhase.NEVER)
        if self.done or not reasons:
            return
        self.folder.cancel()
        self.cluster.cancel(self.folder.name)
        raise UsageError(
            f"the scheduler would never run the jobs as they are asked for: {', '.join(reasons)}",
            hint="They were taken back. See the executor's table in harness.toml: partition, time,"
            " nodes, account.",
        )

    def look(self) -> None:
        """See which shards are done; folders whose shards all are done are not read again."""
        open_ones = set(range(self.shards)) - self.done.keys()
        self.done |= those_that_count(self.folder.attempts(sorted(folders_of(open_ones))))
        self.jobs = {
            number: shards
            for number, shards in self.jobs.items()
            if any(shard not in self.done for shard in shards)
        }

    def _submit(self, live: Sequence[JobState]) -> bool:
        """Hand over the next jobs that fit in one call; True where all were handed over before."""
        handed = self.folder.submitted() | {job.number for job in live}
        numbers = sorted(self.jobs.keys() - handed)
        if not numbers:
            return True
        self.limits = self.limits or self.cluster.limits()
        room = min(self.limits.waiting - len(live), self.limits.at_once)
        if room < 1:
            return False
        first = numbers[0]
        together, node = self.folder.planned_with(first)
        most, count = min(room, len(numbers), together), 1
        while count < most and numbers[count] == first + count:
            count += 1
        work = work_of(self.folder, self.command(), (first, count), self.cluster.options)
        work = replace(work, node=node)
        if self.cluster.submit(work):
            self.folder.mark_submitted(first, count)
            self.refused_s = None
        elif count > 1:
            self.limits = Limits(max(1, count // 2), self.limits.waiting)
        elif not live:
            self._refused()
        return False

    def _refused(self) -> None:
        """A single job is not taken though none of ours is there: not for ever."""
        now_s = self.now()
        self.refused_s = now_s if self.refused_s is None else self.refused_s
        if now_s - self.refused_s > self.cluster.options.patience_s:
            raise UsageError(
                "the scheduler has not taken a single job for"
                f" {self.cluster.options.patience_s:.0f} s",
                hint="Are other jobs of yours in the way of a submit limit? See `squeue --me`.",
            )

    def _say(self, live: Sequence[JobState] | None) -> None:
        now = progress_of(self, live)
        if now != self.last:
            self.last = now
            self.tell(str(now))


def work_of(
    folder: ClusterFolder,
    command: tuple[str, ...],
    numbers: tuple[int, int],
    options: ClusterOptions,
) -> Work:
    """Jobs from a first one on, as many as said, as they are handed over."""
    first, count = numbers
    return Work(folder.name, command, first, count, folder.logs, options.time_s)


def progress_of(watch: RunWatch, live: Sequence[JobState] | None) -> HowFar:
    """How far the run is, by files and by what the scheduler says."""
    pending = [job for job in live or () if job.phase is not JobPhase.RUNNING]
    running = [job for job in live or () if job.phase is JobPhase.RUNNING]
    reasons = Counter(job.reason for job in pending if job.reason)
    handed = watch.folder.submitted() | {job.number for job in live or ()}
    return HowFar(
        shards=watch.shards,
        done=len(watch.done),
        running=len(running),
        pending=len(pending),
        waiting=len(watch.jobs.keys() - handed),
        reasons=tuple(f"{count} {why}" for why, count in reasons.most_common(3)),
        left=max((job.left for job in running), key=lambda left: (len(left), left), default=""),
        answered=live is not None,
    )
