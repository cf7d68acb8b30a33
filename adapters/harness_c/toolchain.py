"""Finds a C compiler and tells it apart from every other one."""

from __future__ import annotations

import platform
from pathlib import Path

from harness.errors import ToolchainMissing
from harness.hookspecs import Runner
from harness.model import Target, Toolchain, digest_of

COMPILERS = ("cc", "gcc", "clang")
HINT = (
    "Install one (Debian: apt-get install gcc libc6-dev), or name it: compiler = "
    '"/path/to/compiler".'
)


def find_compiler(runner: Runner) -> Toolchain:
    """The first compiler of COMPILERS on PATH; ToolchainMissing where there is none."""
    for name in COMPILERS:
        program = runner.find(name)
        if program is not None:
            return _describe_compiler(program, runner)
    raise ToolchainMissing(
        f"no C compiler found: none of {', '.join(COMPILERS)} is on PATH", hint=HINT
    )


def named_compiler(name: str, target: Target, runner: Runner) -> Toolchain:
    """The compiler that a target asks for, by name on PATH or by path from the target's root."""
    program = runner.find(str(target.root / name) if "/" in name else name)
    if program is None:
        raise ToolchainMissing(f"targets.{target.name}.compiler: {name!r} was not found", hint=HINT)
    return _describe_compiler(program, runner)


def _describe_compiler(program: Path, runner: Runner) -> Toolchain:
    """Version, machine and fingerprint of a compiler.

    The fingerprint covers the path, all of `--version` (distributions put their patch level
    there) and the machine that it compiles for.
    """
    said = runner.tool([str(program), "--version"], timeout_s=60)
    machine = runner.tool([str(program), "-dumpmachine"], timeout_s=60)
    if not said.ok or not said.stdout.strip():
        raise ToolchainMissing(
            f"{program} --version ended with {said.exit_code}: {said.stderr.strip()[-500:]}",
            hint=HINT,
        )
    made_for = machine.stdout.strip() or platform.machine()
    return Toolchain(
        adapter="c",
        language="C",
        program=program,
        version=said.stdout.splitlines()[0].strip(),
        fingerprint=digest_of(["c", str(program), said.stdout, made_for]),
        details={"machine": made_for},
    )
