"""Programs that mean harm: none hangs the harness, is followed by it, or outlives its run.

Each kind is a script; the long form (`make soak`) runs every kind in every place.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.model import (
    Command,
    FileFormat,
    Mode,
    OutputSource,
    OutputSpec,
    Target,
    Trial,
    TrialPlan,
    TrialStatus,
)
from harness.system.outputs.reading import read_outputs
from harness.system.process.runner import LocalRunner
from tests.waiting import until

SECOND = 1_000_000_000
MARK = f"HARNESS_HOSTILE_TEST_{os.getpid()}"
"""The mark of this process of the suite: another one may be at work beside it."""

FAILED, OK, CRASHED, TIMED_OUT = (
    TrialStatus.FAILED,
    TrialStatus.OK,
    TrialStatus.CRASHED,
    TrialStatus.TIMED_OUT,
)


@dataclass(frozen=True)
class Kind:
    """One way to do harm, and how its trial may end."""

    script: str
    ends: tuple[TrialStatus, ...]
    words: str = ""
    max_output_bytes: int = 1_000_000


FILES = {
    "a pipe": "rm -rf {0}; mkfifo {0}",
    "a link to zeros": "rm -rf {0}; ln -s /dev/zero {0}",
    "a link to a terminal": "rm -rf {0}; ln -s /dev/tty {0}",
    "a link to itself": "rm -rf {0}; ln -s $(basename {0}) {0}",
    "a link up": "rm -rf {0}; ln -s / {0}",
    "a folder": "rm -rf {0}; mkdir -p {0}/more",
    "a hole of a terabyte": "rm -rf {0}; perl -e 'truncate(shift, 1 << 40)' {0}",
    "nothing": "rm -rf {0}",
    "a closed file": "rm -rf {0}; touch {0}; chmod 000 {0}",
    "a closed folder": "rm -rf {0}; mkdir -p {0}/in; chmod 000 {0}/in {0}",
    "a socket": "rm -rf {0}; perl -MIO::Socket::UNIX -e"
    " 'IO::Socket::UNIX->new(Local => shift, Listen => 1)' {0}",
    "a deep tree": "rm -rf {0}; mkdir -p {0}; cd {0} && perl -e"
    ' \'for (1..1500) {{ mkdir "d"; chdir "d" }} open F, ">f"\'',
    "many names": "rm -rf {0}; mkdir -p {0}; cd {0} && seq 3000 | xargs touch",
    "odd names": "rm -rf {0}; mkdir -p {0}; printf x > {0}/$(printf '\\377\\n\\033[2J')",
}
"""What may be put in the place {0}."""

PLACES = {
    "result": "result",
    "standard output": "../stdout",
    "standard error": "../stderr",
    "standard input": "../stdin",
    "phases": "../phases",
    "temporary folder": "../tmp",
    "working folder": "../work",
    "trial's folder": "../../$(basename $(dirname $PWD))",
    "a stranger's": "../../stranger",
}

PROCESSES = {
    "stops the launcher": Kind("kill -STOP $PPID; sleep 0.2", (CRASHED,), "launcher was stopped"),
    "stops the launcher for good": Kind(
        "(while :; do kill -STOP $PPID; done) & sleep 100", (TIMED_OUT,), "ran past its timeout"
    ),
    "kills the launcher": Kind("kill -9 $PPID; sleep 100", (CRASHED,), "killed by signal SIGKILL"),
    "kills the launcher and leaves another": Kind(
        "setsid sleep 100 & kill -9 $PPID; sleep 100", (CRASHED,), "killed by signal SIGKILL"
    ),
    "ends the launcher": Kind("kill -TERM $PPID; sleep 100", (CRASHED,)),
    "stops itself": Kind("kill -STOP $$", (TIMED_OUT,)),
    "stops its group": Kind("kill -STOP 0", (TIMED_OUT,)),
    "leaves a daemon": Kind("setsid sh -c 'setsid sleep 100 &' ; echo x", (OK,)),
    "leaves one without its environment": Kind(
        "env -i setsid sh -c 'cd /; exec sleep 100' >/dev/null 2>&1 <&1 & echo x", (OK,)
    ),
    "ignores signals": Kind("trap '' TERM INT HUP ALRM; while :; do sleep 1; done", (TIMED_OUT,)),
    "forks on and on": Kind(
        "f() { sleep 0.05; f & }; f; sleep 100", (TIMED_OUT,), "child processes"
    ),
    "leaves zombies": Kind("perl -e 'for (1..50) { fork or exit } sleep 100'", (TIMED_OUT,)),
    "holds the report open": Kind(
        "(exec 9>/proc/$PPID/fd/3; setsid sleep 100) & sleep 0.1; kill -9 $PPID", (CRASHED,)
    ),
    "writes into the report": Kind("echo 'sample x' > /proc/$PPID/fd/3; echo x", (OK, CRASHED)),
    "floods the report": Kind("cat /dev/zero > /proc/$PPID/fd/3", (TIMED_OUT, CRASHED, FAILED)),
    "prints without end": Kind("yes", (FAILED,), "max_output_bytes"),
    "complains without end": Kind("yes >&2", (FAILED,), "max_output_bytes"),
    "closes everything": Kind("exec 0<&- 1>&- 2>&-; exit 3", (FAILED,)),
    "removes everything": Kind("rm -rf ../*; exit 3", (FAILED,), "exit code 3"),
    "removes everything and ends well": Kind("rm -rf ../*", (FAILED,), "cannot be read"),
    "removes its neighbours": Kind("rm -rf ../../*; exit 3", (FAILED,), "exit code 3"),
    "moves its folder away": Kind("mv ../../$(basename $(dirname $PWD)) ../../x", (FAILED,)),
    "closes the scratch": Kind("chmod 000 ../.. ..; echo x", (OK, FAILED)),
    "sparse files": Kind(
        "for i in 1 2 3 4 5; do truncate -s 1T f$i; done", (FAILED,), "bytes that are read", 2**40
    ),
}


@pytest.fixture
def hostile(runner: LocalRunner, tmp_path: Path) -> Iterator[LocalRunner]:
    """A runner that has to serve a good program afterwards, and to leave nothing."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield runner
    good = runner.trial(Command(("echo", "good"), {}, None), TrialPlan())
    assert good.output is not None, good.message
    assert good.output.stdout.read_text() == "good\n"
    runner.discard(good.output)
    runner.close()
    scratch = tmp_path / "scratch"
    assert not scratch.exists() or list(scratch.iterdir()) == []
    assert survivors() == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000  # KiB


def survivors() -> list[str]:
    """Processes of a trial's that live: told by their group's folder or by what they execute."""
    found = []
    for _ in range(3000):
        found = [*_survivors()]
        if not found:
            break
        time.sleep(0.01)
    return found


def _survivors() -> Iterator[str]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            ours = MARK in words or MARK.encode() in (entry / "environ").read_bytes()
            if state not in "ZX" and ours:
                yield f"{entry.name}: {words}"


def test_a_process_that_survives_would_be_seen():
    with subprocess.Popen(["sleep", "60"], env={**os.environ, MARK: "1"}) as alive:
        # Its words are there a moment after the call has returned.
        seen = until(lambda: [found for found in _survivors() if "sleep" in found])
        alive.kill()
    assert seen == [f"{alive.pid}: sleep 60 "]


def run(runner: LocalRunner, script: str, root: Path, **changes: object) -> tuple[Trial, float]:
    given = {"timeout_ns": 2 * SECOND, "max_output_bytes": 1_000_000, **changes}
    target = replace(Target("mine", "task", "command", root), **given)  # type: ignore[arg-type]
    plan = TrialPlan(Mode.COLD, timeout_ns=target.timeout_ns, phases=True)
    before = time.monotonic()
    trial = runner.trial(Command(("bash", "-c", f": {MARK}; {script}"), {MARK: "1"}, target), plan)
    return trial, time.monotonic() - before


RESULT = (
    OutputSpec("text", OutputSource.FILE, path="result", pattern="x"),
    OutputSpec("json", OutputSource.FILE, path="result", format=FileFormat.JSON),
    OutputSpec("csv", OutputSource.FILE, path="result", format=FileFormat.CSV),
    OutputSpec("npy", OutputSource.FILE, path="result", format=FileFormat.NPY),
    OutputSpec("raw", OutputSource.FILE, path="result", format=FileFormat.RAW, dtype="<f8"),
)


def check(runner: LocalRunner, trial: Trial) -> None:
    """A failure has words; of what is left every reader says what it wants to, in an error."""
    if trial.output is None:
        assert trial.message
        return
    for specs in (*((spec,) for spec in RESULT), ()):
        with contextlib.suppress(HarnessError):
            read_outputs(trial.output, specs)
    runner.discard(trial.output)


EVERY = [(what, place) for what in FILES for place in PLACES]
SOME = {"result", "standard output", "phases"}


def _is_short(what: str, place: str) -> bool:
    return place in SOME or what in ("nothing", "a link up")


@pytest.mark.parametrize(("what", "place"), [one for one in EVERY if _is_short(*one)])
def test_what_is_put_in_a_files_place_is_refused_or_read(
    hostile: LocalRunner, tmp_path: Path, what: str, place: str
) -> None:
    put(hostile, tmp_path, what, place)


@pytest.mark.soak
@pytest.mark.parametrize("end", ["exit 0", "exit 3", "kill -SEGV $$"])
@pytest.mark.parametrize(("what", "place"), EVERY)
def test_whatever_is_put_anywhere_is_refused_or_read(
    hostile: LocalRunner, tmp_path: Path, what: str, place: str, end: str
) -> None:
    put(hostile, tmp_path, what, place, end)


def put(hostile: LocalRunner, tmp_path: Path, what: str, place: str, end: str = "exit 0") -> None:
    harm = FILES[what].format(PLACES[place])
    script = f"echo before; (\n{harm}\n); {end}"
    trial, took = run(hostile, script, tmp_path, timeout_ns=60 * SECOND)
    assert trial.status in (OK, FAILED, CRASHED), trial.message
    assert took < 60  # far from any timeout of ours
    check(hostile, trial)


@pytest.mark.parametrize("name", PROCESSES)
def test_what_a_program_does_to_processes_ends_with_its_trial(
    hostile: LocalRunner, tmp_path: Path, name: str
) -> None:
    kind = PROCESSES[name]
    limits = {
        "max_output_bytes": kind.max_output_bytes,
        "timeout_ns": (2 if TIMED_OUT in kind.ends else 60) * SECOND,
    }
    trial, took = run(hostile, kind.script, tmp_path, **limits)
    assert trial.status in kind.ends, trial.message
    assert kind.words in trial.message
    assert took < 60  # what it leaves asleep sleeps longer
    check(hostile, trial)
