"""The plugin contract: what an adapter implements, and the Runner that it is handed.

An adapter is a module (or object) that the entry-point group `harness.adapters` names. It returns
raw figures; statistics belong to the core. It starts no process itself: everything goes through
the `Runner`, which scrubs the environment, owns the clock and cleans up.

In one run an adapter is called so: `harness_probe` and `harness_build` once per target;
`harness_run` once per build and case, for the output that later trials are compared with;
`harness_time` once per trial, possibly hundreds of times, in random order among other adapters'
trials. `harness_profile`, `harness_floor` and `harness_compare` are optional: `None` means that the
core's own way serves, or that nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pluggy

# For type checkers alone: every plugin imports this module, and would load all values with it.
if TYPE_CHECKING:
    from harness.model import Output, Toolchain, Trial, TrialPlan, TrialRecord
    from harness.model.engines import Jobs, Limits, Nodes, Work
    from harness.model.floors import EmptyProgram
    from harness.model.metrics import MetricInfo
    from harness.model.outputs import Tolerance
    from harness.model.paths import NamedPath
    from harness.model.profiles import Profile, ProfilePlan
    from harness.model.proposals import Brief, Proposal, Reflection
    from harness.model.results import Agreement, Run
    from harness.model.shards import Shard
    from harness.model.tasks import Case, Target
    from harness.model.trials import Build, Command, Completed

__all__ = ["CONTRACT", "PROJECT", "AdapterSpec", "ExecutorSpec", "ExporterSpec"]
__all__ += ["ProposerSpec", "Runner", "Worktree", "hookimpl", "hookspec"]

PROJECT = "harness"
"""The project name of the hook markers."""

CONTRACT = 1
"""The version of all that stands in this module and of the values of `harness.model` in it.

The promise: within one version hooks, parameters and fields are added and none is taken away,
renamed or given another meaning, and what is added has a default; so a plugin that was written for
version N runs with every harness that offers N. A plugin says what it was written for by
`HARNESS_CONTRACT = 1` in its module (1 where it says nothing). One that wants a newer version than
this is refused with these words and what to upgrade; this harness goes on serving all older ones.
"""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Runner(Protocol):
    """Executes programs on an adapter's behalf; the only way to the outside that it has."""

    def find(self, program: str) -> Path | None:
        """The real executable behind a name on PATH, a path or a shim (of pyenv, say), or None."""

    def tool(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 600.0,
    ) -> Completed:
        """Run a compiler, a probe or a profiler to its end and return what it said.

        `env` is added to the harness's own environment. Raises ToolchainMissing where the program
        cannot be started and TrialFailed where it runs past `timeout_s`. Never a timing.
        """

    def output(self, command: Command) -> Output:
        """Execute a target once, in a fresh scratch folder, and return what it left.

        Raises TrialFailed, with the end of its standard error, where it does not end with 0.
        """

    def trial(self, command: Command, plan: TrialPlan) -> Trial:
        """Execute a target once under the launcher's clock and return the raw figures.

        Does not raise for a program that fails: the trial's `status` says what happened.
        """


class AdapterSpec:
    """The hooks. Each is called with keyword arguments; an implementation may leave out any.

    Values of `harness.model` go in and come out. What a hook may raise is a HarnessError of the
    kind named here; anything else is reported as the adapter's bug, with its and the hook's name.
    """

    # The first result alone: who wants to change what a target's adapter says wraps the hook.
    @hookspec(firstresult=True)
    def harness_probe(self, runner: Runner, target: Target | None) -> Toolchain | None:
        """Find the compiler or interpreter.

        Called before anything is built, once for every set of options in a run, and by
        `harness adapters` without a target. Two calls on the same machine give equal values.

        :param runner: finds programs and runs `cc --version` and the like
        :param target: the target that is to be built, whose options may name another program;
            None: what would serve by default
        :returns: the toolchain; required
        :raises ToolchainMissing: nothing suitable is here; the hint says how to get it
        :raises ConfigError: an option that this adapter does not know
        """

    @hookspec(firstresult=True)
    def harness_paths(self, target: Target) -> tuple[NamedPath, ...] | None:
        """Say which of a target's options name files or folders; optional.

        Called once per side of a comparison, after its `setup`, to give every side its own: a
        `PathKind` says what becomes of one that git ignores. What is not named here stays as it is
        written. `declared_paths` answers for an options class with `path_option` fields.

        :param target: what is to be built; its root is the user's or a private copy of it
        :returns: the paths; None for an adapter whose options name none
        :raises ConfigError: an option that this adapter does not know
        """

    @hookspec(firstresult=True)
    def harness_build(
        self, target: Target, toolchain: Toolchain, workdir: Path, runner: Runner
    ) -> Build | None:
        """Make a target executable, or find it made.

        Called once per target and run. Writes below `workdir` only, in a folder named by the
        build's digest, so that equal inputs are built once; never into the source tree. With
        `target.steady` the work is wrapped in the language's steady driver; an adapter that has
        none raises ConfigError.

        :param target: sources, flags, arguments; its paths are absolute
        :param toolchain: what `harness_probe` found for this target
        :param workdir: the adapter's own folder, kept from run to run
        :param runner: runs the compiler, by `runner.tool`
        :returns: the build; required
        :raises BuildFailed: with the toolchain's own words
        :raises ConfigError: an option that this adapter does not know, or a source that is missing
        :raises ToolchainMissing: a program that the target names is not here
        """

    @hookspec(firstresult=True)
    def harness_benchmarks(self, build: Build, runner: Runner) -> tuple[str, ...] | None:
        """Name the benchmarks of a suite, each of which becomes a case of its own; optional.

        Called once per build before anything is timed. The case of a benchmark has its name as the
        parameter `benchmark`; its trials, in steady mode, carry samples that the suite measured.

        :param build: what `harness_build` returned
        :param runner: executes the suite so that it names them
        :returns: the names, each once; None where the adapter knows no suites
        :raises ConfigError: the suite names none
        """

    @hookspec(firstresult=True)
    def harness_run(self, build: Build, case: Case, runner: Runner) -> Output | None:
        """Execute a build once for its output, untimed.

        Called once per build and case, before any trial is timed. Most adapters return
        `runner.output(command)`.

        :param build: what `harness_build` returned, in this run or an earlier one
        :param case: its values fill the target's arguments: `target.arguments(case)`
        :param runner: executes the command in a fresh scratch folder
        :returns: the output; required
        :raises TrialFailed: the program did not end well
        """

    @hookspec(firstresult=True)
    def harness_time(
        self, build: Build, case: Case, plan: TrialPlan, runner: Runner
    ) -> Trial | None:
        """Execute one trial: one fresh process, timed by the launcher.

        Called once per trial. Most adapters return `runner.trial(command, plan)`, with the same
        command as in `harness_run`.

        :param build: what `harness_build` returned
        :param case: its values fill the target's arguments
        :param plan: cold or steady, timeout in ns, CPUs, padding in bytes
        :param runner: owns the clock; its figures are returned as they are
        :returns: the raw figures; required. A failing program is a trial with another status.
        """

    @hookspec
    def harness_metrics(self) -> Sequence[MetricInfo] | None:
        """Declare the figures that this plugin adds to `trial.metrics`; optional.

        Called once an adapter. A metric plugin (group `harness.metrics`) answers it, and wraps
        `harness_time` or has `harness_beside`; others may answer it too. What nobody declares or is
        no finite number is left out. docs/plugins.md has examples.

        :returns: name, unit and direction of each, with the plugin's name as the source
        """

    @hookspec
    def harness_beside(
        self, build: Build, case: Case, command: Command, folder: Path, runner: Runner
    ) -> Mapping[str, float] | None:
        """Count in an execution of its own what would slow down a timed trial; optional.

        Called in cold mode with the first two trials of a build on a case that end well, and with
        every one where their figures differ. What it raises costs the figure, and is told once.

        :param build: what `harness_build` returned
        :param case: what the trial was given
        :param command: what the adapter executes for its output, to be changed by `replace`
        :param folder: a fresh, empty folder; `profile=folder` lets a tool write there
        :param runner: executes it, by `runner.trial`
        :returns: the figures by name, which `harness_metrics` declares; None: there are none
        """

    @hookspec(firstresult=True)
    def harness_profile(
        self, build: Build, case: Case, plan: ProfilePlan, runner: Runner
    ) -> Profile | None:
        """Say where the time goes, with the language's own profiler.

        Called by `harness profile` and between a campaign's iterations; never during a run.

        :param build: what `harness_build` returned
        :param case: its values fill the target's arguments
        :param plan: by function or by line, and the tool where the user named one; timeout in ns
        :param runner: runs the profiler
        :returns: a profile, of rows or of stacks; None where only phases are known
        :raises ToolchainMissing: the profiler is not installed; the hint says how to get it
        :raises TrialFailed: the program did not end well under the profiler
        """

    @hookspec(firstresult=True)
    def harness_floor(
        self, build: Build, case: Case, runner: Runner
    ) -> tuple[EmptyProgram, ...] | None:
        """Say what an empty program of the same toolchain is, for the floor under the target.

        Called with a profile. The core times the empty programs in turn with the target itself.
        The first one starts and ends, with the target's own flags and libraries; each further one
        does what the one before it does and one thing more: `imports`, what the target imports;
        `input`, its declared inputs and its standard input, read once. None of them works.

        :param build: what `harness_build` returned; files that are needed go below its `workdir`
        :param case: the case that is profiled
        :param runner: compiles where that is needed, by `runner.tool`
        :returns: the empty programs, the smallest first; None where there is none to be made
        :raises BuildFailed: it does not compile or link with the target's flags
        """

    @hookspec(firstresult=True)
    def harness_compare(
        self, expected: Output, actual: Output, tolerance: Tolerance
    ) -> Agreement | None:
        """Check one declared output by the adapter's own knowledge.

        Called once per declared output and trial, after the digests differ.

        :param expected: the output to agree with; its `values` are read
        :param actual: the output in question; its `values` are read
        :param tolerance: how close is right; its `output` names the declared output
        :returns: the agreement, or None where the core's own comparison serves
        """


class Worktree(Protocol):
    """The private copy of the last kept state that a proposer changes."""

    @property
    def folder(self) -> Path:
        """Its top; files in it may also be changed by hand."""

    def apply(self, patch: Path) -> None:
        """Apply a patch as people have them: with colours, other prefixes or carriage returns.

        Raises TrialFailed that says which hunk does not apply, and why; then nothing was changed.
        """


class ProposerSpec:
    """The hooks of a proposer, which says what to try in an unattended campaign.

    The entry-point group `harness.proposers` names it. In each iteration `harness_propose` comes
    first, without any change to the code; its thought and plan are registered; then
    `harness_implement` changes files in the private worktree; after the result `harness_reflect`
    says what was surprising. docs/proposers.md has an example.
    """

    @hookspec(firstresult=True)
    def harness_propose(self, brief: Brief, runner: Runner) -> Proposal | None:
        """Say what to try, and how much it is expected to give.

        Called once an iteration, and again with `brief.problem` where the gates refused the last
        proposal. Changes nothing in the worktree.

        :returns: the proposal, or None: there is nothing more to try, the campaign is exhausted
        """

    @hookspec(firstresult=True)
    def harness_implement(
        self, brief: Brief, proposal: Proposal, problem: str, runner: Runner, worktree: Worktree
    ) -> bool | None:
        """Change files in `brief.worktree`, by hand or by `worktree.apply(patch)`.

        Called once per proposal, and again where the build failed, with the compiler's words.

        :returns: True where something was changed; None gives the proposal up
        """

    @hookspec(firstresult=True)
    def harness_reflect(
        self, brief: Brief, proposal: Proposal, result: str, runner: Runner
    ) -> Reflection | None:
        """Say what was surprising, after the result; optional.

        :param result: predicted against measured, and what becomes of the change
        :returns: the reflection; None where the result in words will do
        """


class ExecutorSpec:
    """The hooks of an executor, which says where the parts of a run are run.

    The entry-point group `harness.executors` names it; `harness run --executor NAME` takes it. It
    implements `harness_execute`, or, where it stands for a cluster's scheduler, the five others:
    the harness packs shards into jobs then. `options` are its own keys of `[executors.NAME]`. A job
    has its name in HARNESS_JOB, and in HARNESS_RESTARTS how often it was begun before.
    """

    @hookspec(firstresult=True)
    def harness_execute(
        self, shards: Sequence[Shard], results: Path, here: Callable[[], Path], runner: Runner
    ) -> Sequence[Path] | None:
        """Run each shard, none divided, and say where the runs are stored; called once per run.
        :param shards: all targets of one task on one case, each with the command that runs it
        :param results: the folder of stored runs that the commands name
        :param here: runs all shards in this process, interleaved; gives the folder of the run
        :param runner: starts programs, such as those of a scheduler
        :returns: the folder of each stored run; required
        :raises TrialFailed: a shard could not be run
        """

    @hookspec(firstresult=True)
    def harness_script(self, work: Work, options: Mapping[str, Any]) -> str | None:
        """Give the script that is submitted for these jobs; ConfigError for options of no use."""

    @hookspec(firstresult=True)
    def harness_limits(self, options: Mapping[str, Any], runner: Runner) -> Limits | None:
        """Ask how many jobs the scheduler takes; ToolchainMissing where there is none."""

    @hookspec(firstresult=True)
    def harness_submit(self, work: Work, options: Mapping[str, Any], runner: Runner) -> bool | None:
        """Submit a job for each number; False: later. UsageError where it will never be taken."""

    @hookspec(firstresult=True)
    def harness_jobs(self, name: str, options: Mapping[str, Any], runner: Runner) -> Jobs | None:
        """List the jobs of works of that name that are not over; None where nobody answers."""

    @hookspec(firstresult=True)
    def harness_nodes(self, options: Mapping[str, Any], runner: Runner) -> Nodes | None:
        """List the nodes, for `--hosts` and `doctor`; `Work.node` names one that takes jobs."""

    @hookspec(firstresult=True)
    def harness_cancel(self, name: str, options: Mapping[str, Any], runner: Runner) -> bool | None:
        """End all jobs of works of that name; False where nobody answers."""


class ExporterSpec:
    """The hooks of an exporter, which writes a run in a format of its own.

    The entry-point group `harness.exporters` names it; a file's suffix or `--export-format` chooses
    it. docs/plugins.md has one in ten lines.
    """

    @hookspec(firstresult=True)
    def harness_suffix(self) -> str | None:
        """Say which files are written in this format: `.csv`.

        :returns: the suffix with its dot, and a `/` at its end where a folder is written; required
        """

    @hookspec(firstresult=True)
    def harness_export(
        self,
        run: Run,
        failures: Mapping[tuple[str, str, str], str],
        trials: Iterable[TrialRecord],
        present: Callable[[str], bytes | None],
    ) -> str | bytes | Mapping[str, str | bytes] | None:
        """Write a run in this format. Reads no clock, and no file but by `present`.

        :param run: measurements, comparisons, host and warnings
        :param failures: by task, case and target what went wrong, in a few words
        :param trials: every stored trial in its order, read from the store when it is iterated
        :param present: what a folder has there already, by a file's path within it, or None
        :returns: the content of the file, or of each file of a folder by its path; required
        """
