"""From the name of a figure to what it is: who declares it, its unit and its direction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.analysis import Question
from harness.errors import HarnessError, UsageError
from harness.model import Better, Metric, MetricInfo
from harness.model.figures import OF_EVERY_TRIAL
from harness.model.guards import BINARY, MEAN, STARTUP, TAILS
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
    declared = declared_for(orchestrator, cells)
    return replace(settings, question=with_infos(settings.question, declared))


def with_infos(question: Question, declared: Sequence[MetricInfo]) -> Question:
    """The question with what its metric and its guards' figures are, of those declared."""
    names = [guard.name for guard in question.guards if not is_plain(guard.name)]
    metric = question.metric
    figure = None
    if metric is not None and not metric.is_known:
        figure = found_figure(metric.value, declared)
    guarded = tuple(found_figure(name, declared) for name in names)
    return replace(question, figure=figure, guarded=guarded)


def is_plain(name: str) -> bool:
    """Is it a guard that nobody has to declare: a time, memory, a statistic, start-up, a size?"""
    return Metric(name).is_known or name in (*TAILS, MEAN, STARTUP, BINARY)


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
    """The metric plugins that a run takes: those asked for, and those of what it is judged by."""
    question = settings.question
    named = [question.metric.value] if question.metric is not None else []
    named += [guard.name for guard in question.guards]
    return (*settings.metrics, *plugins_named(named, config))


def plugins_of_campaign(config: Config, name: str) -> tuple[str, ...]:
    """The metric plugins of what a campaign is judged by; none where there is no such campaign."""
    section = config.campaigns.get(name)
    return plugins_named((section.objective, *section.guards), config) if section else ()


def plugins_named(figures: Iterable[str], config: Config) -> tuple[str, ...]:
    """The installed metric plugins that are called as these figures are.

    A figure that a target declares itself is its own, whatever plugins are called.
    """
    own = {info.name for task in config.tasks.values() for info in task.metrics}
    named = [name for name in figures if not is_plain(name) and name not in own]
    installed = metric_names() if named else ()
    return tuple(name for name in named if name in installed)
