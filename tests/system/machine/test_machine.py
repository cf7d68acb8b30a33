"""Host facts from a made-up /proc and /sys."""

from pathlib import Path

from harness.system.machine.host import read_host


def make(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


CPUINFO = """processor\t: 0
model name\t: Fast CPU 3000
flags\t\t: fpu hypervisor avx
processor\t: 1
model name\t: Fast CPU 3000
flags\t\t: fpu hypervisor avx
"""


def test_facts_come_from_proc_and_sys(tmp_path):
    host = read_host(
        make(
            tmp_path,
            proc__cpuinfo=CPUINFO,
            proc__meminfo="MemTotal:       1024 kB\n",
            proc__loadavg="1.50 1.00 0.50 1/100 1\n",
            sys__devices__system__cpu__cpu0__cpufreq__scaling_governor="powersave\n",
            sys__devices__system__cpu__intel_pstate__no_turbo="0\n",
            sys__devices__system__cpu__smt__active="1\n",
            sys__class__dmi__id__sys_vendor="QEMU\n",
        )
    )
    assert (host.cpu, host.cores, host.memory_bytes) == ("Fast CPU 3000", 2, 1024 * 1024)
    assert (host.governor, host.turbo, host.smt) == ("powersave", True, True)
    assert host.virtualised == "QEMU"
    assert host.load == 1.5


def test_what_the_kernel_does_not_offer_is_none(tmp_path):
    host = read_host(make(tmp_path, proc__cpuinfo=CPUINFO.replace("hypervisor ", "")))
    assert (host.governor, host.turbo, host.smt, host.virtualised) == (None, None, None, None)


def test_a_hypervisor_without_a_name_is_still_seen(tmp_path):
    assert read_host(make(tmp_path, proc__cpuinfo=CPUINFO)).virtualised == "yes"


def test_the_id_is_the_same_while_the_load_changes(tmp_path):
    calm = read_host(make(tmp_path, proc__cpuinfo=CPUINFO, proc__loadavg="0.0 0 0 1/1 1"))
    busy = read_host(make(tmp_path, proc__cpuinfo=CPUINFO, proc__loadavg="9.0 0 0 1/1 1"))
    assert calm.id == busy.id
