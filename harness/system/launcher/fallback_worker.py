"""What the launcher in Python does for one job, in a process of its own; see `fallback.py`."""
# pathlib would add to the memory that shows in small targets.
# ruff: noqa: PTH123, PTH208

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import statistics
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from harness.system.launcher import protocol
else:
    import protocol  # beside us

GRACE_S = 0.1
PATIENCE_S = 5.0
HANDSHAKES = 51
MAX_LOG2_BATCH = 40
WORD_NOTHING, WORD_STOP = 0xFE, 0xFF
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

USAGE = {
    "user_ns": ("ru_utime", 1_000_000_000),
    "sys_ns": ("ru_stime", 1_000_000_000),
    "max_rss_bytes": ("ru_maxrss", 1024),
    "minor_faults": ("ru_minflt", 1),
    "major_faults": ("ru_majflt", 1),
    "voluntary_switches": ("ru_nvcsw", 1),
    "involuntary_switches": ("ru_nivcsw", 1),
}
"""What the kernel counts of a process, by our name: its own name and unit."""

figures = dict.fromkeys(protocol.FIGURES, protocol.UNKNOWN)
samples: list[tuple[int, ...]] = []
"""The report, sent at the end."""


@dataclass(frozen=True)
class WorkerJob:
    """What the harness sends, by name."""

    ticket: int
    timeout_ns: int
    max_file_bytes: int
    samples: int
    min_sample_ns: int
    budget_ns: int
    arguments: int
    cpus: str
    stdin_path: str
    stdout_path: str
    stderr_path: str
    folder: str
    jail: str
    own: str
    scratch: str
    argv: list[str]
    env: dict[str, str]


@dataclass
class WorkerState:
    """What the signal handlers and the main line share."""

    target: int = 0
    timed_out: bool = False
    cancelled: bool = False
    usage: dict[str, int] = field(default_factory=lambda: dict.fromkeys(USAGE, 0))

    def on_signal(self, number: int, frame: object) -> None:
        """End the target; what it leaves is swept up afterwards."""
        if number == signal.SIGALRM:
            self.timed_out = True
        else:
            self.cancelled = True
        if self.target:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.target, signal.SIGKILL)

    def add(self, used: resource.struct_rusage) -> None:
        """Count what a process that has ended took; of memory the largest counts."""
        for figure, (name, unit) in USAGE.items():
            value = round(getattr(used, name) * unit)
            so_far = self.usage[figure]
            peak = figure == "max_rss_bytes"
            self.usage[figure] = max(so_far, value) if peak else so_far + value


def put(key: str, value: int) -> None:
    """One figure of the report."""
    figures[key] = int(value)


def report_and_end(trouble: str = "") -> NoReturn:
    """Send the report and end."""
    put("samples", len(samples))
    numbers = [*figures.values(), *(number for sample in samples for number in sample)]
    words = trouble.encode("utf-8", "surrogateescape")
    data = struct.pack(f"={len(numbers)}q", *numbers) + words
    data = struct.pack("=I", len(data)) + data
    with contextlib.suppress(BrokenPipeError):
        while data:
            data = data[os.write(protocol.CONTROL_FD, data) :]
    os._exit(0)


@contextlib.contextmanager
def or_give_up(what: str, *, starting: bool = False) -> Iterator[None]:
    """Report what keeps the target from being started, and end."""
    try:
        yield
    except OSError as problem:
        if starting:
            put("exec_errno", problem.errno or 0)
        report_and_end(f"{what}: {problem.strerror}")


def kernel_facts() -> dict[str, int]:
    """Stolen time and pressure so far, where the kernel offers them."""
    facts = {}
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/stat") as file:
        facts["steal_ns"] = int(file.readline().split()[8]) * (10**9 // os.sysconf("SC_CLK_TCK"))
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/pressure/cpu") as file:
        facts["pressure_ns"] = int(file.readline().rsplit("total=", 1)[1]) * 1000
    return facts


def prepare(job: WorkerJob) -> None:
    """Take on what the target is to inherit: files, folder, limits, CPUs."""
    writing = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    paths = (job.stdin_path, job.stdout_path, job.stderr_path)
    files = zip(paths, (os.O_RDONLY, writing, writing), strict=True)
    for number, (path, flags) in enumerate(files):
        with or_give_up(path):
            fd = os.open(path, flags, 0o644)
            os.dup2(fd, number)
            os.set_inheritable(number, True)
            if fd != number:
                os.close(fd)
    with or_give_up(job.folder):
        os.chdir(job.folder)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    if job.max_file_bytes and (most == resource.RLIM_INFINITY or job.max_file_bytes < most):
        resource.setrlimit(resource.RLIMIT_FSIZE, (job.max_file_bytes, job.max_file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if job.cpus:
        with or_give_up(job.argv[0], starting=True):
            os.sched_setaffinity(0, set(map(int, job.cpus.split(","))))


def spawn(job: WorkerJob, environment: dict[str, str]) -> tuple[int, int]:
    """Start the target; returns its process and the moment just before."""
    ignored = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
    started_ns = time.monotonic_ns()
    with or_give_up(job.argv[0], starting=True):
        pid = os.posix_spawn(
            job.argv[0], job.argv, environment, setpgroup=0, setsigmask=[], setsigdef=ignored
        )
    return pid, started_ns


def wait_for_target(state: WorkerState) -> tuple[int, int]:
    """Reap until the target has ended; returns its status and when that was."""
    while True:
        pid, status, used = os.wait4(-1, 0)
        ended_ns = time.monotonic_ns()
        state.add(used)
        if pid == state.target:
            state.target = 0
            return status, ended_ns


def children() -> list[int]:
    """Every process whose parent we have become."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError, ValueError), open(f"/proc/{name}/stat", "rb") as file:
            # The name in parentheses may hold anything.
            if int(file.read().rpartition(b")")[2].split()[1]) == os.getpid():
                found.append(int(name))
    return found


def sweep_up(state: WorkerState) -> int:
    """Wait a moment for what the target left behind, then kill it; returns how many were."""
    left_behind = 0
    grace_ends = time.monotonic() + (0 if state.timed_out or state.cancelled else GRACE_S)
    patience_ends = grace_ends + PATIENCE_S
    while True:
        try:
            pid, status, used = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return left_behind
        if pid:
            state.add(used)
            left_behind += os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            continue
        if time.monotonic() >= grace_ends or state.cancelled:
            alive = children()
            if time.monotonic() >= patience_ends:
                return left_behind + len(alive)
            for child in alive:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(child, signal.SIGKILL)
        time.sleep(0.001)


class DriverGoneError(Exception):
    """The driver inside the target does not answer any more."""


@dataclass
class Driver:
    """The pipes to the driver inside the target."""

    go: int
    done: int
    process: int
    cpu_clock: int
    state: WorkerState

    def hear(self) -> bytes:
        """One byte; DriverGoneError where the target has ended."""
        while not (self.state.timed_out or self.state.cancelled):
            ready, _, _ = select.select([self.done, self.process], [], [], 0.05)
            if self.done in ready:
                return os.read(self.done, 1)
            if ready:
                break
        raise DriverGoneError

    def ask(self, word: int) -> tuple[int, int]:
        """Wall and CPU time of one word and its answer."""
        try:
            cpu = time.clock_gettime_ns(self.cpu_clock)
            start = time.monotonic_ns()
            os.write(self.go, bytes([word]))
            answer = self.hear()
            wall_ns = time.monotonic_ns() - start
            cpu_ns = time.clock_gettime_ns(self.cpu_clock) - cpu
        except OSError:
            raise DriverGoneError from None
        if answer != b"d":
            raise DriverGoneError
        return wall_ns, cpu_ns


def drive(job: WorkerJob, driver: Driver, started_ns: int) -> None:
    """Drive the work inside the target; without a last line `steady_done` it was cut short."""

    def sample(log2_batch: int, calibration: int) -> int:
        wall_ns, cpu_ns = driver.ask(log2_batch)
        samples.append((1 << log2_batch, wall_ns, cpu_ns, calibration))
        return wall_ns

    if driver.hear() != b"r":
        return
    put("ready_ns", time.monotonic_ns() - started_ns)
    typical = round(statistics.median(driver.ask(WORD_NOTHING)[0] for _ in range(HANDSHAKES)))
    put("handshake_ns", typical)
    sample(0, 1)  # perhaps a compiler at work: it decides nothing, and is not on the budget
    begun = time.monotonic_ns()
    log2_batch = calibrate(job, max(job.min_sample_ns, 100 * typical), sample)
    for i in range(job.samples):
        if i and time.monotonic_ns() - begun > job.budget_ns:
            break
        sample(log2_batch, 0)
    if log2_batch > 0:  # what is printed last is the output that is checked
        driver.ask(0)
    os.write(driver.go, bytes([WORD_STOP]))
    put("steady_done", 1)


def calibrate(job: WorkerJob, long_enough: int, sample: Callable[[int, int], int]) -> int:
    """The batch size, as a power of two, that takes long enough twice."""
    begun = time.monotonic_ns()
    log2_batch, confirmed = 0, True
    while True:
        wall_ns = sample(log2_batch, 1)
        if time.monotonic_ns() - begun > job.budget_ns:
            return log2_batch
        if wall_ns < long_enough and log2_batch < MAX_LOG2_BATCH:
            log2_batch, confirmed = log2_batch + 1, False
        elif confirmed:
            return log2_batch
        else:
            confirmed = True


def run_steady(job: WorkerJob, state: WorkerState, environment: dict[str, str]) -> int:
    """Start the target with its pipes and drive it; returns when it was started."""
    (go_read, go_write), (done_read, done_write) = os.pipe(), os.pipe()
    for fd in (go_read, done_write):
        os.set_inheritable(fd, True)
    environment["HARNESS_STEADY"] = f"{go_read},{done_write}"
    state.target, started_ns = spawn(job, environment)
    arm_timer(job, state)
    os.close(go_read)
    os.close(done_write)
    process = os.pidfd_open(state.target)
    cpu_clock = (~state.target << 3) | 2  # clock_getcpuclockid(3), which Python lacks
    driver = Driver(go_write, done_read, process, cpu_clock, state)
    with contextlib.suppress(DriverGoneError):
        drive(job, driver, started_ns)
    for fd in (go_write, done_read, process):
        os.close(fd)
    os.waitid(os.P_PID, state.target, os.WEXITED | os.WNOWAIT)
    put("own_cpu_ns", time.clock_gettime_ns(cpu_clock))
    return started_ns


def arm_timer(job: WorkerJob, state: WorkerState) -> None:
    """Ask for an alarm at the timeout, again and again, so that none can come too early."""
    if job.timeout_ns > 0:
        signal.setitimer(signal.ITIMER_REAL, max(job.timeout_ns / 1e9, 1e-6), 0.05)
    if state.cancelled:
        os.kill(state.target, signal.SIGKILL)


def run_job(job: WorkerJob, state: WorkerState) -> None:
    """One trial."""
    environment = job.env
    before = kernel_facts()
    prepare(job)
    if job.samples:
        started_ns = run_steady(job, state, environment)
    else:
        state.target, started_ns = spawn(job, environment)
        arm_timer(job, state)
    status, ended_ns = wait_for_target(state)
    signal.setitimer(signal.ITIMER_REAL, 0)
    after = kernel_facts()
    left_behind = sweep_up(state)
    put("wall_ns", ended_ns - started_ns)
    for key, value in state.usage.items():
        put(key, value)
    put("left_behind", left_behind)
    for key in before.keys() & after.keys():
        put(key, after[key] - before[key])
    if os.WIFEXITED(status):
        put("exit_code", os.WEXITSTATUS(status))
    if os.WIFSIGNALED(status):
        put("signal", os.WTERMSIG(status))
    put("timed_out", state.timed_out and os.WIFSIGNALED(status))
    put("cancelled", state.cancelled)


def become_subreaper() -> None:
    """What ends below us leaves its children to us, and we end with our parent."""
    prctl: Any = ctypes.CDLL(None, use_errno=True).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def job_of(frame: bytes) -> WorkerJob:
    """A job by its fields."""
    count = len(protocol.JOB_NUMBERS)
    numbers = struct.unpack_from(f"={count}q", frame)
    texts = [os.fsdecode(text) for text in frame[8 * count :].split(b"\0")[:-1]]
    named: dict[str, Any] = dict(zip(protocol.JOB_NUMBERS, numbers, strict=True))
    named |= zip(protocol.JOB_TEXTS, texts, strict=False)
    rest = texts[len(protocol.JOB_TEXTS) :]
    argv, env = rest[: named["arguments"]], rest[named["arguments"] :]
    pairs = (entry.partition("=") for entry in env)
    return WorkerJob(**named, argv=argv, env={name: value for name, _, value in pairs})


def work(frame: bytes, server: int) -> NoReturn:
    """Execute one job in a process of its own, and report."""
    state = WorkerState()
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, state.on_signal)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    become_subreaper()
    if os.getppid() != server:
        os._exit(2)
    job = job_of(frame)
    put("ticket", job.ticket)
    put("last", 0)
    run_job(job, state)
    put("last", state.cancelled)
    report_and_end()
