"""What a Python program allocates, by tracemalloc; for `--metric python_memory`.

The program is executed once more, apart from timing, with tracing on: it takes several times as
long. `python_memory` is the most that Python's allocators held at once; extensions that allocate
past them are not seen, and neither are the interpreter's own first steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import TrialFailed
from harness.hookspecs import Runner, hookimpl
from harness.model import Better, Build, Command, MetricInfo, TrialPlan

NAME = "python_memory"
_TOLD = "HARNESS_TRACEMALLOC"

_AT_THE_END = f"""
import atexit as _atexit
import os as _os
import tracemalloc as _traced

def _tell(folder=_os.environ.get("{_TOLD}"), traced=_traced):
    if folder and traced.is_tracing():
        with open(_os.path.join(folder, f"peak.{{_os.getpid()}}"), "w") as file:
            file.write(str(traced.get_traced_memory()[1]))

_atexit.register(_tell)
"""
"""A `sitecustomize` that leaves the peak in a file at the end of the process."""


@hookimpl
def harness_metrics() -> Sequence[MetricInfo]:
    return [MetricInfo(NAME, "bytes", Better.LOWER, source=NAME, deterministic=True)]


@hookimpl
def harness_beside(
    build: Build, command: Command, folder: Path, runner: Runner
) -> Mapping[str, float] | None:
    if build.toolchain.language.lower() != "python":
        return None
    (folder / "sitecustomize.py").write_text(_AT_THE_END, encoding="utf-8")
    path = ":".join(filter(None, (str(folder), command.env.get("PYTHONPATH", ""))))
    env = {**command.env, "PYTHONTRACEMALLOC": "1", "PYTHONPATH": path, _TOLD: str(folder)}
    traced = replace(command, env=env, profile=folder)
    trial = runner.trial(traced, TrialPlan(timeout_ns=build.target.timeout_ns, phases=False))
    if not trial.ok:
        raise TrialFailed(f"{build.target.name} under tracemalloc: {trial.message}")
    peaks = [float(file.read_text(encoding="ascii")) for file in folder.glob("peak.*")]
    if not peaks:
        raise TrialFailed(f"{build.target.name}: nothing was traced")
    return {NAME: max(peaks)}
