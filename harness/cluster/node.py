"""What a job does on its node: each of its shards in a process of its own, and a file of each.

`harness.cli.cluster_job` is what the scheduler starts.

The project is unpacked on the node's own disk, where it is built and where trials have their
scratch; nothing but the attempts' files is written to the shared one. A shard that is finished
already is passed over: a job that is begun again does not repeat what it had done.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from harness import __version__
from harness.cluster.added_runs import carry_run, main_and_beside, place_beside
from harness.cluster.folder import (
    RELAYED,
    STEP,
    AttemptFile,
    ClusterFolder,
    ClusterPlan,
    ClusterShard,
    attempt_path,
    folders_of,
    records_beside,
    those_that_count,
    with_options,
    without_trials,
)
from harness.cluster.spreading import ClusterOptions
from harness.cluster.tree import KeptTree, unpack_tree
from harness.errors import HarnessError, StorageFailed
from harness.frozen import dataclass
from harness.model.jsonable import jsonable
from harness.project.state_folder import PROFILES, results_of, state_folder
from harness.system.machine.host import read_host
from harness.system.process.calling import Call, Ended, call
from harness.system.store.attempts import write_attempt
from harness.system.store.files import write_atomically
from harness.system.store.run_file import readable_runs, run_folders
from harness.system.store.runs import STREAM_NAME

MIRRORED_S = 5.0
"""How often the trials of a shard that goes on are copied to the shared file system."""
WORDS_KEPT = 20_000
CARRIED = ("given", "params", "code", "launchers")
"""What of the plan of a node's run the gathered one says, too."""
_TRIES_S = (1.0, 5.0, 15.0, 0.0)
"""How long is waited after each failed try to write to the shared file system."""


class Stopped(BaseException):
    """The scheduler wants the job to end: by a time limit, a preemption, or a person."""


def run_shards(path: Path, number: int, say: Callable[[str], None]) -> int:
    """Run the job of a run's folder with that number; the exit code. `say`: to people."""
    folder = ClusterFolder(path)
    for each in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT):
        signal.signal(each, _stop)
    try:
        plan = folder.plan()
        _check_versions(plan)
        with _unpacked(folder, plan) as (tree, scratch):
            job = _Job(folder, plan, tree, scratch, say)
            for shard in folder.job(number):
                job.run(shard)
    except HarnessError as problem:
        say(f"harness: {problem.message}\n  {problem.hint}")
        return int(problem.exit_code)
    except Stopped as problem:
        say(f"harness: stopped: {problem}")
        return 128 + signal.SIGTERM
    return 0


def _stop(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise Stopped(
        "the job's time limit is near" if number == signal.SIGUSR1 else signal.Signals(number).name
    )


def python_version() -> str:
    """What of the interpreter must be the same on all nodes."""
    return ".".join(platform.python_version_tuple()[:2])


def _check_versions(plan: ClusterPlan) -> None:
    for what, here, wanted in (
        ("optim-harness", __version__, plan.harness),
        ("Python", python_version(), plan.python),
    ):
        if here != wanted:
            raise HarnessError(
                f"{platform.node()} has {what} {here}, and the run was submitted with {wanted}",
                hint="`python` in the executor's table says which interpreter nodes use.",
            )


@contextlib.contextmanager
def _unpacked(folder: ClusterFolder, plan: ClusterPlan) -> Iterator[tuple[Path, Path]]:
    """The project's files and a scratch folder, on the node's own disk until the end."""
    options = ClusterOptions.of(plan.executor, plan.table)
    base = os.path.expandvars(options.scratch or "")
    base = base or os.environ.get("SLURM_TMPDIR") or tempfile.gettempdir()
    Path(base).mkdir(parents=True, exist_ok=True)
    place = _own_folder(Path(base), plan.tree)
    try:
        tree = KeptTree(plan.tree, place / "tree", plan.history, plan.head)
        unpack_tree(tree, folder.trees, tree.top)
        yield tree.top, place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _own_folder(base: Path, tree: str) -> Path:
    """A folder that is nobody else's: of the tree's name where that is free.

    So that a build of one tree has one path, which is a part of what it is known by.
    """
    place = base / f"harness-{os.getuid()}-{tree[:16]}"
    try:
        place.mkdir(mode=0o700)
    except FileExistsError:
        return Path(tempfile.mkdtemp(prefix=f"{place.name}-", dir=base))
    return place


@dataclass(frozen=True, slots=True)
class _Job:
    """One job on its node."""

    folder: ClusterFolder
    plan: ClusterPlan
    tree: Path
    scratch: Path
    say: Callable[[str], None]

    def run(self, shard: ClusterShard) -> None:
        """Make one attempt at a shard, unless one was finished before."""
        before = self.folder.attempts(folders_of([shard.index]))
        own = [each for each in before if each.shard == shard.index]
        if those_that_count(own):
            return
        restarts = int(os.environ.get("HARNESS_RESTARTS", "0") or 0)
        number = max([restarts, *(each.attempt for each in own)]) + 1
        attempt = attempt_path(self.folder, shard.index, number)
        self._patiently(lambda: attempt.path.parent.mkdir(parents=True, exist_ok=True))
        results = self.scratch / f"results-{shard.index}"
        before_it = self._records()
        mirror = _Mirror(results, without_trials(attempt, "stream"))
        try:
            with mirror:
                ended = self._call(shard, results, number)
        except Stopped as problem:
            self._fail(attempt, f"stopped: {problem}", 0)
            raise
        self._bring_records(attempt, before_it)
        self._keep(attempt, ended, results)
        mirror.path.unlink(missing_ok=True)

    def _call(self, shard: ClusterShard, results: Path, attempt: int) -> Ended:
        env = {**os.environ, "HARNESS_ATTEMPT": str(attempt)}
        more = [] if self.plan.kind in RELAYED else ["--results", str(results), "--json"]
        # -P: a project may have a folder that is called like one of the harness's packages.
        argv = [sys.executable, "-P", "-m"]
        if self.plan.kind in RELAYED:  # what it keeps beside the project goes with the job
            env["TMPDIR"] = str(self.scratch)
        if self.plan.kind == STEP:
            argv += shard.words
        else:
            argv += ["harness", *with_options(shard.words, more)]
        return call(Call(argv, cwd=self.tree / self.plan.folder, env=env))

    def _keep(self, attempt: AttemptFile, ended: Ended, results: Path) -> None:
        """Write what the shard's process left: its run, or why there is none."""
        if self.plan.kind in RELAYED:
            self._relay(attempt, ended)
            return
        found = main_and_beside(readable_runs(reversed(run_folders(results))))
        if found is not None:
            stored, beside = found
            said = {**self._said(ended.returncode), "summary": dict(stored.summary)}
            said["host"] = jsonable(read_host())
            said["plan"] = {key: stored.plan[key] for key in CARRIED if key in stored.plan}
            for each in beside:
                self._patiently(partial(carry_run, each.folder, place_beside(attempt)))
            self._patiently(partial(write_attempt, attempt.path, stored, said))
            return
        words = ended.stderr.decode(errors="replace").strip()[-WORDS_KEPT:]
        self._fail(attempt, _error_of(ended) or words or "no run was stored", ended.returncode)

    def _relay(self, attempt: AttemptFile, ended: Ended) -> None:
        """Write what a command said, once the runs that it stored are among the others."""
        shared, root = self.folder.results, self.tree / self.plan.about["root"]
        for folder in run_folders(results_of(root)):
            self._patiently(partial(carry_run, folder, shared))
        for folder in (state_folder(root) / PROFILES).glob("*"):
            self._patiently(partial(carry_run, folder, shared.parent / PROFILES))
        told = {
            **self._said(ended.returncode),
            "root": str(root),
            "stdout": ended.stdout.decode(errors="replace"),
            "stderr": ended.stderr.decode(errors="replace"),
        }
        self._write(without_trials(attempt, "relayed.json"), told)

    @property
    def _records_place(self) -> Path | None:
        """The folder of the records that a command may write; None where it writes none."""
        place = self.plan.about.get("records", "")
        return self.tree / self.plan.about["root"] / place if place else None

    def _records(self) -> dict[Path, tuple[int, int]]:
        """Each file of the records, with what changes when it is written."""
        place = self._records_place
        paths = [path for path in place.rglob("*") if path.is_file()] if place else []
        facts = ((path, path.stat()) for path in paths)
        return {path: (found.st_ino, found.st_ctime_ns) for path, found in facts}

    def _bring_records(self, attempt: AttemptFile, before: Mapping[Path, tuple[int, int]]) -> None:
        """Put what the command wrote among the records beside the attempt, by a rename."""
        place = self._records_place
        made = [path for path, now in self._records().items() if before.get(path) != now]
        if place is None or not made:
            return
        target = records_beside(attempt)
        fresh = target.with_name(f".{target.name}")

        def bring() -> None:
            shutil.rmtree(fresh, ignore_errors=True)
            for path in made:
                copy = fresh / path.relative_to(place)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
            fresh.rename(target)

        self._patiently(bring)

    def _patiently(self, write: Callable[[], object]) -> None:
        """Write to the shared file system; a full or absent one is tried again for a while."""
        for wait_s in _TRIES_S:
            try:
                write()
            except (OSError, StorageFailed) as problem:
                if not wait_s:
                    raise
                self.say(f"harness: {problem}; trying again")
                time.sleep(wait_s)
            else:
                return

    def _said(self, exit_code: int) -> dict[str, Any]:
        return {
            "exit_code": exit_code,
            "node": platform.node(),
            "job": os.environ.get("HARNESS_JOB", ""),
        }

    def _fail(self, attempt: AttemptFile, problem: str, exit_code: int) -> None:
        told = {"error": problem, **self._said(exit_code)}
        self._write(without_trials(attempt, "failed.json"), told)

    def _write(self, path: Path, told: Mapping[str, Any]) -> None:
        self._patiently(lambda: write_atomically(path, json.dumps(told).encode()))


def _error_of(ended: Ended) -> str:
    """What the JSON envelope says went wrong; empty where there is none."""
    try:
        envelope: Mapping[str, Any] = json.loads(ended.stdout)
        return str(envelope.get("error") or "")
    except (ValueError, AttributeError):
        return ""


class _Mirror:
    """Copies the stream of the run that goes on to the shared file system, now and then.

    A few kilobytes every few seconds: what a node that loses its power takes along is so little.
    """

    def __init__(self, results: Path, path: Path) -> None:
        self.path = path
        self._results, self._at = results, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._copy_on, daemon=True)

    def __enter__(self) -> _Mirror:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._copy()

    def _copy_on(self) -> None:
        while not self._over.wait(MIRRORED_S):
            self._copy()

    def _copy(self) -> None:
        # A stream that cannot be copied now is copied later, or is missed by nobody.
        with contextlib.suppress(OSError):
            for folder in run_folders(self._results)[-1:]:
                with (folder / STREAM_NAME).open("rb") as source:
                    source.seek(self._at)
                    more = source.read()
                with self.path.open("ab") as target:
                    target.write(more)
                self._at += len(more)
