"""A sweep as the shards of a cluster's run: one for each task, case and point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.cluster.folder import ClusterShard, with_options
from harness.cluster.requests import (
    files_of,
    grouped,
    with_family,
    words_of_call,
    words_of_cells,
    words_of_sides,
    work_of_sides,
)
from harness.cluster.running import Request
from harness.errors import UsageError
from harness.model.jsonable import jsonable
from harness.plugins import Executor
from harness.project.config import Config
from harness.running.naming import TargetSpec
from harness.running.selecting import Selected
from harness.running.settings import Settings
from harness.running.sweep_axes import Axis, Sweep, sweep_of
from harness.running.sweep_cells import case_at, cells_of, target_in

KIND = "sweep"
Called = tuple[Sequence[TargetSpec], Mapping[str, Any]]
"""The names and options of a call."""


def sweep_of_run(
    executor: Executor, selected: Selected, asked: tuple[Sweep, Settings], called: Called
) -> Request:
    """A sweep of what `run` would measure: each task and case by itself at each point.

    UsageError for what no target takes, and for values that no command line can say.
    """
    sweep, settings = asked[0], asked[1].seeded()
    cells_of(sweep, selected.cells)  # says what none of them takes, before anything is submitted
    groups = grouped(selected.cells)
    variants = len(sweep.variants())
    compared = sum(len(cells) * variants - 1 for cells in groups.values()) * len(sweep.points())
    level = with_family(settings, compared)
    configured = selected.origin.get("kind") == "configured"
    shards: list[ClusterShard] = []
    for (task, case), cells in groups.items():
        words = (
            words_of_cells(selected.config, cells, level)
            if configured
            else words_of_call("run", *called, settings)
        )
        names = [cell.name for cell in cells]
        shards += _of_points(sweep, (task, case, names), words, len(shards))
    wanted = files_of(cell.target for cell in selected.cells)
    bases = [[*cell.key] for cell in selected.cells]
    return _request(executor, (sweep, settings), shards, bases, wanted=wanted)


def sweep_of_sides(
    executor: Executor,
    sides: tuple[Config, Sequence[str]],
    asked: tuple[Sweep, Settings],
    called: Called,
) -> Request:
    """A sweep of what `compare` would compare: all sides together at each point.

    `sides`: the configuration and the labels. What an axis fits is known where sides are built.
    """
    sweep, settings = asked[0], asked[1].seeded()
    config, labels = sides
    words, named = words_of_sides(config, labels, called, settings)
    shards = _of_points(sweep, (*work_of_sides(config, named, called[1]), labels), words, 0)
    return _request(
        executor,
        (sweep, settings),
        shards,
        [*labels],
        wanted=files_of(named),
        with_history=any("@" in label for label in labels),
    )


def sweep_of_words(words: Sequence[str]) -> Sweep:
    """The sweep that `--sweep` and `--matrix` say."""
    said: dict[str, list[str]] = {"--sweep": [], "--matrix": []}
    for flag, text in zip(words[::2], words[1::2], strict=True):
        said[flag].append(text)
    return sweep_of(said["--sweep"], said["--matrix"])


def _request(
    executor: Executor,
    asked: tuple[Sweep, Settings],
    shards: Sequence[ClusterShard],
    bases: Sequence[object],
    **more: Any,
) -> Request:
    sweep, settings = asked
    confidence = settings.question.confidence
    origin = {"kind": KIND, "axes": jsonable(sweep.axes), "matrix": jsonable(sweep.matrix)}
    return Request(
        kind=KIND,
        executor=executor,
        settings=settings,
        shards=tuple(shards),
        origin={**origin, "bases": bases, "confidence": confidence},
        about={"sweep": words_of_sweep(sweep), "confidence": confidence},
        **more,
    )


def _of_points(
    sweep: Sweep, base: tuple[str, str, Sequence[str]], words: Sequence[str], first: int
) -> list[ClusterShard]:
    """A shard for each point of a task, a case and names that run side by side there."""
    task, case, names = base
    said = words_of_sweep(sweep)
    return [
        ClusterShard(
            index=first + number,
            task=task,
            case=case_at(case, point),
            targets=[target_in(name, each) for name in names for each in sweep.variants()],
            words=with_options(words, [*said, "--point", str(number)]),
        )
        for number, point in enumerate(sweep.points())
    ]


def words_of_sweep(sweep: Sweep) -> list[str]:
    """The axes as a command line says them; UsageError where that would read otherwise."""
    words = [*_axis_words("--sweep", sweep.axes), *_axis_words("--matrix", sweep.matrix)]
    if sweep_of_words(words) != sweep:
        raise UsageError(
            "a value of the sweep cannot be said to a node, which reads it otherwise:"
            f" {' '.join(words)}",
            hint="Texts with a comma or two dots, and texts that are numbers, are such.",
        )
    return words


def _axis_words(flag: str, axes: Iterable[Axis]) -> list[str]:
    words: list[str] = []
    for axis in axes:
        values = ",".join(map(str, axis.values))
        said = f"{axis.factor!r}*{axis.follows}" if axis.follows else values
        words += [flag, f"{axis.name}={said}"]
    return words
