"""Jobs and reports, and how they are written on the wire; `protocol` describes it."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from itertools import starmap
from pathlib import Path

from harness.frozen import dataclass
from harness.model import Sample, SteadyPlan
from harness.system.launcher import protocol

LENGTH = struct.Struct("=I")
"""What a frame begins with."""

_NUMBERS = struct.Struct(f"={len(protocol.JOB_NUMBERS)}q")
_FIGURES = struct.Struct(f"={len(protocol.FIGURES)}q")
_SAMPLE = struct.Struct(f"={len(protocol.SAMPLE)}q")
_NAMES = tuple(protocol.FIGURES)


@dataclass(frozen=True, slots=True)
class Job:
    """One execution of a program, as the launcher is told it. All paths are absolute."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    folder: Path
    stdin: Path
    stdout: Path
    stderr: Path
    timeout_ns: int
    cpus: tuple[int, ...] = ()
    max_file_bytes: int = 0
    """The largest file that the program may write; 0: no limit."""
    steady: SteadyPlan | None = None
    """Drive the work inside the process; None: just run it."""
    jail: str = ""
    """The policy of its jail; empty: none."""
    own: str = ""
    """What the jail has of the trial's folder: see `protocol`."""
    scratch: str = ""
    """The trial's folder, where the launcher is to say what was left in it."""


@dataclass(frozen=True, slots=True)
class LaunchReport:
    """What the launcher saw: figures by name, the samples, and what went wrong in words."""

    figures: Mapping[str, int]
    samples: tuple[Sample, ...] = ()
    trouble: str = ""
    lost: bool = False
    """The launcher itself came to an end before it could report; `trouble` says how."""

    def get(self, name: str, default: int = 0) -> int:
        """A figure, or `default` where the launcher did not give it."""
        return self.figures.get(name, default)


@dataclass(frozen=True, slots=True)
class WrittenJob:
    """A job on the wire but for its number; that of one trial serves others, which are alike."""

    job: Job
    numbers: tuple[int, ...]
    """All but the first one, which is the ticket."""
    texts: bytes

    @classmethod
    def of(cls, job: Job) -> WrittenJob:
        """A job, written; ValueError where a text holds a zero byte."""
        samples, min_sample_ns, budget_ns = _steady_numbers(job.steady)
        numbers = {
            "timeout_ns": job.timeout_ns,
            "max_file_bytes": job.max_file_bytes,
            "samples": samples,
            "min_sample_ns": min_sample_ns,
            "budget_ns": budget_ns,
            "arguments": len(job.argv),
        }
        named = {
            "cpus": ",".join(map(str, job.cpus)),
            "stdin_path": str(job.stdin),
            "stdout_path": str(job.stdout),
            "stderr_path": str(job.stderr),
            "folder": str(job.folder),
            "jail": job.jail,
            "own": job.own,
            "scratch": job.scratch,
        }
        texts = [
            *map(named.__getitem__, protocol.JOB_TEXTS),
            *job.argv,
            *(f"{name}={value}" for name, value in job.env.items()),
            "",  # the last one is ended by a zero byte too
        ]
        joined = "\0".join(texts)
        if joined.count("\0") != len(texts) - 1:
            raise ValueError("embedded null byte")
        in_order = tuple(numbers[name] for name in protocol.JOB_NUMBERS if name != "ticket")
        return cls(job, in_order, os.fsencode(joined))

    def frame(self, ticket: int, more: str = "") -> bytes:
        """The frame of the protocol; `more` has further variables, zero bytes between them."""
        rest = self.texts + more.encode() + b"\0" if more else self.texts
        payload = _NUMBERS.pack(ticket, *self.numbers) + rest
        return LENGTH.pack(len(payload)) + payload


def _steady_numbers(plan: SteadyPlan | None) -> tuple[int, int, int]:
    return (plan.samples, plan.min_sample_ns, plan.budget_ns) if plan else (0, 0, 0)


def decode_report(payload: bytes, ticket: int) -> LaunchReport | None:
    """The report of the job with that ticket; None where it is not, or no report at all."""
    try:
        values = _FIGURES.unpack_from(payload)
    except struct.error:
        return None
    figures = {k: v for k, v in zip(_NAMES, values, strict=True) if v != protocol.UNKNOWN}
    if len(payload) == _FIGURES.size and figures.get("ticket") == ticket:
        return None if figures.get("samples") else LaunchReport(figures)
    text = _FIGURES.size + _SAMPLE.size * figures.get("samples", -1)
    if figures.get("ticket") != ticket or not _FIGURES.size <= text <= len(payload):
        return None
    rows = enumerate(_SAMPLE.iter_unpack(payload[_FIGURES.size : text]))
    try:
        samples = tuple(starmap(_sample, rows))
    except ValueError:
        return None
    return LaunchReport(figures, samples, payload[text:].decode("utf-8", "replace"))


def _sample(index: int, row: tuple[int, ...]) -> Sample:
    batch, wall_ns, cpu_ns, calibration = row
    return Sample(index, batch, wall_ns, cpu_ns, bool(calibration))
