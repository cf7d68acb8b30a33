"""One execution of a target: what the launcher is told, and what its report means in words."""

from __future__ import annotations

import errno
import os
import signal
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path

from harness.frozen import dataclass
from harness.model import (
    Command,
    Output,
    Phase,
    Sample,
    SteadyPlan,
    Trial,
    TrialPlan,
    TrialStatus,
    WorkingFolder,
)
from harness.system.jail.confining import Confined
from harness.system.launcher.protocol import TOUCHED_MORE, TOUCHED_PHASES
from harness.system.launcher.wire import Job, LaunchReport
from harness.system.process.foreign import jailed_write, missing_library, other_machine
from harness.system.process.not_shown import not_shown
from harness.system.process.os_words import os_words
from harness.system.process.scrubbed import missed_variables
from harness.system.process.telling import said_in, tail_of
from harness.system.process.trees import Budget, LeftTooMuchError
from harness.system.process.trial_folder import MOST_BYTES, Opened, Places, TrialFolder

JAILED = Places.below(Path("/trial"))
"""A trial's places, by the names that they have in a jail with a root of its own: see `jail.c`."""
OTHERS_SHARE = 0.01
"""The share of a steady target's own CPU time that its other processes may take unnoticed."""

MAX_ARGUMENT_BYTES = 131_072
"""What Linux takes in one argument or variable, on pages of 4 KiB."""

MOST_PHASE_BYTES = 4 * 2**20
MOST_PHASES = 10_000
MOST_COUNT = 2**63

MOST_BATCH = 1 << 40
"""The most executions that a driver is asked for at once: the launcher's MAX_LOG2_BATCH."""

_EXEC_ADVICE = {
    errno.ENOENT: "the interpreter in its first line, or the loader it was linked for, is missing",
    errno.ENOEXEC: "it is no program for this machine; a script needs a first line like #!/bin/sh",
    errno.EACCES: "it, or the interpreter in its first line, is not executable",
    errno.EINVAL: "is a CPU named that this machine does not have?",
}


@dataclass(frozen=True, slots=True)
class Execution:
    """A command that is about to be executed: where, and how it is confined."""

    command: Command
    program: Path
    """Where the program was found."""
    folder: TrialFolder
    confined: Confined = field(default_factory=Confined)

    @property
    def inside(self) -> Places:
        """The trial's places by the names that the program knows them by."""
        return JAILED if self.confined.has_own_root else self.folder.places

    @property
    def work(self) -> Path:
        """Where it runs, and leaves its files; by its name outside."""
        scratch = self.command.working_folder is WorkingFolder.SCRATCH
        target = self.command.target
        return self.folder.work if scratch or target is None else target.root


def trial_of_report(report: LaunchReport, job: Job, execution: Execution, plan: TrialPlan) -> Trial:
    """The launcher's report as a trial; with its output where the program ended well."""
    folder, touched = execution.folder, report.figures.get("touched")
    status, message = how_it_ended(report, job, folder.opened)
    output = None
    if status in (TrialStatus.FAILED, TrialStatus.CRASHED):
        said = "\n".join(said_in(file) for file in (folder.opened.stderr, folder.opened.stdout))
        if missed := not_shown(said, job.argv[1:], execution.command.target):
            message += f"\n  {missed}"
    if status is TrialStatus.OK:
        try:
            digest = folder.digest_of_little(touched) or folder.digest(_budget_of(job))
            output = Output(execution.work, folder.stdout, folder.stderr, digest)
        except LeftTooMuchError as problem:
            status, message = (
                TrialStatus.FAILED,
                f"{Path(job.argv[0]).name} ended well, but {problem}",
            )
        except OSError as problem:
            status = TrialStatus.FAILED
            message = f"what it left cannot be read: {_why_unread(problem, folder.work)}"
    seen = report.figures.get  # of every trial: a method of ours in between takes its time
    return Trial(
        status=status,
        message=message,
        wall_ns=seen("wall_ns", 0),
        user_ns=seen("user_ns", 0),
        sys_ns=seen("sys_ns", 0),
        max_rss_bytes=seen("max_rss_bytes", 0),
        exit_code=seen("exit_code"),
        signal=seen("signal"),
        voluntary_switches=seen("voluntary_switches", 0),
        involuntary_switches=seen("involuntary_switches", 0),
        minor_faults=seen("minor_faults", 0),
        major_faults=seen("major_faults", 0),
        steal_ns=max(seen("steal_ns", 0), 0),
        pressure_ns=seen("pressure_ns"),
        left_behind=seen("left_behind", 0),
        threads=seen("threads"),
        pad_bytes=plan.pad_bytes,
        ready_ns=seen("ready_ns"),
        handshake_ns=seen("handshake_ns"),
        samples=_samples(report),
        phases=() if has_no_phases(touched) else read_phases(folder.opened.phases),
        output=output,
    )


def _budget_of(job: Job) -> Budget:
    """What may be read of what a trial has left."""
    return Budget(max(MOST_BYTES, 4 * job.max_file_bytes), max(job.timeout_ns / 1e9, 1.0))


def _samples(report: LaunchReport) -> tuple[Sample, ...]:
    """The samples; without CPU times where other processes of the target did a part of the work.

    The CPU clock that a sample is read from is that of the target's own process. The kernel adds
    up the time of its descendants once they have ended, which tells that there was work in them
    but not in which sample. A share below 1 % is what a start-up may take.
    """
    if not report.samples:
        return ()
    own_ns = report.figures.get("own_cpu_ns")
    tree_ns = report.get("user_ns") + report.get("sys_ns")
    if own_ns is None or tree_ns - own_ns <= OTHERS_SHARE * own_ns:
        return report.samples
    return tuple(replace(sample, cpu_ns=-1) for sample in report.samples)


def how_it_ended(report: LaunchReport, job: Job, printed: Opened) -> tuple[TrialStatus, str]:
    """How a job ended, and in words what went wrong."""
    name = job.argv[0].rpartition("/")[2]
    code, number = report.figures.get("exit_code"), report.figures.get("signal")
    if report.trouble:
        if report.lost:
            return TrialStatus.CRASHED, f"{name}: {report.trouble}{tail_of(printed)}"
        number = report.get("exec_errno")
        advice = _EXEC_ADVICE.get(number, "")
        if number == errno.ENOEXEC:
            advice = other_machine(job.argv[0]) or advice
        if number == errno.E2BIG:
            advice = too_long(job.argv, job.env)
        words = f"{report.trouble} ({advice})" if advice else report.trouble
        return TrialStatus.NOT_STARTED, f"{name} could not be started: {words}"
    if report.get("timed_out") and report.get("stuck_ns") > 0:
        return TrialStatus.TIMED_OUT, f"{name} {_stuck(report)}" + tail_of(printed)
    if report.get("timed_out"):
        others = report.get("left_behind")
        company = f", with {others} of its child processes" if others else ""
        what = f"{name} ran past its timeout of {job.timeout_ns / 1e9:g} s and was ended{company}"
        return TrialStatus.TIMED_OUT, what + tail_of(printed)
    if number == signal.SIGXFSZ or (code != 0 and _is_full(job, printed)):
        what = f"{name} wrote more than the {job.max_file_bytes:,} bytes that one file may have"
        return TrialStatus.FAILED, f"{what} (max_output_bytes)"
    if number is not None:
        why = ", as the kernel does when memory runs out" if number == signal.SIGKILL else ""
        words = f"{name} was killed by {signal_name(number)}{why}"
        return TrialStatus.CRASHED, words + tail_of(printed)
    if code != 0:
        words = tail_of(printed)
        said = said_in(printed.stderr)
        missed = (
            missed_variables(said, job.env) or missing_library(said) or jailed_write(said, job.jail)
        )
        return TrialStatus.FAILED, (
            f"{name} ended with exit code {code}{words}" + (f"\n  {missed}" if missed else "")
        )
    if job.steady and not any(not sample.calibration for sample in report.samples):
        what = f"{name} ended before it took a sample: is it built for steady mode?"
        return TrialStatus.FAILED, what + tail_of(printed)
    if job.steady and not report.get("steady_done"):
        what = f"{name} ended before it was told to: steady work must return"
        return TrialStatus.FAILED, what + tail_of(printed)
    if job.steady and (words := _does_not_scale(job.steady, report)):
        return TrialStatus.FAILED, f"{name}: {words}"
    return TrialStatus.OK, ""


def _stuck(report: LaunchReport) -> str:
    """What an execution is said to do that ran far longer than the first one."""
    first_ns = report.samples[0].wall_ns if report.samples else 0
    return (
        f"was ended early: an execution after the first ran for {report.get('stuck_ns') / 1e9:.0f}"
        f" s, and the first took {first_ns / 1e6:.1f} ms; steady mode repeats the work in one"
        " process: does it wait for input, or for a state, that the first execution used up?"
    )


def _does_not_scale(plan: SteadyPlan, report: LaunchReport) -> str:
    """Why samples mean nothing: the largest batch that can be asked for was still too short.

    No work takes less than a hundredth of a nanosecond: the driver does not execute what it is
    asked for. The empty string where it does.
    """
    timed = [sample for sample in report.samples if not sample.calibration]
    longest = max(timed, key=lambda sample: sample.batch, default=None)
    if longest is None or longest.batch < MOST_BATCH or longest.wall_ns >= plan.min_sample_ns:
        return ""
    return (
        f"{longest.batch} executions took {longest.wall_ns} ns, less than the"
        f" {plan.min_sample_ns} ns of a sample: the steady driver does not execute its work as"
        " often as it is asked to (0 to 40 asks for 2^k executions)"
    )


def not_started(message: str) -> Trial:
    """A trial of a program that could not even be tried."""
    return Trial(TrialStatus.NOT_STARTED, wall_ns=0, message=message)


def inputs_of(command: Command) -> Sequence[tuple[str, Path]]:
    """What is put into the working folder, and where: nothing where that is the target's own."""
    target = command.target
    if target is None or not target.inputs or target.working_folder is not WorkingFolder.SCRATCH:
        return ()
    return target.input_places()


def floored(trial: Trial) -> Trial:
    """A trial of the Python fallback, whose own memory is the least that can be read."""
    return replace(trial, max_rss_is_floor=True)


def _why_unread(problem: OSError, work: Path) -> str:
    """Why what a program left cannot be read, in words."""
    if problem.filename is not None and not work.is_dir():
        return (
            f"the folder that it ran in, {work}, is not there any more: the program renamed or"
            " removed it, and what it leaves is read there; have it write to folders of its own"
        )
    return os_words(problem)


def why_not_tried(command: Command, found: Path | None) -> str | None:
    """Why a command need not even be tried, in words: its program or its input is not there.

    `found`: where its program is.
    """
    program, stdin = command.argv[0], command.target.stdin if command.target else None
    if found is None:
        return f"{program}: {_why_no_program(program)}"
    if stdin is not None:
        problem = _why_not_read(stdin)
        return f"standard input {stdin}: {problem}" if problem else None
    return None


def too_long(argv: Sequence[str], env: Mapping[str, str]) -> str:
    """What to do about arguments that the system does not take (E2BIG), with the longest one."""
    sizes = [len(os.fsencode(word)) + 1 for word in argv]
    longest = max(sizes)
    if longest > MAX_ARGUMENT_BYTES:
        return (
            f"Argument {sizes.index(longest)} has {longest:,} bytes, and the system takes"
            f" {MAX_ARGUMENT_BYTES:,} in one: pass such data in a file (`inputs` or `stdin`)."
        )
    named = [(len(os.fsencode(value)), name) for name, value in env.items()]
    size, name = max(named, default=(0, ""))
    if size > MAX_ARGUMENT_BYTES:
        return f"The variable {name} has {size:,} bytes; the system takes {MAX_ARGUMENT_BYTES:,}."
    return (
        f"The {len(argv):,} arguments have {sum(sizes):,} bytes together, which the system does"
        " not take: pass such data in a file (`inputs` or `stdin`)."
    )


def _why_not_read(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except OSError as problem:
        return problem.strerror or str(problem)
    if not (stat.S_ISREG(mode) or stat.S_ISCHR(mode)):
        return "is not a file"  # a pipe would never end
    return "" if os.access(path, os.R_OK) else "may not be read"


def _why_no_program(program: str) -> str:
    """Why a name is not that of a program."""
    if "/" not in program:
        return "no such program on PATH"
    try:
        mode = Path(program).stat().st_mode
    except FileNotFoundError:
        return "no such program"
    except OSError as problem:
        return problem.strerror or str(problem)
    if stat.S_ISDIR(mode):
        return "is a folder, not a program"
    return "is not executable (chmod +x makes it so)"


def signal_name(number: int) -> str:
    """`signal 11 (SIGSEGV: Segmentation fault)`."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    return f"signal {number} ({name}: {signal.strsignal(number)})"


def _is_full(job: Job, printed: Opened) -> bool:
    sizes = (os.fstat(file).st_size for file in (printed.stdout, printed.stderr))
    return 0 < job.max_file_bytes <= max(sizes)


def has_no_phases(touched: int | None) -> bool:
    """Does the launcher say that the program wrote no phases?"""
    return touched is not None and not touched & (TOUCHED_PHASES | TOUCHED_MORE)


def read_phases(file: int) -> tuple[Phase, ...]:
    """What marked processes appended to the open file of phases, summed by path.

    Of a file longer than MOST_PHASE_BYTES, and past MOST_PHASES paths, the rest is passed over.
    """
    if os.fstat(file).st_size == 0:
        return ()
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(file, "rb", closefd=False) as lines:
        content = lines.read(MOST_PHASE_BYTES)
    if len(content) == MOST_PHASE_BYTES:
        content = content[: content.rfind(b"\n") + 1]
    return sum_phases(content.decode("utf-8", "replace").splitlines())


def sum_phases(lines: Iterable[str]) -> tuple[Phase, ...]:
    """`calls TAB nanoseconds TAB outer/inner` lines by path, in the order of their first one.

    Other lines, a torn last one among them, are passed over: what a target writes is not trusted.
    """
    sums: dict[str, tuple[int, int]] = {}
    for line in lines:
        calls, _, rest = line.partition("\t")
        total_ns, _, path = rest.partition("\t")
        if path and _is_count(calls) and _is_count(total_ns):
            before = sums.get(path, (0, 0))
            after = before[0] + int(calls), before[1] + int(total_ns)
            if max(after) < MOST_COUNT and (path in sums or len(sums) < MOST_PHASES):
                sums[path] = after
    return tuple(Phase(path, calls, total_ns) for path, (calls, total_ns) in sums.items())


def _is_count(word: str) -> bool:
    return len(word) <= len(str(MOST_COUNT)) and word.isascii() and word.isdecimal()
