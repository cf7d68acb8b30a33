#!/usr/bin/env python3
"""What a cluster's run costs, whether it biases, and which limit breaks first as runs grow.

    benchmarks/clusters.py gather [FILES] [ROWS]     gather ROWS rows from FILES attempts' files
    benchmarks/clusters.py limits                    files, calls and memory, up to a million shards
    benchmarks/clusters.py slurm [SHARDS] [RUNS]     what a shard costs beside its trials, and A/A

The first writes attempts' files of a hundred rows (10,000 files, a million rows, unless said) and
gathers them in a process of its own, as `harness attach` does. The second one is arithmetic on what
`harness.cluster` does, with its constants, and a simulated scheduler that takes so many jobs. The
third one starts a real SLURM of virtual nodes. It runs SHARDS tasks of two targets (30) in one job,
from submission to the gathered run, and takes off what their trials took: by the clock, and by CPU
time, which a busy machine changes less. Then it compares a program with itself RUNS times (10) here
and there, in turns, and counts verdicts.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.cluster.awaiting import Cluster, RunWatch
from harness.cluster.folder import ClusterFolder, ClusterShard, attempt_path
from harness.cluster.packing import packed, shard_seconds, shards_per_job
from harness.cluster.spreading import ClusterOptions
from harness.model.engines import JobPhase, JobState, Limits
from harness.running.settings import Settings
from harness.system.store.attempts import AttemptReader, write_attempt, write_gathered
from harness.system.store.described import Described
from harness.system.store.run_file import read_run
from harness.system.store.runs import RunWriter
from harness.testing.makers import make_record, make_trial

GOAL_S, GOAL_MB = 5.0, 500


def one_run(folder: Path, rows: int) -> None:
    """A stored run of as many trials of two targets, with figures that differ as real ones do."""
    with RunWriter(folder, {"started_at_ns": 0}, "host") as writer:
        for number in range(rows):
            wall_ns = 1_000_000 + number * 7919 % 100_003
            trial = make_trial(
                wall_ns,
                user_ns=wall_ns * 3 // 4,
                sys_ns=wall_ns // 5,
                max_rss_bytes=1_600_000 + number * 4096 % 65_536,
                minor_faults=100 + number % 9,
                involuntary_switches=number % 3,
            )
            writer.append(
                make_record(
                    trial,
                    target=("one", "two")[number % 2],
                    build_digest=("a" * 64, "b" * 64)[number % 2],
                    block=number // 2,
                    position=number % 2,
                    started_at_ns=1_700_000_000_000_000_000 + number * 3_000_000,
                )
            )
        writer.finish({}, frozenset())


def make(base: Path, files: int, rows: int) -> None:
    """The attempts' files of a run; one is written by the harness, the others are its copies."""
    one_run(base / "one", rows // files)
    first = base / "first.parquet"
    write_attempt(first, read_run(base / "one"), {"node": "n1"})
    content = first.read_bytes()
    folder = ClusterFolder(base / "run")
    for shard in range(files):
        path = attempt_path(folder, shard, 1).path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def gather(base: Path) -> None:
    """Gather what `make` made, and print what it took."""
    import pyarrow
    import pyarrow.parquet  # noqa: F401

    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began_s, cpu_s = time.monotonic(), time.process_time()
    found = ClusterFolder(base / "run").attempts()
    paths = sorted(each.path for each in found)
    reader = AttemptReader()
    read = [reader.read(path) for path in paths]
    looked_s = time.monotonic() - began_s
    write_gathered(base / "gathered", {"plan": {}, "summary": {}}, read, Described())
    print(
        json.dumps(
            {
                "wall_s": round(time.monotonic() - began_s, 2),
                "cpu_s": round(time.process_time() - cpu_s, 2),
                "looking_s": round(looked_s, 2),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "before_mb": before_kb // 1024,
                "bytes": (base / "gathered" / "trials.parquet").stat().st_size,
            }
        )
    )


class Scheduler:
    """Takes as many jobs as its limits say, runs as many as there are nodes; time is a number."""

    def __init__(self, nodes: int, limits: Limits, job_s: float) -> None:
        self.nodes, self.most, self.job_s = nodes, limits, job_s
        self.queue: list[int] = []
        self.clock_s, self.left_s, self.calls, self.done_jobs = 0.0, job_s, 0, 0

    def jobs(self, *_: object) -> list[JobState]:
        self.calls += 1
        return [JobState(number, JobPhase.RUNNING) for number in self.queue]

    def submit(self, work: object, *_: object) -> bool:
        self.calls += 1
        first, count = work.first, work.count  # type: ignore[attr-defined]
        if len(self.queue) + count > self.most.waiting:
            return False
        self.queue += range(first, first + count)
        return True

    def limits(self, *_: object) -> Limits:
        return self.most

    def sleep(self, wait_s: float) -> None:
        self.clock_s += wait_s
        self.left_s -= wait_s
        if self.left_s <= 0:
            self.left_s = self.job_s
            self.done_jobs += min(self.nodes, len(self.queue))
            del self.queue[: self.nodes]


def limits(nodes: int = 1000) -> None:
    """Print what grows with a run, for a cluster of as many nodes."""
    settings = Settings(budget_ns=10_000_000_000)
    options = ClusterOptions.of("slurm", {})
    head = ("shards", "jobs", "files", "MB", "scheduler calls", "hours", "s a look", "gather MB")
    print("  ".join(f"{word:>15}" for word in head))
    for shards in (1_000, 10_000, 100_000, 1_000_000):
        per_job = shards_per_job(options, shard_seconds(settings))
        jobs = len(packed(range(shards), per_job))
        with tempfile.TemporaryDirectory() as place:
            scheduler, look_s = simulate(
                Path(place), jobs, nodes, per_job * shard_seconds(settings)
            )
        files = shards + jobs + 10  # an attempt's file for each shard, a log for each job
        row = (
            *(shards, jobs, files, shards * 30 // 1000, scheduler.calls),
            *(f"{scheduler.clock_s / 3600:.1f}", f"{shards * look_s:.2f}", shards * 6 // 1000),
        )
        print("  ".join(f"{word:>15}" for word in row))


def simulate(place: Path, jobs: int, nodes: int, job_s: float) -> tuple[Scheduler, float]:
    """Submit and wait as a login node would; also what one look at one file's name takes."""
    folder = ClusterFolder(place / "run")
    for name in ("attempts/0000", "logs", "submitted"):
        (folder.path / name).mkdir(parents=True)
    shard = ClusterShard(index=0, task="t", case="c", targets=["a"], words=["run"])
    folder.add_jobs([[shard]] * jobs)
    scheduler = Scheduler(nodes, Limits(at_once=1000, waiting=5000), job_s)
    watch = RunWatch(
        folder,
        Cluster(scheduler, ClusterOptions.of("slurm", {"poll": "5s"}), None),  # type: ignore[arg-type]
        lambda: ("true",),
        lambda _: None,
        shards=jobs,
        now=lambda: scheduler.clock_s,
        sleep=lambda _: scheduler.sleep(10.0),  # in steps that a simulation can afford
    )
    watch.until_over()
    for number in range(1000):
        (folder.path / f"attempts/0000/s{number:07}-a1-{number:012x}.parquet").touch()
    began_s = time.monotonic()
    folder.attempts()
    return scheduler, (time.monotonic() - began_s) / 1000


PROJECT = """
[executors.slurm]
poll = "1s"
settle = "2s"
[tasks.same.cases.c]
[targets.a]
task = "same"
adapter = "command"
args = ["sh", "-c", "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; echo $i"]
[targets.b]
task = "same"
adapter = "command"
args = ["sh", "-c", "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; echo $i"]
"""


def on_slurm(shards: int, runs: int) -> None:
    """Print what a shard costs beside its trials, and an A/A here against one by SLURM."""
    import os

    sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
    from virtual_slurm import VirtualSlurm, lacking

    if why := lacking():
        sys.exit(f"no virtual SLURM here: {why}")
    with (
        tempfile.TemporaryDirectory(prefix="harness-slurm-") as place,
        VirtualSlurm(Path(place) / "slurm") as cluster,
    ):
        os.environ.update(cluster.env)
        project = Path(place) / "project"
        project.mkdir()
        os.chdir(project)
        print_overhead(project, shards)
        print_aa(project, runs)


def print_overhead(project: Path, shards: int) -> None:
    """One run of many short shards, all in one job, from its submission until it is gathered."""
    import harness

    more = "".join(
        f'[tasks.t{n}.cases.c]\n[targets.p{n}]\ntask = "t{n}"\nadapter = "command"\n'
        f'args = ["true"]\n[targets.q{n}]\ntask = "t{n}"\nadapter = "command"\nargs = ["true"]\n'
        for n in range(shards)
    )
    # The job's interpreter, which leaves behind what it and all below it used.
    used, python = project / "used", project / "python"
    python.write_text(f'#!/bin/sh\n{sys.executable} "$@"\ncode=$?\ntimes > {used}\nexit $code\n')
    python.chmod(0o755)
    own = f'shards_per_job = {shards}\npython = "{python}"\npoll'
    packed_so = PROJECT.replace("poll", own, 1)
    (project / "harness.toml").write_text(packed_so.partition("[tasks")[0] + more)
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    result = harness.run(executor="slurm", trials=3, warmup=0)
    took_s, cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
    assert result.ok, result.failures
    while not used.exists():  # the shards are done before their job is
        time.sleep(0.1)
    cpu_s += sum(
        60 * float(minutes) + float(seconds)
        for minutes, seconds in re.findall(r"(\d+)m([\d.]+)s", used.read_text())
    )
    rows = harness.load(result)
    trials_s = float(rows.wall_ns.sum()) / 1e9
    trials_cpu_s = float((rows.user_ns + rows.sys_ns).sum()) / 1e9
    print(
        f"{shards} shards in one job: {(took_s - trials_s) / shards:.2f} s each beside their trials"
        f" by the clock; {(cpu_s - trials_cpu_s) / shards:.2f} s of it is CPU time of the job and"
        " of us (goal: 1.5 s)"
    )


def print_aa(project: Path, runs: int) -> None:
    """The same program twice, compared here and by SLURM in turns."""
    import math

    import harness

    (project / "harness.toml").write_text(PROJECT)
    found: dict[str, list[harness.Comparison]] = {"here": [], "by SLURM": []}
    for number in range(runs):
        for where, options in (("here", {}), ("by SLURM", {"executor": "slurm"})):
            result = harness.compare("a", "b", trials=20, warmup=1, seed=number, **options)
            found[where].append(result.comparison)
    for where, comparisons in found.items():
        logs = sorted(math.log(c.ratio.point) for c in comparisons)
        told = [c.verdict.value for c in comparisons]
        words = ", ".join(f"{told.count(word)} {word}" for word in dict.fromkeys(told))
        mean = sum(logs) / len(logs)
        spread = math.sqrt(sum((x - mean) ** 2 for x in logs) / max(len(logs) - 1, 1))
        error = spread / math.sqrt(len(logs))
        print(
            f"A/A {where}: {words}; mean ratio {math.exp(mean):.4f} +- {error:.4f} (one standard"
            f" error of {len(logs)} runs of 20 blocks)"
        )


def main() -> int:
    """Run what the first argument names."""
    what = sys.argv[1] if len(sys.argv) > 1 else "gather"
    if what == "limits":
        limits()
        return 0
    if what == "slurm":
        numbers = [int(word) for word in sys.argv[2:4]]
        on_slurm(*numbers, *(30, 10)[len(numbers) :])
        return 0
    if what == "_gather":
        gather(Path(sys.argv[2]))
        return 0
    files = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    rows = int(sys.argv[3]) if len(sys.argv) > 3 else 100 * files
    with tempfile.TemporaryDirectory(prefix="harness-gather-") as place:
        make(Path(place), files, rows)
        argv = [sys.executable, __file__, "_gather", place]
        done = subprocess.run(argv, check=True, capture_output=True, text=True)
    took = json.loads(done.stdout)
    print(f"{rows:,} rows of {files:,} files: {took}")
    print(
        f"goal: {GOAL_S} s, {GOAL_MB} MB; peak beyond the imports"
        f" {took['peak_mb'] - took['before_mb']} MB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
