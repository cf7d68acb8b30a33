"""Short suites for the authors of exporters and metric plugins: each says what does not hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.hookspecs import hookimpl
from harness.model import (
    Build,
    Case,
    Commit,
    Estimate,
    Measurement,
    MetricEstimate,
    MetricInfo,
    Mode,
    Output,
    Run,
    Target,
    Toolchain,
    Trial,
    TrialPlan,
)
from harness.plugins import Adapter, CrossCutting, Exporter, Problem
from harness.testing.fakes import FakeRunner
from harness.testing.makers import (
    make_build,
    make_host,
    make_output,
    make_target,
    make_toolchain,
    make_trial,
)

COMMIT = Commit("8f3a27c1" * 5, 10**18, changed=False)


def make_run() -> Run:
    """A run of two targets: one was measured, with a figure of its own, the other one failed.

    It was made of a commit as it is.
    """
    wall = Estimate("median", 2e6, 1.9e6, 2.1e6, 0.99)
    fine = Measurement(
        task="sum",
        case="fast",
        target="sum-x",
        adapter="x",
        language="X, or |Y|",
        mode=Mode.COLD,
        trials=9,
        failures=0,
        wall_ns=wall,
        cpu_ns=wall,
        max_rss_bytes=2**20,
        output_ok=True,
        metrics=(MetricEstimate(MetricInfo("rate", "MB/s"), wall, 9),),
    )
    failed = Measurement("sum", "fast", "sum-y", "y", "Y", Mode.COLD, 0, 1, None, None, None, None)
    return Run(
        id="20260131-175959-8f3a27c1",
        started_at_ns=10**18,
        command=("run",),
        seed=7,
        host=make_host(),
        measurements=(fine, failed),
        commit=COMMIT,
    )


FAILURES = {("sum", "fast", "sum-y"): "build failed"}


def check_exporter(plugin: object) -> str | bytes | Mapping[str, str | bytes]:
    """What the exporter makes of `make_run`, which also holds a failed target.

    PluginFailed or AssertionError says what does not hold: both hooks are there and give what they
    promise, the same run gives the same content, a run without measurements is written too.
    """
    exporter = Exporter("exporter", plugin)
    exporter.suffix()
    content = exporter.export(make_run(), FAILURES)
    assert content, "a run with measurements gives an empty file"
    assert content == exporter.export(make_run(), FAILURES), "one run gives two contents"
    for name in ("sum-x", "sum-y"):
        assert not isinstance(content, str) or name in content, f"{name} is missing"
    exporter.export(replace(make_run(), measurements=()), {})
    return content


class _Plain:
    """An adapter whose trials all end well."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @hookimpl
    def harness_probe(self) -> Toolchain:
        return make_toolchain()

    @hookimpl
    def harness_build(self, target: Target) -> Build:
        return make_build(target)

    @hookimpl
    def harness_run(self) -> Output:
        return make_output(self.folder / "output")

    @hookimpl
    def harness_time(self) -> Trial:
        return make_trial(message="as it was")


def check_metric(plugin: object, folder: Path) -> Trial:
    """One trial with the figures of a metric plugin; `folder` is an empty one to work in.

    PluginFailed or AssertionError says what does not hold: the plugin fits the contract, declares
    what it adds and adds finite numbers, and leaves the rest of the trial as it is.
    """
    told: list[Problem] = []
    others = CrossCutting(plugins={"metric": plugin}, report=told.append)
    adapter = Adapter("x", _Plain(folder), others)
    target = make_target(folder)
    runner = FakeRunner(folder / "fake")
    trial = adapter.time(make_build(target), Case("fast"), TrialPlan(), runner)
    assert not told, "; ".join(problem.message for problem in told)
    assert all(map(math.isfinite, trial.metrics.values()))
    assert (trial.message, trial.wall_ns) == ("as it was", make_trial().wall_ns)
    return trial
