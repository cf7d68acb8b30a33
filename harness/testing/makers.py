"""Values with sensible fields; a test says only what matters to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.model import (
    Build,
    Case,
    Completed,
    Host,
    Mode,
    Output,
    ParamValue,
    Target,
    Task,
    Toolchain,
    Trial,
    TrialRecord,
    TrialStatus,
    digest_of,
)


def make_case(name: str = "fast", seed: int | None = None, **params: ParamValue) -> Case:
    """A case with these parameters."""
    return Case(name, params, seed)


def make_task(name: str = "sum", **changes: Any) -> Task:
    """A task with one case; the whole of standard output is its output."""
    return Task(**{"name": name, "cases": (make_case(),), **changes})


def make_target(root: Path, **changes: Any) -> Target:
    """A target of the task `sum`, without sources."""
    fields: dict[str, Any] = {"name": "sum-x", "task": "sum", "adapter": "x", "root": root}
    return Target(**{**fields, **changes})


def make_toolchain(**changes: Any) -> Toolchain:
    """A toolchain that compiles X."""
    fields: dict[str, Any] = {
        "adapter": "x",
        "language": "X",
        "program": Path("/usr/bin/x"),
        "version": "x 1.0",
        "fingerprint": digest_of(["x", "1.0"]),
    }
    return Toolchain(**{**fields, **changes})


def make_build(target: Target, **changes: Any) -> Build:
    """A build of that target, in `<root>/build`."""
    folder = target.root / "build"
    fields: dict[str, Any] = {
        "target": target,
        "toolchain": make_toolchain(adapter=target.adapter),
        "digest": digest_of([target.name]),
        "workdir": folder,
        "program": folder / "program",
    }
    return Build(**{**fields, **changes})


def make_output(
    folder: Path, stdout: str = "", stderr: str = "", files: Mapping[str, str] | None = None
) -> Output:
    """What a program left, written into the empty `folder`: `files` are its working folder's."""
    work = folder / "work"
    work.mkdir(parents=True)
    for name, text in (files or {}).items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text, encoding="utf-8")
    (folder / "stdout").write_text(stdout, encoding="utf-8")
    (folder / "stderr").write_text(stderr, encoding="utf-8")
    named = [part for pair in sorted((files or {}).items()) for part in pair]
    return Output(work, folder / "stdout", folder / "stderr", digest_of([stdout, *named]))


def make_trial(wall_ns: int = 1_000_000, **changes: Any) -> Trial:
    """A trial that ended well."""
    fields: dict[str, Any] = {
        "status": TrialStatus.OK,
        "wall_ns": wall_ns,
        "user_ns": wall_ns,
        "max_rss_bytes": 2**20,
        "exit_code": 0,
    }
    return Trial(**{**fields, **changes})


def make_record(trial: Trial | None = None, **changes: Any) -> TrialRecord:
    """A trial with its place in a run: of `sum-x` on `fast`, cold, the first of its block."""
    fields: dict[str, Any] = {
        "run_id": "20260131-175959-8f3a27c1",
        "task": "sum",
        "case": "fast",
        "target": "sum-x",
        "adapter": "x",
        "language": "X",
        "build_digest": "d",
        "mode": Mode.COLD,
        "block": 0,
        "position": 0,
        "warmup": False,
        "started_at_ns": 10**18,
        "trial": trial or make_trial(),
    }
    return TrialRecord(**{**fields, **changes})


def make_host(**changes: Any) -> Host:
    """A machine of two cores."""
    fields: dict[str, Any] = {
        "id": digest_of(["a machine"]),
        "cpu": "A CPU",
        "cores": 2,
        "memory_bytes": 2**30,
        "kernel": "6.0",
        "system": "A system",
        "governor": None,
        "turbo": None,
        "smt": None,
        "virtualised": None,
        "load": 0.0,
    }
    return Host(**{**fields, **changes})


def completed(stdout: str = "", *, stderr: str = "", exit_code: int = 0) -> Completed:
    """How a tool's call ended."""
    return Completed((), exit_code, stdout, stderr, wall_ns=1_000)
