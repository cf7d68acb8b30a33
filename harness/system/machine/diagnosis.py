"""What on this machine makes timings unreliable, and what to do about each."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path

from harness.frozen import dataclass
from harness.model import Host
from harness.system.machine.host import cpu_quota, fixed_addresses, read_host


class Severity(Enum):
    """How much a finding matters for timings."""

    FINE = "fine"
    NOTE = "note"
    """Known, unavoidable here, and allowed for by the way that trials are made."""
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    name: str
    severity: Severity
    seen: str
    meaning: str = ""
    """Why it matters for timings."""
    remedy: str = ""
    """What to do about it, in words."""
    command: str = ""
    """What does it, where one command does."""


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """The first line of /proc/stat, in ticks."""

    busy: int
    idle: int
    steal: int

    @property
    def total(self) -> int:
        return self.busy + self.idle + self.steal


def read_cpu_times(root: Path = Path("/")) -> CpuTimes | None:
    """Ticks of all CPUs since boot; None where the kernel does not say."""
    try:
        first = (root / "proc/stat").read_text(encoding="ascii").splitlines()[0].split()
    except (OSError, IndexError):
        return None
    user, nice, system, idle, iowait, irq, softirq, steal = (int(v) for v in first[1:9])
    return CpuTimes(user + nice + system + irq + softirq, idle + iowait, steal)


def diagnose(
    root: Path = Path("/"), watch_s: float = 1.0, wait: Callable[[float], None] = time.sleep
) -> list[Finding]:
    """Look at everything that is known to disturb timings; watches the CPUs for `watch_s`."""
    host = read_host(root)
    before = read_cpu_times(root)
    wait(watch_s)
    after = read_cpu_times(root)
    return [
        _governor(host),
        _turbo(host, root),
        _smt(host),
        _load(host),
        _virtualisation(host),
        _quota(host, root),
        *_steal(before, after),
        *_swap(root),
        *_aslr(root),
        _counters(root),
        *_pressure(root),
    ]


def _governor(host: Host) -> Finding:
    if host.governor is None:
        return Finding(
            "governor",
            Severity.NOTE,
            "not offered",
            "The frequency is not ours to see or set, as usual on virtual machines.",
        )
    if host.governor == "performance":
        return Finding("governor", Severity.FINE, host.governor)
    return Finding(
        "governor",
        Severity.PROBLEM,
        host.governor,
        "The clock rate follows the load: a program that starts on an idle CPU runs slower.",
        "Hold it at the top.",
        "sudo cpupower frequency-set --governor performance",
    )


def _turbo(host: Host, root: Path) -> Finding:
    if not host.turbo:
        seen = "off" if host.turbo is False else "not offered"
        return Finding("turbo", Severity.FINE if host.turbo is False else Severity.NOTE, seen)
    return Finding(
        "turbo",
        Severity.PROBLEM,
        "on",
        "The top clock rate depends on temperature and on what the other cores do.",
        "Switch it off while you measure.",
        "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo"
        if (root / "sys/devices/system/cpu/intel_pstate/no_turbo").exists()
        else "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost",
    )


def _smt(host: Host) -> Finding:
    if not host.smt:
        seen = "off" if host.smt is False else "not offered"
        return Finding("SMT", Severity.FINE if host.smt is False else Severity.NOTE, seen)
    return Finding(
        "SMT",
        Severity.NOTE,
        "on",
        "A neighbour on the sibling thread shares the core's units and caches.",
        "Pin to cores whose siblings are idle (--cpus), or switch it off.",
        "echo off | sudo tee /sys/devices/system/cpu/smt/control",
    )


def _load(host: Host) -> Finding:
    share = host.load / host.cores
    seen = f"{host.load:.2f} on {host.cores} cores (one minute)"
    if share < 0.25:
        return Finding("load", Severity.FINE, seen)
    return Finding(
        "load",
        Severity.PROBLEM,
        seen,
        "Other programs compete for the CPUs; wall times grow and scatter.",
        "Stop them, or let CPU time decide (--metric cpu; auto does so when it helps).",
    )


def _virtualisation(host: Host) -> Finding:
    if host.virtualised is None:
        return Finding("virtualisation", Severity.FINE, "none seen")
    return Finding(
        "virtualisation",
        Severity.NOTE,
        host.virtualised if host.virtualised != "yes" else "yes, of an unnamed kind",
        "Guests nobody sees here share the CPUs and caches.",
        "Trust interleaved comparisons, not times of different hours.",
    )


def _quota(host: Host, root: Path) -> Finding:
    quota = cpu_quota(root)
    if quota is None or quota >= host.cores:
        return Finding("CPU quota", Severity.FINE, "none" if quota is None else f"{quota:g} CPUs")
    return Finding(
        "CPU quota",
        Severity.PROBLEM,
        f"{quota:g} of {host.cores} CPUs",
        "A control group halts programs when their share is used up; wall times jump by whole"
        " periods.",
        "Raise the limit of the container or unit (cpu.max, --cpus, CPUQuota=), or let CPU time"
        " decide.",
    )


def _steal(before: CpuTimes | None, after: CpuTimes | None) -> Iterator[Finding]:
    if before is None or after is None:
        yield Finding("steal time", Severity.NOTE, "not offered")
        return
    since_boot = before.steal / max(1, before.steal + before.busy)
    passed = max(1, after.total - before.total)
    now = (after.steal - before.steal) / passed
    seen = f"{now:.1%} now, {since_boot:.1%} of busy time since boot"
    if now < 0.005 and since_boot < 0.02:
        yield Finding("steal time", Severity.FINE, seen)
        return
    yield Finding(
        "steal time",
        Severity.PROBLEM,
        seen,
        "The hypervisor takes the CPU away in the middle of trials; wall times get heavy tails.",
        "CPU time does not count stolen time: --metric cpu (auto chooses it). Or another machine.",
    )


def _swap(root: Path) -> Iterator[Finding]:
    try:
        text = (root / "proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return
    values = {k: int(v) for k, v in re.findall(r"^(\w+):\s+(\d+)", text, re.MULTILINE)}
    used = values.get("SwapTotal", 0) - values.get("SwapFree", 0)
    if used <= 0:
        yield Finding("swap", Severity.FINE, "none in use")
        return
    yield Finding(
        "swap",
        Severity.PROBLEM,
        f"{used // 1024} MiB in use",
        "A page that comes back from disk costs as much as a million instructions.",
        "Free memory, then take swap out of use.",
        "sudo swapoff --all",
    )


def _aslr(root: Path) -> Iterator[Finding]:
    try:
        setting = (root / "proc/sys/kernel/randomize_va_space").read_text(encoding="ascii").strip()
    except OSError:
        return
    if setting != "0" and fixed_addresses(root):
        yield Finding(
            "address randomisation",
            Severity.NOTE,
            "off for this process and what it starts (setarch -R)",
            "Every trial has the same layout: an accident of it looks like a fact.",
            "Start the harness without setarch -R.",
        )
    elif setting == "0":
        yield Finding(
            "address randomisation",
            Severity.NOTE,
            "off",
            "Every trial has the same layout: an accident of it looks like a fact.",
            "Switch it on.",
            "sudo sysctl kernel.randomize_va_space=2",
        )
    else:
        yield Finding(
            "address randomisation",
            Severity.FINE,
            "on",
            "Layout differs from trial to trial, as it should: chance is seen as noise, not bias.",
        )


def _counters(root: Path) -> Finding:
    name = "hardware counters"
    events = root / "sys/bus/event_source/devices"
    # Chips with two kinds of cores have cpu_core and cpu_atom, ARM ones armv8_pmuv3 or so.
    if not [*events.glob("cpu*"), *events.glob("armv*")]:
        return Finding(
            name,
            Severity.NOTE,
            "not offered",
            "perf cannot count instructions or cycles here.",
            "Exact counts of small changes: harness profile TARGET --with callgrind.",
        )
    try:
        setting = (root / "proc/sys/kernel/perf_event_paranoid").read_text(encoding="ascii")
    except OSError:
        setting = ""
    if setting.strip().isdigit() and int(setting) > 2:
        return Finding(
            name,
            Severity.NOTE,
            f"offered, but kept from users (perf_event_paranoid {setting.strip()})",
            "perf counts for the superuser alone.",
            "Let everybody count.",
            "sudo sysctl kernel.perf_event_paranoid=2",
        )
    return Finding(name, Severity.FINE, "offered")


def _pressure(root: Path) -> Iterator[Finding]:
    try:
        text = (root / "proc/pressure/cpu").read_text(encoding="ascii")
    except OSError:
        yield Finding("CPU pressure", Severity.NOTE, "not offered")
        return
    match = re.search(r"some avg10=([\d.]+)", text)
    share = float(match[1]) if match else 0.0
    if share < 5:
        yield Finding("CPU pressure", Severity.FINE, f"{share:.1f} % (ten seconds)")
        return
    yield Finding(
        "CPU pressure",
        Severity.PROBLEM,
        f"{share:.1f} % (ten seconds)",
        "Some task is waiting for a CPU for this share of the time.",
        "Stop other programs, or pin targets to a CPU of their own (--cpus).",
    )
