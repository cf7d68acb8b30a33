"""The machine that a benchmark ran on, in one line: every script prints it first."""

from __future__ import annotations

import datetime
import os
import resource

from harness.system.machine.diagnosis import read_cpu_times
from harness.system.machine.host import read_host


def rig() -> str:
    """CPU, cores, system, kernel, load and stolen time since boot."""
    host, times = read_host(), read_cpu_times()
    stolen = (
        f", {times.steal / max(1, times.busy + times.steal):.1%} of busy time stolen"
        if times
        else ""
    )
    virtual = f", virtualised ({host.virtualised})" if host.virtualised else ""
    now = datetime.datetime.now(datetime.UTC)
    return (
        f"rig: {host.cpu}, {host.cores} cores{virtual}, {host.system}, kernel {host.kernel},"
        f" load {host.load:.2f}{stolen}; {now:%Y-%m-%d %H:%M} UTC"
    )


def as_installed() -> dict[str, str]:
    """The environment for a command: with compiled modules, as pip leaves those of a package."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def child_cpu_s() -> float:
    """The CPU time of all children that have ended and were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
