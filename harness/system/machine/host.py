"""The machine that a run is made on: what it is, and what disturbs it now."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from pathlib import Path

from harness.model import Host

_ROOT = Path("/")

_HYPERVISORS = (
    ("KVM", "KVM"),
    ("VMware", "VMware"),
    ("VirtualBox", "VirtualBox"),
    ("innotek", "VirtualBox"),
    ("Xen", "Xen"),
    ("Microsoft", "Hyper-V"),
    ("QEMU", "QEMU"),
    ("Amazon", "Nitro"),
    ("Google", "Google Compute Engine"),
    ("Firecracker", "Firecracker"),
)


def read_host(root: Path = _ROOT) -> Host:
    """This host's facts from /proc and /sys; what the kernel does not offer is None.

    `root` stands in for `/` in tests.
    """
    cpuinfo = _text(root, "proc/cpuinfo")
    cpu = _cpu_name(cpuinfo)
    cores = len(re.findall(r"^processor\s*:", cpuinfo, re.MULTILINE)) or os.cpu_count() or 1
    memory = re.search(r"^MemTotal:\s*(\d+) kB", _text(root, "proc/meminfo"), re.MULTILINE)
    memory_bytes = int(memory[1]) * 1024 if memory else 0
    kernel = platform.release()
    facts = "\n".join((cpu, str(cores), str(memory_bytes), kernel, platform.machine()))
    return Host(
        id=hashlib.sha256(facts.encode()).hexdigest()[:16],
        cpu=cpu,
        cores=cores,
        memory_bytes=memory_bytes,
        kernel=kernel,
        system=_system_name(root),
        governor=_text(root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or None,
        turbo=_turbo(root),
        smt=_flag(root, "sys/devices/system/cpu/smt/active"),
        virtualised=_virtualised(root, cpuinfo),
        load=_load(root),
        hostname=platform.node(),
    )


def _text(root: Path, path: str) -> str:
    try:
        return (root / path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _flag(root: Path, path: str) -> bool | None:
    text = _text(root, path)
    return text == "1" if text else None


def _cpu_name(cpuinfo: str) -> str:
    name = re.search(r"^(?:model name|Model|cpu model)\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return name[1].strip() if name else platform.processor() or platform.machine()


def _system_name(root: Path) -> str:
    name = re.search(r'^PRETTY_NAME="?([^"\n]+)', _text(root, "etc/os-release"), re.MULTILINE)
    return name[1] if name else platform.system()


def _turbo(root: Path) -> bool | None:
    no_turbo = _flag(root, "sys/devices/system/cpu/intel_pstate/no_turbo")
    if no_turbo is not None:
        return not no_turbo
    return _flag(root, "sys/devices/system/cpu/cpufreq/boost")


def _virtualised(root: Path, cpuinfo: str) -> str | None:
    maker = " ".join(
        _text(root, f"sys/class/dmi/id/{name}")
        for name in ("sys_vendor", "product_name", "board_vendor")
    )
    for sign, name in _HYPERVISORS:
        if sign.lower() in maker.lower():
            return name
    flags = re.search(r"^flags\s*:(.*)$", cpuinfo, re.MULTILINE)
    return "yes" if flags and " hypervisor" in flags[1] else None


def _load(root: Path) -> float:
    first = _text(root, "proc/loadavg").split(" ")[0]
    return float(first) if first else 0.0


_ADDR_NO_RANDOMIZE = 0x0040000
"""The flag of personality(2) that `setarch -R` sets, for a process and all that it starts."""


def cpu_quota(root: Path = _ROOT) -> float | None:
    """How many CPUs' worth of time a control group allows us; None where none says.

    A group is bound by its own limit and by those of all groups above it.
    """
    found = []
    for line in _text(root, "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            found += [_quota_v2(root, f"sys/fs/cgroup{g}") for g in _groups(path)]
        elif "cpu" in controllers.split(","):
            mounts = ("sys/fs/cgroup/cpu", f"sys/fs/cgroup/{controllers}")
            found += [_quota_v1(root, f"{mount}{g}") for mount in mounts for g in _groups(path)]
    return min((quota for quota in found if quota is not None), default=None)


def fixed_addresses(root: Path = _ROOT) -> bool:
    """Are the addresses of programs that we start not randomised, although the kernel would?"""
    text = _text(root, "proc/self/personality")
    try:
        return bool(int(text, 16) & _ADDR_NO_RANDOMIZE)
    except ValueError:
        return False


def disturbances(root: Path = _ROOT) -> tuple[str, ...]:
    """What holds for every trial of a run here and that no figure of it shows, in words."""
    host, quota = read_host(root), cpu_quota(root)
    words = []
    if quota is not None and quota < host.cores:
        words.append(
            f"a control group allows {quota:g} of {host.cores} CPUs: programs are halted when that"
            " is used up, and wall times say more of the quota than of them"
        )
    if fixed_addresses(root):
        words.append(
            "addresses are not randomised here (setarch -R): every trial has the same layout, and"
            " an accident of it looks like a fact"
        )
    return tuple(words)


def _groups(path: str) -> list[str]:
    """A group's path and those of all above it; the topmost one is empty."""
    parts = path.strip("/").split("/") if path.strip("/") else []
    return ["/" + "/".join(parts[:count]) if count else "" for count in range(len(parts) + 1)]


def _quota_v2(root: Path, folder: str) -> float | None:
    words = _text(root, f"{folder}/cpu.max").split()
    if len(words) == 2 and words[0].isdigit() and words[1].isdigit() and int(words[1]):
        return int(words[0]) / int(words[1])
    return None


def _quota_v1(root: Path, folder: str) -> float | None:
    quota = _text(root, f"{folder}/cpu.cfs_quota_us")
    period = _text(root, f"{folder}/cpu.cfs_period_us")
    if quota.isdigit() and period.isdigit() and int(period):
        return int(quota) / int(period)
    return None
