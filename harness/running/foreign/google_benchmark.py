"""google-benchmark's JSON: one trial per repetition, with a single sample in steady mode."""

from __future__ import annotations

from harness.errors import UsageError
from harness.model import Mode, Sample, Trial, TrialStatus
from harness.running.foreign.measured import ForeignFile, ForeignHost, ForeignTarget
from harness.running.foreign.nodes import Node, date_ns

_UNITS_NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
_OPTIONS = ("min_time", "min_warmup_time", "iterations", "repeats")
"""Parts of a name that say how it was measured, with a value behind a colon."""


def is_google_benchmark(document: Node) -> bool:
    """Is it google-benchmark's? By its benchmarks, which have a real_time."""
    found = document.find("benchmarks")
    return (
        document.has("context")
        and found is not None
        and isinstance(found.value, list)
        and any(
            isinstance(each, dict) and ("real_time" in each or "error_occurred" in each)
            for each in found.value
        )
    )


def read_google_benchmark(document: Node) -> ForeignFile:
    """UsageError says what is wrong, and where."""
    found: dict[str, list[Trial]] = {}
    aggregates = 0
    for each in document.at("benchmarks").items():
        kind = each.find("run_type")
        if kind is not None and kind.value == "aggregate":
            aggregates += 1
            continue
        name = each.at("run_name" if each.has("run_name") else "name").text()
        found.setdefault(name, []).append(_trial(each))
    if aggregates and not found:
        raise UsageError(
            "benchmarks: there are aggregates alone, and no repetition",
            hint="Run it again without `benchmark_report_aggregates_only`.",
        )
    targets = tuple(_target(name, trials) for name, trials in found.items())
    context = document.at("context")
    return ForeignFile(targets, _host(context), date_ns(context.find("date")))


def _target(name: str, trials: list[Trial]) -> ForeignTarget:
    """`BM_sort/1024/threads:2` is BM_sort with its parameters."""
    first, *parts = name.split("/")
    kept, parameters = [first], {}
    for part in parts:
        key, colon, value = part.partition(":")
        if colon and key not in _OPTIONS:
            parameters[key] = value
        elif not colon and part.lstrip("-").isdigit():
            parameters[f"arg{len(parameters)}"] = part
        else:
            kept.append(part)
    return ForeignTarget("/".join(kept), Mode.STEADY, tuple(trials), parameters, "C++", True)


def _trial(each: Node) -> Trial:
    wrong = each.find("error_message")
    if wrong is not None or (each.has("error_occurred") and each.at("error_occurred").value):
        return Trial(TrialStatus.FAILED, 0, message=wrong.words() if wrong else "it failed")
    unit = each.find("time_unit")
    if unit is not None and unit.value not in _UNITS_NS:
        unit.refuse(f"a unit of time, one of {', '.join(_UNITS_NS)}")
    unit_ns = _UNITS_NS[unit.value] if unit is not None else 1.0
    batch = each.at("iterations").whole()
    wall_ns = each.at("real_time").ns(unit_ns, batch)
    cpu = each.at("cpu_time")
    cpu_ns = cpu.ns(unit_ns, batch) if cpu.number() > 0 else 0
    return Trial(TrialStatus.OK, wall_ns, cpu_ns, samples=(Sample(0, batch, wall_ns, cpu_ns),))


def _host(context: Node) -> ForeignHost:
    name, cores = context.find("host_name"), context.find("num_cpus")
    speed = context.find("mhz_per_cpu")
    return ForeignHost(
        hostname=name.words() if name else "",
        cpu=f"{speed.number():.0f} MHz" if speed else "",
        cores=cores.whole() if cores else 0,
    )
