"""Processes: finds programs, calls tools, and runs targets under the launcher's clock.

What a target sees is the same in every kind of run:

- the environment is `PATH` and `HOME` of the caller, `LANG=C.UTF-8`, `LC_ALL=C.UTF-8`, `TZ=UTC`,
  `TMPDIR` (a folder of the trial), `HARNESS_PHASES` (a file for its phases), `HARNESS_METRICS` (a
  file for its own figures, where some are declared), `HARNESS_PAD` (padding that moves the stack
  to a place of the block's), `PYTHONHASHSEED` and `PERL_HASH_SEED` (of the block too), and what
  its own `env` adds. Nothing else of the caller's comes through, `OMP_NUM_THREADS` and
  `LD_LIBRARY_PATH` included;
- standard input is an empty file, or the target's; standard output and error go to files;
- the working folder is a fresh one with copies of the target's inputs, or the target's root;
- no other file is open, no core is dumped, the umask is 022 and signals have their default effect.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import ToolchainMissing, TrialFailed
from harness.frozen import dataclass
from harness.model import (
    Command,
    Completed,
    Host,
    Jail,
    Output,
    Target,
    Trial,
    TrialPlan,
    TrialStatus,
)
from harness.system.jail.confining import Confined, Confining
from harness.system.jail.grounds import Grounds
from harness.system.jail.means import weaknesses
from harness.system.jail.view import Tool
from harness.system.launcher.launching import Launcher, LauncherFacts, get_launcher
from harness.system.launcher.watching import STOPPED_US, Watch
from harness.system.launcher.wire import LaunchReport, WrittenJob
from harness.system.machine.host import disturbances, read_host
from harness.system.process.calling import Call, StillRunningError, call
from harness.system.process.execution import (
    Execution,
    floored,
    inputs_of,
    not_started,
    too_long,
    trial_of_report,
    why_not_tried,
)
from harness.system.process.jobs import Jobs
from harness.system.process.os_words import os_words
from harness.system.process.own_figures import own_figures_of
from harness.system.process.passing import passing_folder
from harness.system.process.programs import FoundPrograms, facts_of_binary, find_program, past_shim
from harness.system.process.rank_reports import launched, reads_wrapper, with_ranks
from harness.system.process.scratch import Scratch
from harness.system.process.trial_folder import TrialFolder
from harness.system.store.files import storage_errors

_FALLBACK = (
    "the launcher in Python serves ({why}): a trial costs some milliseconds more, and peak memory"
    " reads 15 MB at least"
)


UNCONFINED = Confined()

_OF_ITSELF = {("--version",), ("-dumpmachine",)}
_said_of_itself: dict[tuple[object, ...], Completed] = {}

OF_TOOLCHAINS = (
    *("PATH", "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "LD_LIBRARY_PATH"),
    *("PKG_CONFIG_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "JULIA_DEPOT_PATH", "CARGO_HOME"),
    *("RUSTUP_HOME", "GOROOT", "JAVA_HOME", "MKLROOT", "CUDA_HOME"),
)
"""Variables of ours whose folders a jailed tool reads: toolchains are installed there. What others
name, such as the folder that we were called from, is none of its business."""


class _Served(threading.local):
    """For which target tools are called now: variants are built by several threads at once."""

    target: Target | None = None


@dataclass(slots=True, eq=False)
class _Note:
    """Whether the harness was stopped while one command ran."""

    stopped: bool = False


class _Stops:
    """Tells commands that run at once which of them may have stopped the harness: all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[_Note] = []

    @contextlib.contextmanager
    def noted(self, was_stopped: Callable[[], bool]) -> Iterator[_Note]:
        """Note stops until the end of the context; what came before belongs to none that begins."""
        note = _Note()
        with self._lock:
            self._take(was_stopped)
            self._running.append(note)
        try:
            yield note
        finally:
            with self._lock:
                self._take(was_stopped)
                self._running.remove(note)

    def _take(self, was_stopped: Callable[[], bool]) -> None:
        if was_stopped():
            for note in self._running:
                note.stopped = True


class LocalRunner:
    """Runs programs on this machine; the `Runner` that adapters are handed.

    Finds the launcher at its first trial, compiled if need be, and has it serve all trials. Tools
    and commands may be called by several threads at once; trials are one thread's.
    """

    def __init__(self, scratch: Path, cache: Path) -> None:
        """`scratch` holds trial folders while they are needed, `cache` the compiled launcher."""
        self._scratch = Scratch(scratch)
        self._programs = FoundPrograms()
        self._jobs = Jobs()
        self._cache = cache.absolute()
        self._launcher: Launcher | None = None
        self._watch: Watch | None = None
        self.cpus: tuple[int, ...] = ()
        """Where `output` pins targets: outputs may depend on how many CPUs there are."""
        self.jail = Jail.NONE
        self.grounds = Grounds()
        self._confining: Confining | None = None
        self._served = _Served()
        self._stops = _Stops()

    @property
    def confining(self) -> Confining:
        """Who says what a command's jail is on this machine."""
        if self._confining is None:
            launcher = self.launcher
            self._confining = Confining(launcher.command if launcher.compiled else None)
        return self._confining

    @property
    def launcher(self) -> Launcher:
        """The launcher, compiled if need be."""
        if self._launcher is None:
            with storage_errors(self._cache):
                self._cache.mkdir(parents=True, exist_ok=True)
                self._launcher = get_launcher(self._cache)
        if self._watch is None:
            self._watch = self._launcher.watch()
        return self._launcher

    def launcher_facts(self) -> LauncherFacts:
        """See `CoreRunner.launcher_facts`."""
        return self.launcher.facts

    def find(self, program: str) -> Path | None:
        """See `Runner.find`."""
        return find_program(program)

    def tool(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 600.0,
    ) -> Completed:
        """See `Runner.tool`."""
        if tuple(argv[1:]) in _OF_ITSELF and cwd is None and env is None:
            return self._said_of_itself(tuple(argv), timeout_s)
        return self._called(argv, cwd, env, timeout_s)

    def _said_of_itself(self, argv: tuple[str, ...], timeout_s: float) -> Completed:
        """What a program says of itself: one that has not changed is asked once per process."""
        program = self._programs.find(argv[0])
        facts = facts_of_binary(program) if program is not None else None
        if facts is None:
            return self._called(argv, None, None, timeout_s)
        key = (facts, argv, self.jail)
        said = _said_of_itself.get(key) or self._called(argv, None, None, timeout_s)
        if said.ok:
            _said_of_itself[key] = said
        return said

    def _called(
        self,
        argv: Sequence[str],
        cwd: Path | None,
        env: Mapping[str, str] | None,
        timeout_s: float,
    ) -> Completed:
        own = [cwd] if cwd and self.grounds.builds and self.grounds.builds in cwd.parents else []
        with self._entering(argv, {**os.environ, **(env or {})}, own) as (start, given):
            # The caller's current folder may be none that the jail shows.
            served = self._served.target
            here = served.root if cwd is None and start and served else cwd
            return call_tool(argv, here, given, timeout_s, start)

    def command(
        self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout_s: float
    ) -> Completed:
        """See `CoreRunner.command`."""
        _ = self.launcher  # a watch is kept from here on
        whole = {**os.environ, **env}
        with (
            self._stops.noted(self._was_stopped) as note,
            self._entering(argv, whole, [cwd]) as (start, given),
        ):
            done = call_tool(argv, cwd, given, timeout_s, start)
        return replace(done, stopped_us=note.stopped)

    @contextlib.contextmanager
    def on_behalf_of(self, target: Target) -> Iterator[None]:
        """See `CoreRunner.on_behalf_of`."""
        before, self._served.target = self._served.target, target
        try:
            yield
        finally:
            self._served.target = before

    @contextlib.contextmanager
    def _entering(
        self, argv: Sequence[str], env: dict[str, str], own: Sequence[Path]
    ) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
        """What stands before a tool's words, and its environment: a jail where one is asked for."""
        target, program = self._served.target, self._programs.find(str(argv[0]))
        strict = self.jail is Jail.STRICT and self.confining.found.best is not None
        if target is None or program is None or not strict:
            yield (), env
            return
        with passing_folder("tool") as folder:
            ours = (os.environ.get(name, "") for name in OF_TOOLCHAINS)
            told = (value for name, value in env.items() if os.environ.get(name) != value)
            words = (*map(str, argv[1:]), *ours, *told)
            tool = Tool(program, words, target, (*own, folder))
            confined = self.confining.of_tool(tool, self.grounds)
            if confined.level is not Jail.STRICT:
                yield (), env
                return
            given = {k: v for k, v in env.items() if not k.startswith("XDG_")}
            given |= {"HOME": str(folder), "TMPDIR": str(folder)}
            yield self.confining.entering(confined), past_shim(str(argv[0]), program, given)

    def output(self, command: Command) -> Output:
        """See `Runner.output`."""
        timeout_ns = command.target.timeout_ns if command.target else TrialPlan().timeout_ns
        trial = self.trial(command, TrialPlan(timeout_ns=timeout_ns, cpus=self.cpus))
        if trial.output is None:
            name = f"target {command.target.name!r}: " if command.target else ""
            raise TrialFailed(f"{name}{trial.message}")
        return trial.output

    def trial(self, command: Command, plan: TrialPlan) -> Trial:
        """See `Runner.trial`. A trial that did not end well carries no output."""
        if command.target is not None and command.target.launch:
            command = replace(command, argv=(*command.target.launch, *command.argv))
        program = self._programs.find(command.argv[0])
        problem = why_not_tried(command, program)
        if program is None or problem is not None:
            return not_started(problem or "there is no such program")
        try:
            self._scratch.reuses = self.jail is not Jail.STRICT
            folder = self._scratch.make(inputs_of(command))
        except OSError as trouble:
            return not_started(f"the inputs cannot be copied: {os_words(trouble)}")
        trial = None
        try:
            execution = self._execution(command, program, folder, plan)
            job, more = self._jobs.of(execution, plan)
            report = self._launched(job, more)
            self._scratch.was_left(folder, report.figures.get("touched"))
            figures, trouble_with_it = own_figures_of(command, folder)
            trial = trial_of_report(report, job.job, execution, plan)
            if execution.command is not command:
                trial = with_ranks(trial, folder.places)
            if figures:
                trial = replace(trial, metrics=figures)
            if trouble_with_it and trial.ok:
                trial = replace(
                    trial, status=TrialStatus.FAILED, message=trouble_with_it, output=None
                )
        finally:
            if trial is None or not trial.ok:
                self._scratch.discard(folder.root)
        return trial if self.launcher.compiled else floored(trial)

    def _execution(
        self, command: Command, program: Path, folder: TrialFolder, plan: TrialPlan
    ) -> Execution:
        """The command where it is executed, in its jail; with a wrapper before each of its ranks.

        The launcher in Python has none.
        """
        wrapper = self.launcher.command[0] if self.launcher.compiled else ""
        shown = reads_wrapper(command, wrapper)
        confined = self._confined(shown, program, folder)
        execution = Execution(command, program, folder, confined)
        return execution if shown is command else launched(execution, wrapper, phases=plan.phases)

    def _confined(self, command: Command, program: Path, folder: TrialFolder) -> Confined:
        if self.jail is Jail.NONE:
            return UNCONFINED
        place = (self.grounds, folder.root.parent)
        return self.confining.of_command(self.jail, command, program, place)

    def _launched(self, job: WrittenJob, more: str) -> LaunchReport:
        """What the launcher reports of a job; what has stopped us meanwhile has failed."""
        self._was_stopped()
        report = self.launcher.launch(job, more)
        if not self._was_stopped():
            return report
        return LaunchReport(report.figures, (), STOPPED_US, lost=True)

    def _was_stopped(self) -> bool:
        return self._watch is not None and self._watch.woke_us()

    def discard(self, output: Output) -> None:
        """Delete what a trial left; its folder may serve another one from now on."""
        self._scratch.discard(str(output.stdout).rpartition("/")[0])  # no path is made

    def host(self) -> Host:
        """This machine."""
        return read_host()

    def disturbances(self) -> tuple[str, ...]:
        """See `CoreRunner.disturbances`."""
        why = self.launcher.fallback_reason
        said = [_FALLBACK.format(why=why)] if why else []
        if self.jail is Jail.STRICT:
            said += weaknesses(self.confining.found)
        return (*disturbances(), *said)

    def close(self) -> None:
        """End the launcher, and remove all that is left in this process's scratch."""
        if self._launcher is not None:
            self._launcher.close()
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self._scratch.close()


def call_tool(
    argv: Sequence[str],
    cwd: Path | None,
    env: Mapping[str, str],
    timeout_s: float,
    start: Sequence[str] = (),
) -> Completed:
    """Run a program of the toolchain's to its end, with nothing on its standard input.

    At a timeout, or when a person interrupts, everything in its process group is killed. What it
    leaves running after its own end is not waited for; see `harness.system.process.calling`.
    `start`: words before its own, of a program that executes it. Raises ToolchainMissing where it
    cannot be started and TrialFailed past `timeout_s`.
    """
    words = " ".join(map(str, argv))[:200]
    try:
        done = call(Call((*start, *argv), cwd, env, timeout_s=timeout_s, title=words))
    except StillRunningError:
        raise TrialFailed(
            f"{words} was still running after {timeout_s:g} s and was ended"
        ) from None
    except OSError as problem:
        place = f" in {cwd}" if cwd else ""
        raise ToolchainMissing(
            f"{argv[0][:200]} cannot be started{place}: {problem.strerror or problem}",
            hint=too_long(argv, env)
            if problem.errno == errno.E2BIG
            else "Check that it is installed, on PATH and executable.",
        ) from None
    return Completed(
        argv=tuple(map(str, argv)),
        exit_code=done.returncode,
        stdout=done.stdout.decode("utf-8", "replace"),
        stderr=done.stderr.decode("utf-8", "replace"),
        wall_ns=done.wall_ns,
    )
