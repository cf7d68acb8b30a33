"""Diagnosis of machines made of files: each trouble is seen, named and given a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.system.machine.diagnosis import Severity, diagnose, read_cpu_times
from harness.system.machine.host import disturbances

CALM = {
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: Some CPU\nprocessor\t: 1\n",
    "proc/meminfo": "MemTotal: 8000000 kB\nSwapTotal: 1000 kB\nSwapFree: 1000 kB\n",
    "proc/loadavg": "0.05 0.10 0.10 1/100 1234\n",
    "proc/stat": "cpu  1000 0 100 9000 10 0 5 0 0 0\n",
    "proc/pressure/cpu": "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
    "proc/sys/kernel/randomize_va_space": "2\n",
    "proc/sys/kernel/perf_event_paranoid": "2\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
    "sys/devices/system/cpu/intel_pstate/no_turbo": "1\n",
    "sys/devices/system/cpu/smt/active": "0\n",
    "sys/bus/event_source/devices/cpu/type": "4\n",
}
"""A machine on which nothing is wrong."""


@pytest.fixture
def machine(tmp_path):
    """Makes a root folder: CALM with changes; None takes a file away."""

    def make(changes: dict[str, str | None]) -> Path:
        for name, text in {**CALM, **changes}.items():
            if text is not None:
                path = tmp_path / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        return tmp_path

    return make


def found(root: Path, wait=lambda _: None):
    return {finding.name: finding for finding in diagnose(root, 1.0, wait)}


def test_a_calm_machine_has_no_finding(machine):
    findings = found(machine({}))
    assert {f.severity for f in findings.values()} == {Severity.FINE}
    assert set(findings) >= {"governor", "turbo", "SMT", "load", "virtualisation", "steal time"}
    assert set(findings) >= {"swap", "address randomisation", "hardware counters", "CPU pressure"}


@pytest.mark.parametrize(
    ("name", "file", "text"),
    [
        ("governor", "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"),
        ("turbo", "sys/devices/system/cpu/intel_pstate/no_turbo", "0\n"),
        ("load", "proc/loadavg", "3.50 1 1 2/100 1234\n"),
        ("swap", "proc/meminfo", "MemTotal: 8000000 kB\nSwapTotal: 9000 kB\nSwapFree: 1000 kB\n"),
        ("steal time", "proc/stat", "cpu  1000 0 0 9000 0 0 0 200 0 0\n"),
        ("CPU pressure", "proc/pressure/cpu", "some avg10=31.40 avg60=0 avg300=0 total=0\n"),
    ],
)
def test_a_trouble_is_a_problem_with_a_meaning_and_a_remedy(machine, name, file, text):
    findings = found(machine({file: text}))
    assert findings[name].severity is Severity.PROBLEM
    assert findings[name].meaning
    assert findings[name].remedy
    others = {f.severity for n, f in findings.items() if n != name}
    assert others == {Severity.FINE}


@pytest.mark.parametrize(
    ("name", "file", "text"),
    [
        ("SMT", "sys/devices/system/cpu/smt/active", "1\n"),
        ("address randomisation", "proc/sys/kernel/randomize_va_space", "0\n"),
        ("hardware counters", "proc/sys/kernel/perf_event_paranoid", "4\n"),
        ("virtualisation", "proc/cpuinfo", "processor\t: 0\nflags\t: fpu hypervisor sse\n"),
    ],
)
def test_what_is_allowed_for_is_a_note_with_advice(machine, name, file, text):
    finding = found(machine({file: text}))[name]
    assert finding.severity is Severity.NOTE
    assert finding.meaning
    assert finding.remedy


@pytest.mark.parametrize(
    ("present", "command"),
    [
        (
            "intel_pstate/no_turbo",
            "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo",
        ),
        ("cpufreq/boost", "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost"),
    ],
)
def test_turbo_is_switched_off_by_the_file_that_is_there(machine, present, command):
    on = "0\n" if present == "intel_pstate/no_turbo" else "1\n"
    files = {"sys/devices/system/cpu/intel_pstate/no_turbo": None}
    files[f"sys/devices/system/cpu/{present}"] = on
    assert found(machine(files))["turbo"].command == command


def test_a_chip_with_two_kinds_of_cores_has_counters(machine):
    devices = "sys/bus/event_source/devices"
    root = machine({f"{devices}/cpu/type": None, f"{devices}/cpu_core/type": "4\n"})
    assert found(root)["hardware counters"].severity is Severity.FINE


def test_time_stolen_while_watching_is_seen_though_there_was_none_before(machine):
    root = machine({})

    def steal(_: float) -> None:
        (root / "proc/stat").write_text("cpu  1080 0 100 9000 10 0 5 20 0 0\n")

    finding = found(root, steal)["steal time"]
    assert finding.severity is Severity.PROBLEM
    assert finding.seen.startswith("20.0% now")


def test_a_machine_that_offers_nothing_is_diagnosed_without_failing(tmp_path):
    findings = found(tmp_path)
    assert findings["steal time"].seen == "not offered"
    assert findings["CPU pressure"].seen == "not offered"
    assert all(f.severity is not Severity.PROBLEM for f in findings.values())


def test_cpu_times_are_those_of_the_first_line(machine):
    times = read_cpu_times(
        machine({"proc/stat": "cpu  1 2 3 4 5 6 7 8 0 0\ncpu0 9 9 9 9 9 9 9 9\n"})
    )
    assert (times.busy, times.idle, times.steal, times.total) == (19, 9, 8, 36)


def test_this_machine_can_be_diagnosed():
    assert {"load", "virtualisation", "governor"} <= set(found(Path("/")))


QUOTAS = [
    {"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "20000 100000\n"},
    {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "20000 100000\n"},
    {
        "proc/self/cgroup": "2:cpuacct:/\n1:cpu,cpuacct:/x\n0::/\n",
        "sys/fs/cgroup/cpu/x/cpu.cfs_quota_us": "20000\n",
        "sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "100000\n",
    },
]


@pytest.mark.parametrize("files", QUOTAS)
def test_a_quota_of_a_control_group_is_named_and_said_of_every_run(machine, files):
    root = machine(files)
    finding = found(root)["CPU quota"]
    assert finding.severity is Severity.PROBLEM
    assert finding.seen == "0.2 of 2 CPUs"
    (words,) = disturbances(root)
    assert "allows 0.2 of 2 CPUs" in words


@pytest.mark.parametrize("limit", ["max 100000", "400000 100000"])
def test_a_quota_that_binds_nobody_is_fine(machine, limit):
    root = machine({"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.max": limit})
    assert found(root)["CPU quota"].severity is Severity.FINE
    assert disturbances(root) == ()


def test_fixed_addresses_of_this_process_are_seen_although_the_kernel_would_move_them(machine):
    root = machine({"proc/self/personality": "00040000\n"})
    finding = found(root)["address randomisation"]
    assert finding.severity is Severity.NOTE
    assert "setarch -R" in finding.seen
    assert "not randomised" in disturbances(root)[0]
