"""What the harness and its launcher say to each other; the one description of it.

Both sides talk over a stream socket, the launcher's file descriptor `CONTROL_FD`. A frame is its
length (uint32) and that many bytes, all numbers in the machine's own order. The harness sends a
job; the launcher executes it, sends a report, and waits for the next job. It ends when the socket
is closed, or by SIGTERM.

A job is its numbers (int64 each, in the order of `JOB_NUMBERS`) and then texts, each ended by a
zero byte: those of `JOB_TEXTS`, as many arguments as its number `arguments` says (the first is the
program), and the whole environment as `NAME=value`.

A report is its figures (int64 each, in the order of `FIGURES`; `UNKNOWN` where there is none), as
many samples as its figure `samples` says (int64 each, in the order of `SAMPLE`), and a text: what
kept the program from being started, or nothing.

`scripts/render_protocol.py` makes `protocol.h`, for `launcher.c`, and the tables of
`docs/launcher.md` from here; `fallback.py` imports this file, which therefore imports nothing.
"""

VERSION = "harness launcher 4"
"""What a launcher answers to `--version`; a change of what follows is another version."""

CONTROL_FD = 3

UNKNOWN = -(2**63)

JOB_NUMBERS = {
    "ticket": "the job's number, which its report repeats",
    "timeout_ns": "after which the whole process tree is ended; 0: never",
    "max_file_bytes": "the largest file that the program may write; 0: no limit",
    "samples": "steady mode: timed samples after calibration; 0: a cold trial",
    "min_sample_ns": "steady mode: how long a sample takes at least",
    "budget_ns": "steady mode: no sample is begun that long after the first call",
    "arguments": "how many there are, the program included",
}

JOB_TEXTS = {
    "cpus": "that the program is pinned to, separated by commas; empty: those of the harness",
    "stdin_path": "file that is the program's standard input",
    "stdout_path": "file that its standard output is written to",
    "stderr_path": "file that its standard error is written to",
    "folder": "in which it runs, as it is named in the jail",
    "jail": "the jail's policy, see `jail.c`; empty: none",
    "own": "what the jail has of the trial's folder: its name below the policy's scratch, or where"
    " it is",
    "scratch": "the trial's folder, which is looked at once the program has ended, see `touched`;"
    " empty: it is not",
}

FIGURES = {
    "ticket": "that of the job",
    "wall_ns": "from before the process is made until it has ended, by CLOCK_MONOTONIC",
    "user_ns": "CPU time in the program, of the whole tree",
    "sys_ns": "CPU time in the kernel, of the whole tree",
    "max_rss_bytes": "peak memory of the largest process of the tree",
    "minor_faults": "page faults without a read from the disk",
    "major_faults": "page faults with one",
    "voluntary_switches": "the CPU was given up",
    "involuntary_switches": "the CPU was taken away",
    "left_behind": "processes that were alive after the program's end, and were killed",
    "threads": "that wanted a CPU at once, in the upper half of the looks",
    "steal_ns": "time stolen from all CPUs meanwhile",
    "pressure_ns": "time in which some task of the machine waited for a CPU meanwhile",
    "exit_code": "of the program, where it ended by itself",
    "signal": "that ended it, where one did",
    "touched": "what was left in `scratch`: 1 for standard output, 2 for standard error, 4 for"
    " phases, and 8 for anything else, added up",
    "timed_out": "1: the timeout ended it",
    "cancelled": "1: the launcher was told to end, and ended it",
    "last": "1: the launcher ends now: it was told to, or is left with what it cannot end",
    "exec_errno": "why the program could not be started",
    "ready_ns": "steady mode: from the start until the driver was ready",
    "handshake_ns": "steady mode: the median time of a word and its answer without work",
    "stuck_ns": "steady mode: the time after which an execution was ended early",
    "unwaited_ns": "in a jail: CPU time of processes that nobody waited for; `user_ns` has it too",
    "own_cpu_ns": "steady mode: CPU time of the program's own process",
    "steady_done": "steady mode: 1: it came to its end",
    "samples": "how many follow",
}

TOUCHED_STDOUT, TOUCHED_STDERR, TOUCHED_PHASES, TOUCHED_MORE = 1, 2, 4, 8
"""What the figure `touched` adds up. The first three are said of files that are still those which
the program was given; another file in the place of one counts as anything else. As it was made are
a folder that is empty (in tmpfs its size tells) and a file with no byte, one name and its mode."""

SAMPLE = ("batch", "wall_ns", "cpu_ns", "calibration")

RANK_VARIABLES = ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID")
"""By which of Open MPI, PMIx, MPICH and its kin, and srun a rank knows its number."""

SIZE_VARIABLES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS")
"""By which it knows how many there are."""
