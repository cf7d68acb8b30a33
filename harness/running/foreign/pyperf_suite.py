"""pyperf's JSON: one trial per process, whose values are samples in steady mode."""

from __future__ import annotations

from harness.model import Mode, Sample, Trial, TrialStatus
from harness.running.foreign.measured import ForeignFile, ForeignHost, ForeignTarget
from harness.running.foreign.nodes import Node, date_ns


def is_pyperf(document: Node) -> bool:
    """Is it pyperf's? By its benchmarks, which have runs."""
    found = document.find("benchmarks")
    return (
        found is not None
        and isinstance(found.value, list)
        and any(isinstance(each, dict) and "runs" in each for each in found.value)
    )


def read_pyperf(document: Node) -> ForeignFile:
    """UsageError says what is wrong, and where."""
    shared = document.find("metadata")
    targets, left_out, dates = [], [], [0]
    host = _host(shared)
    for benchmark in document.at("benchmarks").items():
        own = [each for each in (benchmark.find("metadata"), shared) if each is not None]
        named = _said("name", own)
        name = named.text() if named is not None else "pyperf"
        unit = _said("unit", own)
        if unit is not None and unit.value != "second":
            left_out.append(f"{name} is no time: its unit is {unit.words()}")
            continue
        trials = [trial for run in benchmark.at("runs").items() if (trial := _trial(run, own))]
        targets.append(ForeignTarget(name, Mode.STEADY, tuple(trials), language="Python"))
        dates += [date_ns(run.find("metadata", "date")) for run in benchmark.at("runs").items()]
        host = host if host.cpu else _host(benchmark.find("metadata"))
    made_at_ns = min(filter(None, dates), default=0)
    return ForeignFile(tuple(targets), host, made_at_ns, left_out=tuple(left_out))


def _said(key: str, metadata: list[Node]) -> Node | None:
    """What the nearest metadata say; pyperf writes once what all have in common."""
    return next((found for each in metadata if (found := each.find(key)) is not None), None)


def _trial(run: Node, metadata: list[Node]) -> Trial | None:
    """One process; None for one that only found out how many loops are wanted."""
    if not run.has("values"):
        return None
    own = [each for each in (run.find("metadata"), *metadata) if each is not None]
    each_loop, inner = _said("loops", own), _said("inner_loops", own)
    batch = (each_loop.whole() if each_loop else 1) * (inner.whole() if inner else 1)
    # A value is the time of one execution already.
    samples = [
        Sample(number, batch, value.ns(times=batch), -1)
        for number, value in enumerate(run.at("values").items())
    ]
    memory, duration = _said("mem_max_rss", own), _said("duration", own)
    return Trial(
        status=TrialStatus.OK,
        wall_ns=duration.ns() if duration else sum(sample.wall_ns for sample in samples),
        max_rss_bytes=memory.whole(least=0) if memory else 0,
        samples=tuple(samples),
    )


def _host(metadata: Node | None) -> ForeignHost:
    said = {key: metadata.find(key) if metadata else None for key in _FACTS}
    words = {key: node.words() if node else "" for key, node in said.items()}
    cores = said["cpu_count"]
    return ForeignHost(
        words["hostname"], words["cpu_model_name"], cores.whole() if cores else 0, words["platform"]
    )


_FACTS = ("hostname", "cpu_model_name", "cpu_count", "platform")
