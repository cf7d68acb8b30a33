"""Finds a Julia that works."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from weakref import WeakKeyDictionary

from harness.errors import ToolchainMissing
from harness.hookspecs import Runner
from harness.model import Completed, Target, Toolchain, digest_of
from harness.model.trials import LIBRARIES

INSTALLED = Path(".tools/julia/bin/julia")
"""Where the project's installer puts Julia, from the folder of harness.toml."""
OLDEST = (1, 5)
LOADED = ("artifacts", "compiled", "dev", "environments", "packages")
"""The folders of a depot with code; the others hold records of what was done, and registries."""
HINT = (
    "Put Julia 1.5 or later on PATH (https://julialang.org/downloads; on Debian this project's"
    ' scripts/install_julia.sh gets one), or name it in the target: program = "/path/to/julia".'
)
SCRUBBED = {"LD_LIBRARY_PATH": ""}
"""A Julia must work as a trial starts it: without the caller's libraries."""

# Written by hand as JSON: Julia's standard library has no JSON. The `try` comes first: a Julia
# that was built against another libunwind dies there, in any program that throws.
DESCRIBE = """
f(x) = x == 1 ? error("x") : 1
try f(1) catch end
say(key, value) = println('"', key, "\\": \\"", escape_string(string(value)), "\\",")
println("{")
say("version", VERSION); say("machine", Sys.MACHINE); say("cpu", Sys.CPU_NAME)
say("commit", Base.GIT_VERSION_INFO.commit_short)
say("program", joinpath(Sys.BINDIR, Base.julia_exename()))
say("depots", join(DEPOT_PATH, ':'))
println("\\"language\\": \\"Julia\\"}")
"""


def find_julia(runner: Runner, root: Path | None = None) -> Toolchain:
    """The Julia on PATH, else the one that the project's installer put below `root`."""
    for name in ("julia", str(root / INSTALLED if root else INSTALLED)):
        program = runner.find(name)
        if program is not None:
            return describe_julia(program, runner)
    raise ToolchainMissing("no Julia found on PATH", hint=HINT)


def named_julia(name: str, target: Target, runner: Runner) -> Toolchain:
    """The Julia that a target asks for, by name on PATH or by path from its root."""
    program = runner.find(str(target.root / name) if "/" in name else name)
    if program is None:
        raise ToolchainMissing(f"targets.{target.name}.program: {name!r} was not found", hint=HINT)
    return describe_julia(program, runner)


def describe_julia(program: Path, runner: Runner) -> Toolchain:
    """What a Julia says of itself, once it has shown that it survives an exception.

    A launcher (of juliaup, say) is replaced by the program that it starts, if that one works
    without it: a script that sets LD_LIBRARY_PATH stays. Raises ToolchainMissing.
    """
    facts = _facts(program, _ask(program, runner))
    real = Path(facts["program"])
    if real != program and runner.find(str(real)) is not None and _ask(real, runner).ok:
        program = real
    version = facts["version"]
    if tuple(int(n) for n in version.split("-")[0].split(".")[:2]) < OLDEST:
        raise ToolchainMissing(f"{program} is Julia {version}, which is too old", hint=HINT)
    return Toolchain(
        adapter="julia",
        language="Julia",
        program=program,
        version=f"Julia {version}",
        fingerprint=digest_of(
            ["julia", str(program), *(facts[k] for k in ("version", "commit", "machine", "cpu"))]
        ),
        details={
            **{key: facts[key] for key in ("machine", "cpu", "depots")},
            LIBRARIES: os.pathsep.join(_loaded_from(facts["depots"])),
        },
    )


def _loaded_from(depots: str) -> Iterator[str]:
    """The folders of depots from which programs load code."""
    for depot in filter(None, depots.split(os.pathsep)):
        for name in LOADED:
            yield f"{depot}/{name}"


_answers: WeakKeyDictionary[Runner, dict[tuple[object, ...], Completed]] = WeakKeyDictionary()
"""What each Julia said to the runner of a command: the copies of a race ask by the dozen."""


def _ask(program: Path, runner: Runner) -> Completed:
    known = _answers.setdefault(runner, {})
    words = (str(program), "--startup-file=no", "-e", DESCRIBE)
    try:
        facts = program.stat()
    except OSError:
        return runner.tool(words, env=SCRUBBED, timeout_s=120)
    key = (program, facts.st_ino, facts.st_size, facts.st_mtime_ns)
    if key not in known:
        known[key] = runner.tool(words, env=SCRUBBED, timeout_s=120)
    return known[key]


def _facts(program: Path, said: Completed) -> dict[str, str]:
    if said.exit_code in (-11, 139):
        raise ToolchainMissing(
            f"{program} crashes on any exception thrown from compiled code (signal 11): it was"
            " built against another libunwind than the one it finds here",
            hint=HINT,
        )
    try:
        facts = json.loads(said.stdout)
    except ValueError:
        facts = None
    if not said.ok or not isinstance(facts, dict):
        raise ToolchainMissing(
            f"{program} is not a working Julia (exit {said.exit_code}):"
            f" {said.stderr.strip()[-500:]}",
            hint=HINT,
        )
    return {key: str(value) for key, value in facts.items()}


def depot_path(workdir: Path, toolchain: Toolchain) -> str:
    """JULIA_DEPOT_PATH: what is compiled goes to a depot of ours, packages come from the user's."""
    users = toolchain.details.get("depots", "")
    return os.pathsep.join([str(workdir / "depot"), *filter(None, users.split(os.pathsep))])
