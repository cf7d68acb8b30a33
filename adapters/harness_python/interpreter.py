"""Finds a Python interpreter: the real one, not the shim in front of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from harness.errors import ToolchainMissing
from harness.hookspecs import Runner
from harness.model import Target, Toolchain, digest_of
from harness_python import editable

INTERPRETERS = ("python3", "python")
HINT = 'Name one in the target: python = "/path/to/python3" (3.8 or later).'
OLDEST = (3, 8)

# The interpreter describes itself: `sys.executable` is what a shim or launcher led to, and the
# names of the installed distributions tell one environment from another.
DESCRIBE = (
    "import json, os, platform, sys\n"
    + editable.DESCRIBE
    + """
def installed(folder):
    try:
        return [n for n in os.listdir(folder) if n.endswith(('.dist-info', '.egg-info'))]
    except OSError:
        return []
print(json.dumps({
    'executable': sys.executable, 'version': list(sys.version_info[:3]), 'build': sys.version,
    'implementation': platform.python_implementation(), 'machine': platform.machine(),
    'packages': sorted(n for folder in set(sys.path) for n in installed(folder)),
    'editable': editable(),
}))
"""
)


def find_interpreter(runner: Runner) -> Toolchain:
    """The first of INTERPRETERS on PATH, else the one that runs the harness."""
    for name in (*INTERPRETERS, sys.executable):
        program = runner.find(name) if name else None
        if program is not None:
            return _describe_interpreter(program, runner)
    raise ToolchainMissing("no Python interpreter found on PATH", hint=HINT)


def named_interpreter(name: str, target: Target, runner: Runner) -> Toolchain:
    """The interpreter that a target asks for, by name on PATH or by path from its root."""
    program = runner.find(str(target.root / name) if "/" in name else name)
    if program is None:
        raise ToolchainMissing(f"targets.{target.name}.python: {name!r} was not found", hint=HINT)
    return _describe_interpreter(program, runner)


def _describe_interpreter(program: Path, runner: Runner) -> Toolchain:
    """What an interpreter says of itself; ToolchainMissing where it cannot say it or is too old."""
    # -E: the caller's PYTHONPATH is not the target's.
    said = runner.tool([str(program), "-E", "-c", DESCRIBE], timeout_s=60)
    try:
        facts = json.loads(said.stdout)
        version = tuple(facts["version"])
        executable = Path(facts["executable"] or program)
        elsewhere = facts.pop("editable", {})  # places are no part of what the interpreter is
    except (ValueError, KeyError, TypeError):
        raise ToolchainMissing(
            f"{program} is not a working Python (exit {said.exit_code}):"
            f" {said.stderr.strip()[-500:]}",
            hint=HINT,
        ) from None
    dotted = ".".join(map(str, version))
    if version < OLDEST:
        raise ToolchainMissing(f"{program} is Python {dotted}, which is too old", hint=HINT)
    return Toolchain(
        adapter="python",
        language="Python",
        program=executable,
        version=f"{facts['implementation']} {dotted}",
        fingerprint=digest_of(["python", str(executable), json.dumps(facts, sort_keys=True)]),
        details={
            "build": facts["build"],
            "machine": facts["machine"],
            **({"editable": json.dumps(elsewhere)} if any(elsewhere.values()) else {}),
        },
    )
