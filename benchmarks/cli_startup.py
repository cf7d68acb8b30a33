"""How long the command line keeps its user waiting before anything happens.

    python benchmarks/cli_startup.py [--rounds 20]

Help and import: `harness --help` and `import harness` against `python -c pass` with the same
interpreter, in turns. One trial: the whole of `harness run` around a single trial of /bin/true, by
the wall clock, and by its CPU time, which others disturb less.
First trial: from the moment when `harness run` is started until it begins its first trial, with
the build cached, for a target in C; by the wall clock, as the store records it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq
from figures import figure
from rig import as_installed, child_cpu_s, rig

from harness.system.machine.host import read_host

HARNESS = (str(Path(sys.executable).with_name("harness")),)
PASS = (sys.executable, "-c", "pass")
SOURCE = '#include <stdio.h>\nint main(void) { return puts("42") < 0; }\n'


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=20)
    rounds = options.parse_args().rounds
    host = read_host()
    print(rig())
    if host.load > host.cores / 2:
        print("the machine is busy: times below say as much of the others' work")
    ok = help_time(rounds)
    ok &= one_trial(rounds)
    ok &= first_trial(max(3, rounds // 4))
    sys.exit(0 if ok else 1)


def help_time(rounds: int) -> bool:
    """`harness --help` in units of `python -c pass`; medians of interleaved runs."""
    commands = {
        "python -c pass": PASS,
        "harness --help": (*HARNESS, "--help"),
        "import harness": (sys.executable, "-c", "import harness"),
    }
    seen: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, argv in commands.items():
            started = time.perf_counter()
            subprocess.run(argv, stdout=subprocess.DEVNULL, env=as_installed(), check=True)
            seen[name].append((time.perf_counter() - started) * 1e3)
    medians = {name: statistics.median(times) for name, times in seen.items()}
    ratio = medians["harness --help"] / medians["python -c pass"]
    for name, median in medians.items():
        print(f"  {name:16} {median:6.1f} ms")
    small = figure("harness --help / python -c pass", f"{ratio:.2f}", "at most 2", ratio <= 2)
    more_ms = medians["import harness"] - medians["python -c pass"]
    quick = more_ms <= 30
    return figure("import harness", f"{more_ms:.1f} ms", "at most 30 ms", quick) and small


def one_trial(rounds: int) -> bool:
    """`harness run` around one trial, from its start to its end."""
    walls, cpus = [], []
    with tempfile.TemporaryDirectory() as name:
        argv = (*HARNESS, "run", "--adapter", "command", "--trials", "1", "--json")
        for number in range(rounds + 1):
            started, before = time.perf_counter(), child_cpu_s()
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            command = [*argv, "--", "/bin/true"]
            subprocess.run(command, cwd=name, env=as_installed(), check=True, **quiet)
            after = child_cpu_s()
            if number:  # the first one may compile
                walls.append(time.perf_counter() - started)
                cpus.append(after - before)
    wall, cpu = statistics.median(walls), statistics.median(cpus)
    print(f"  one trial: {wall:.3f} s ({min(walls):.3f} at best), CPU time {cpu:.3f} s")
    return figure("harness run of one trial", f"{wall:.2f} s", "at most 0.25 s", wall <= 0.25)


def first_trial(rounds: int) -> bool:
    """Seconds from the command to its first trial, when the build is cached."""
    waits: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "answer.c").write_text(SOURCE)
        argv = (*HARNESS, "run", "--adapter", "c", "answer.c", "--trials", "1", "--json")
        for number in range(rounds + 1):
            started_ns = time.time_ns()
            said = subprocess.run(
                argv, cwd=name, env=as_installed(), capture_output=True, check=True
            )
            stored = pq.read_table(json.loads(said.stdout)["result"]["parquet"])
            if number:  # the first one compiles
                begun_ns = min(stored["started_at_ns"].to_pylist())
                waits.append((begun_ns - started_ns) / 1e9)
    wait = statistics.median(waits)
    print(f"  first trial after {wait:.2f} s (median of {rounds}, at most {max(waits):.2f})")
    return figure("first trial after", f"{wait:.2f} s", "at most 0.5 s", wait <= 0.5)


if __name__ == "__main__":
    main()
