"""From the name of a figure to what it is: who declares it, its unit and its direction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.analysis import Question
from harness.errors import HarnessError, UsageError
from harness.model import Better, Metric, MetricInfo
from harness.model.figures import OF_EVERY_TRIAL
from harness.model.suggesting import did_you_mean
from harness.plugins import metric_names
from harness.project.config import Config
from harness.running.cells import Cell
from harness.running.orchestrator import Orchestrator
from harness.running.settings import Settings


def with_figure(settings: Settings, orchestrator: Orchestrator, cells: Sequence[Cell]) -> Settings:
    """The settings, whose question knows what the metric is that it names.

    Raises UsageError where nobody declares a figure of that name, or nobody says which direction
    of it is the better one.
    """
    metric = settings.question.metric
    if metric is None or metric.is_known:
        return settings
    info = found_figure(metric.value, declared_for(orchestrator, cells))
    return replace(settings, question=asked_of(settings.question, info))


def asked_of(question: Question, info: MetricInfo) -> Question:
    """The question with what its metric is."""
    return replace(question, figure=info)


def declared_for(orchestrator: Orchestrator, cells: Iterable[Cell]) -> tuple[MetricInfo, ...]:
    """The figures that targets report of themselves, and those of plugins, each name once."""
    found: dict[str, MetricInfo] = {}
    for cell in cells:
        for info in cell.target.metrics:
            found.setdefault(info.name, info)
        try:
            adapter = orchestrator.adapter(cell.target.adapter)
        except HarnessError:  # told where the cell is made ready
            continue
        for info in adapter.metrics():
            found.setdefault(info.name, info)
    return tuple(found.values())


def found_figure(name: str, declared: Sequence[MetricInfo]) -> MetricInfo:
    """What a figure is; UsageError where nobody declares it, or which direction is better."""
    known = {**OF_EVERY_TRIAL, **{info.name: info for info in declared}}
    info = known.get(name)
    if info is None:
        every = (*(metric.value for metric in Metric), *known)
        raise UsageError(
            f"no figure is called {name!r} here; there are: {', '.join(every)}",
            hint=did_you_mean(name, every)
            or "Declare it in [tasks.NAME.metrics.NAME], or name its plugin with `metrics`.",
        )
    if info.better is Better.NEITHER:
        raise UsageError(
            f"{name}: nobody says which direction of it is the better one, so it decides nothing",
            hint='Declare it: `better = "lower"` or `better = "higher"`.'
            if info.source == "target"
            else "It describes the circumstances; `metrics` shows it.",
        )
    return info


def plugins_of(settings: Settings, config: Config) -> tuple[str, ...]:
    """The metric plugins that a run takes: those asked for, and that of the metric it goes by.

    A figure that a target declares itself is its own, whatever plugins are called.
    """
    metric = settings.question.metric
    own = {info.name for task in config.tasks.values() for info in task.metrics}
    named = [] if metric is None or metric.is_known else [metric.value]
    installed = metric_names() if named else ()
    return (*settings.metrics, *(n for n in named if n in installed and n not in own))
