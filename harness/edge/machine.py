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
