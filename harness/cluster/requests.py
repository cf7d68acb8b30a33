"""From the arguments of a call to the shards of a cluster's run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from harness.cluster.folder import ClusterShard, with_options
from harness.cluster.running import Request, config_words
from harness.model import Target
from harness.plugins import Executor
from harness.project.config import Config
from harness.running.cells import Cell, GroupKey
from harness.running.experiment import Experiment
from harness.running.naming import TargetSpec, label_of, name_of
from harness.running.selecting import Selected
from harness.running.settings import Settings, to_words

_GIVEN = ("adapter", "input", "prepare", "conclude")
_FLAGS = ("shell", "ignore_output")


def run_request(
    executor: Executor,
    selected: Selected,
    settings: Settings,
    called: tuple[Sequence[TargetSpec], Mapping[str, Any]],
) -> Request:
    """`harness run`: a shard for each task and case, or one for a file or program.

    `called`: the names and options of the call.
    """
    settings = settings.seeded()
    experiment = Experiment(selected.cells, settings, shared_level=True, origin=selected.origin)
    if selected.origin.get("kind") == "configured":
        comparisons = experiment.comparisons
        shards = _of_groups(selected, with_family(settings, comparisons))
    else:
        shards = (_one("run", selected.cells, settings, called),)
    return Request(
        kind="run",
        executor=executor,
        settings=settings,
        shards=shards,
        origin=dict(selected.origin),
        about={},
        wanted=files_of(cell.target for cell in selected.cells),
    )


def compare_request(
    executor: Executor,
    cells: tuple[Config, Sequence[str]],
    settings: Settings,
    called: tuple[Sequence[TargetSpec], Mapping[str, Any]],
) -> Request:
    """`harness compare`: one shard, with all sides on one node. `cells`: configuration, labels."""
    config, labels = cells
    settings = settings.seeded()
    words, named = words_of_sides(config, labels, called, settings)
    task, case = work_of_sides(config, named, called[1])
    shard = ClusterShard(index=0, task=task, case=case, targets=list(labels), words=words)
    return Request(
        kind="compare",
        executor=executor,
        settings=settings,
        shards=(shard,),
        origin={"kind": "compare", "specs": list(labels)},
        about={"labels": list(labels)},
        wanted=files_of(named),
        with_history=any("@" in label for label in labels),
    )


def task_request(
    executor: Executor, config: Config, cells: Sequence[Cell], settings: Settings
) -> Request:
    """`harness compare --task`: a shard for each task, with all that is known of its targets."""
    settings = settings.seeded()
    whole = Experiment(tuple(cells), settings, shared_level=True, ranked=True)
    asked = with_family(settings, whole.comparisons)
    shards = []
    for index, ((task, case), own) in enumerate(grouped(cells).items()):
        words = ["compare", *words_of_cells(config, own, asked)[1:]]
        names = [cell.name for cell in own]
        shards.append(ClusterShard(index=index, task=task, case=case, targets=names, words=words))
    return Request(
        kind="task",
        executor=executor,
        settings=settings,
        shards=tuple(shards),
        origin={"kind": "compare", "specs": [cell.name for cell in cells]},
        about={},
        wanted=files_of(cell.target for cell in cells),
    )


def grouped(cells: Iterable[Cell]) -> dict[GroupKey, list[Cell]]:
    """Cells by their task and case."""
    groups: dict[GroupKey, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.group_key, []).append(cell)
    return groups


def relay_request(executor: Executor, config: Config, words: Sequence[str]) -> Request:
    """A command that is run on a node as it stands, such as `harness bench`."""
    words = with_options(words, config_words(config)) if "--config" not in words else list(words)
    shard = ClusterShard(index=0, task=words[0], case="", targets=[words[0]], words=words)
    return Request(
        kind="relay",
        executor=executor,
        settings=Settings().seeded(),
        shards=(shard,),
        origin={"kind": "relay"},
        about={},
        wanted=files_of(config.targets.values()),
        with_history=True,
    )


def with_family(settings: Settings, comparisons: int) -> Settings:
    """The settings of a part of a run, whose error level is shared with the other parts."""
    from dataclasses import replace

    return replace(settings, family=comparisons) if comparisons > 1 else settings


def files_of(targets: Iterable[Target]) -> tuple[Path, ...]:
    """The files that targets name."""
    found: dict[Path, None] = {}
    for each in targets:
        named = (*each.sources, *each.inputs, *each.build_inputs, *filter(None, [each.stdin]))
        found.update(dict.fromkeys(named))
    return tuple(found)


def words_of_cells(config: Config, cells: Sequence[Cell], settings: Settings) -> list[str]:
    """`harness run` of some targets of one task and case."""
    names = [cell.target.name for cell in cells]
    which = ["--task", cells[0].task.name, "--case", cells[0].case.name]
    return ["run", *names, *which, *config_words(config), *to_words(settings)]


def words_of_sides(
    config: Config,
    labels: Sequence[str],
    called: tuple[Sequence[TargetSpec], Mapping[str, Any]],
    settings: Settings,
) -> tuple[list[str], list[Target]]:
    """`harness compare` of some sides, and those of them that are targets of harness.toml."""
    words = words_of_call("compare", *called, settings)
    plain = [label.partition("@")[0] for label in labels]
    if not config.path or not all(name in config.targets for name in plain):
        return words, []
    return with_options(words, config_words(config)), [config.targets[name] for name in plain]


def work_of_sides(config: Config, named: Sequence[Target], options: Mapping[str, Any]) -> GroupKey:
    """The task and case of some sides; `named`: those that are targets of harness.toml."""
    task = named[0].task if named else "program"
    return task, options.get("case") or (config.task(task).case().name if named else "default")


def _of_groups(selected: Selected, settings: Settings) -> tuple[ClusterShard, ...]:
    shards = []
    for index, ((task, case), cells) in enumerate(grouped(selected.cells).items()):
        names = [cell.target.name for cell in cells]
        words = words_of_cells(selected.config, cells, settings)
        shards.append(ClusterShard(index=index, task=task, case=case, targets=names, words=words))
    return tuple(shards)


def _one(
    command: str,
    cells: Sequence[Cell],
    settings: Settings,
    called: tuple[Sequence[TargetSpec], Mapping[str, Any]],
) -> ClusterShard:
    words = words_of_call(command, *called, settings)
    cell = cells[0]
    names = [each.name for each in cells]
    return ClusterShard(
        index=0, task=cell.task.name, case=cell.case.name, targets=names, words=words
    )


def words_of_call(
    command: str, names: Sequence[TargetSpec], options: Mapping[str, Any], settings: Settings
) -> list[str]:
    """The command line that means the same as a call of the API."""
    given = [name_of(spec) or label_of(spec) for spec in names]
    words = [command, *given]
    for name in (*_GIVEN, "case"):
        if options.get(name) is not None:
            words += [f"--{name}", _text(options[name])]
    words += [f"--{name.replace('_', '-')}" for name in _FLAGS if options.get(name)]
    arguments = [str(word) for word in options.get("arguments") or ()]
    return [*words, *to_words(settings), *["--"] * bool(arguments), *arguments]


def _text(value: str | PathLike[str] | Sequence[str]) -> str:
    if isinstance(value, (str, os.PathLike)):
        return fspath(value)
    return label_of(value)
