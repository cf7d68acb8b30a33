"""Figures that a task declares: what they are, where they are found, and how much its work is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from harness.errors import ConfigError
from harness.model import Case, MetricInfo, OutputSource, OutputSpec
from harness.model.work import THROUGHPUT, WorkOfCase
from harness.project.config_file import MetricSection, OutputSection, TaskSection, output_spec


def metric_infos(sections: Mapping[str, MetricSection], where: str) -> tuple[MetricInfo, ...]:
    """The declared figures of the targets' own."""
    found = []
    for name, section in sections.items():
        try:
            info = MetricInfo(
                *(name, section.unit, section.better, section.resolution),
                deterministic=section.deterministic,
            )
        except ValueError as problem:
            raise ConfigError(f"{where}.{name}: {problem}") from None
        found.append(info)
    return tuple(found)


def picks_of(sections: Mapping[str, MetricSection], where: str) -> tuple[OutputSpec, ...]:
    """Where figures are found that stand in the output, read as a declared output is."""
    found = []
    for name, section in sections.items():
        said = (section.source, section.path, section.pattern, section.key, section.json)
        if all(value is None for value in said):
            continue
        if section.source is not OutputSource.FILE and section.path is not None:
            raise ConfigError(f'{where}.{name}: `path` wants from = "file"')
        if section.source is not OutputSource.FILE and said[2:] == (None, None, None):
            raise ConfigError(f"{where}.{name}: want a pattern, a key or a json path to find it by")
        as_output = OutputSection(
            source=section.source or OutputSource.STDOUT,
            path=section.path,
            format=section.format,
            pattern=section.pattern,
            key=section.key,
            json=section.json,
        )
        found.append(output_spec(name, as_output, f"{where}.{name}"))
    return tuple(found)


def figures_of_task(
    section: TaskSection, work: WorkOfCase | None, where: str
) -> tuple[tuple[MetricInfo, ...], tuple[OutputSpec, ...]]:
    """The figures that a task declares, throughput among them, and where some are found."""
    infos = (*metric_infos(section.metrics, where), *((work.info,) if work else ()))
    return infos, picks_of(section.metrics, where)


def declared_work(
    section: TaskSection, cases: Iterable[Case], refuse: Callable[[str, str], Exception]
) -> WorkOfCase | None:
    """What a task says of its work; refused where it is no number on one of its cases."""
    if section.work is None:
        return None
    if THROUGHPUT in section.metrics:
        raise refuse(f"metrics.{THROUGHPUT}", "`work` gives this figure")
    try:
        work = WorkOfCase.of(section.work)
        for case in cases:
            work.amount(case.values())
    except ValueError as problem:
        raise refuse("work", str(problem)) from None
    return work
