"""pytest-benchmark's JSON: one process, whose rounds are samples in steady mode."""

from __future__ import annotations

from collections.abc import Iterator

from harness.model import Commit, Mode, Sample, Trial, TrialStatus
from harness.running.foreign.measured import ForeignFile, ForeignHost, ForeignTarget
from harness.running.foreign.nodes import Node, date_ns


def is_pytest_benchmark(document: Node) -> bool:
    """Is it pytest-benchmark's? By what it says of the machine."""
    return document.has("machine_info") and document.has("benchmarks")


def read_pytest_benchmark(document: Node) -> ForeignFile:
    """UsageError says what is wrong, and where."""
    benchmarks = list(document.at("benchmarks").items())
    return ForeignFile(
        targets=tuple(_target(each) for each in benchmarks),
        host=_host(document.at("machine_info")),
        made_at_ns=date_ns(document.find("datetime")),
        commit=_commit(document),
        left_out=tuple(_without_rounds(benchmarks)),
    )


def _target(benchmark: Node) -> ForeignTarget:
    # A parameter may be any value of Python's that JSON can say.
    parameters = {name: str(node.value)[:200] for name, node in benchmark.pairs("params")}
    name = benchmark.at("name").text()
    return ForeignTarget(
        name=name.partition("[")[0] if parameters else name,
        mode=Mode.STEADY,
        trials=(_trial(benchmark.at("stats")),),
        parameters=parameters,
        language="Python",
    )


def _trial(stats: Node) -> Trial:
    batch = stats.at("iterations").whole()
    if stats.has("data"):
        samples = [
            Sample(number, batch, value.ns(times=batch), -1)
            for number, value in enumerate(stats.at("data").items())
        ]
    else:
        batch *= stats.at("rounds").whole()
        samples = [Sample(0, batch, stats.at("mean").ns(times=batch), -1)]
    return Trial(TrialStatus.OK, sum(sample.wall_ns for sample in samples), samples=tuple(samples))


def _without_rounds(benchmarks: list[Node]) -> Iterator[str]:
    lacking = sum(not each.at("stats").has("data") for each in benchmarks)
    if lacking:
        yield (
            f"{lacking} of {len(benchmarks)} have no rounds, only their mean, which stands for"
            " them; `pytest --benchmark-save-data` keeps the rounds"
        )


def _host(machine: Node) -> ForeignHost:
    words = {key: node.words() for key in _FACTS if (node := machine.find(key))}
    cpu, cores = machine.find("cpu", "brand_raw"), machine.find("cpu", "count")
    return ForeignHost(
        hostname=words.get("node", ""),
        cpu=cpu.words() if cpu else "",
        cores=cores.whole() if cores else 0,
        system=words.get("system", ""),
        kernel=words.get("release", ""),
    )


_FACTS = ("node", "system", "release")


def _commit(document: Node) -> Commit | None:
    digest = document.find("commit_info", "id")
    if digest is None or digest.value == "unversioned":
        return None
    changed = document.find("commit_info", "dirty")
    made_at_ns = date_ns(document.find("commit_info", "time"))
    return Commit(digest.text(), made_at_ns, changed=bool(changed and changed.value))
