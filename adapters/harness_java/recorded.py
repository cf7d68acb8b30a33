"""Profiles by the Java flight recorder: a recording of the run, read by the `jfr` tool."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.errors import TrialFailed
from harness.hookspecs import Runner
from harness.model import Build, Command, Frame, Profile, ProfilePlan, Stack, TrialPlan

RECORDING = "recording.jfr"
DEPTH = "64"
FEW_SAMPLES = 50
EVENTS = "jdk.ExecutionSample,jdk.NativeMethodSample"


def record_profile(command: Command, build: Build, plan: ProfilePlan, runner: Runner) -> Profile:
    """Run the program under the recorder and count the samples of its threads.

    Raises TrialFailed where there is no recording, or no sample in it.
    """
    folder = plan.folder or build.workdir / "profile"
    folder.mkdir(exist_ok=True)
    file = folder / RECORDING
    file.unlink(missing_ok=True)
    flags = (f"-XX:StartFlightRecording=filename={file},settings=profile", "-Xlog:jfr*=off")
    profiled = replace(command, argv=(command.argv[0], *flags, *command.argv[1:]))
    trial = runner.trial(profiled, TrialPlan(timeout_ns=plan.timeout_ns, phases=False))
    if not file.is_file():
        raise TrialFailed(
            f"the flight recorder left nothing of target {build.target.name!r}: {trial.message}",
            hint="A program that is killed, or halts the machine, leaves no recording.",
        )
    reader = str(build.program.with_name("jfr"))
    words = ("print", "--json", "--stack-depth", DEPTH, "--events", EVENTS, str(file))
    said = runner.tool([reader, *words])
    if not said.ok:
        raise TrialFailed(f"jfr cannot read {file}: {said.stderr.strip()[-300:]}")
    stacks = read_stacks(said.stdout, build.target.sources)
    total = sum(stacks.values())
    if not total:
        raise TrialFailed(
            "the flight recorder took no sample: it takes one every 10 ms of a running thread",
            hint="Take a larger case.",
        )
    warnings = [] if trial.ok else [f"the program did not end well: {trial.message}"]
    if total < FEW_SAMPLES:
        warnings.append(f"only {total:.0f} samples: shares are rough; take a larger case")
    return Profile(
        tool="jfr",
        by=plan.by,
        unit="samples",
        total=total,
        stacks=stacks,
        wall_ns=trial.wall_ns,
        cpu_ns=trial.cpu_ns,
        warnings=tuple(warnings),
        exports={RECORDING: str(file)},
    )


def read_stacks(text: str, sources: tuple[Path, ...]) -> dict[Stack, float]:
    """The stacks of `jfr print --json`, outermost frame first, with their numbers of samples."""
    known = {source.stem: source for source in sources}
    try:
        events = json.loads(text)["recording"]["events"]
        counted = Counter(
            stack
            for event in events
            if event["values"].get("state") == "STATE_RUNNABLE"
            and (stack := _stack(event["values"], known))
        )
    except (ValueError, LookupError, TypeError, AttributeError) as problem:
        raise TrialFailed(f"what jfr prints cannot be read: {problem!r}") from None
    return {stack: float(count) for stack, count in counted.items()}


def _stack(values: dict[str, Any], known: dict[str, Path]) -> Stack:
    frames = (values.get("stackTrace") or {}).get("frames") or []
    return tuple(_frame(frame, known) for frame in reversed(frames))


def _frame(found: dict[str, Any], known: dict[str, Path]) -> Frame:
    method = found["method"]
    kind = method["type"]["name"].replace("/", ".")
    outer = kind.rpartition(".")[2].partition("$")[0]
    source, line = known.get(outer), int(found.get("lineNumber") or 0)
    name = f"{kind.rpartition('.')[2]}.{method['name']}"
    if source is None:
        return Frame(f"{kind}.{method['name']}", kind, native=True)
    return Frame(name, str(source), line if line > 0 else None)
