"""The cells of a sweep: every point of every target, given what the point says."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from harness.errors import UsageError
from harness.model import Target
from harness.model.tasks import with_placeholders
from harness.running.cells import Cell
from harness.running.sweep_axes import ENV, RANKS, THREADS, Axis, Point, Sweep, Value

_OPTIONS_OF_THREADS = {"julia": "threads"}
"""The option by which an adapter's targets take a number of threads."""


def cells_of(sweep: Sweep, bases: Sequence[Cell]) -> list[Cell]:
    """Every base at every point, in every variant; those of one point share a case.

    UsageError for what no target takes, and for what only some of them do.
    """
    opened = [_opened(base, sweep.axes) for base in bases]
    for axis in sweep.axes:
        for base in opened:
            _check_taken(axis, base)
    for axis in sweep.matrix:
        _check_variant(axis, opened)
    return [
        _varied(_at(base, point), variant)
        for point in sweep.points()
        for base in opened
        for variant in sweep.variants()
    ]


def point_name(point: Point) -> str:
    """A point in words: `n=1000, threads=2`."""
    return ", ".join(f"{name}={value}" for name, value in point.items())


def case_at(case: str, point: Point) -> str:
    """What a case is called at a point."""
    return f"{case} ({point_name(point)})" if point else case


def target_in(name: str, variant: Point) -> str:
    """What a target is called in a variant."""
    return f"{name} [{point_name(variant)}]" if variant else name


def at_point(sweep: Sweep, cells: Sequence[Cell], number: int) -> list[Cell]:
    """Those of the cells that stand at one point; UsageError where it has no such point."""
    points = sweep.points()
    if number >= len(points):
        raise UsageError(f"point: the sweep has {len(points)} points, from 0 on, got {number}")
    # Cells come point by point, each with as many.
    many = len(cells) // len(points)
    return list(cells[number * many : (number + 1) * many])


def _opened(base: Cell, axes: Iterable[Axis]) -> Cell:
    """A program's words are taken as they stand: here `{n}` is the axis of that name."""
    names = [axis.name for axis in axes]
    args = tuple(with_placeholders(word, names) for word in base.target.args)
    return replace(base, target=replace(base.target, args=args))


def _takes(target: Target, axis: Axis) -> str:
    """How a target takes an axis: `argument`, `variable`, `option`; empty: it does not."""
    if target.takes(axis.name):
        return "argument"
    if axis.name.startswith(ENV):
        return "variable"
    if axis.name == THREADS:
        return "option" if target.adapter in _OPTIONS_OF_THREADS else ""
    return "option" if axis.name in target.options or axis.name in ("flags", "compiler") else ""


def _check_taken(axis: Axis, base: Cell) -> None:
    if _takes(base.target, axis):
        before = base.case.params.get(axis.name)
        if isinstance(before, (int, float)) and not axis.is_numeric:
            raise UsageError(
                f"sweep {axis.name}: {axis.values[0]!r} is not a number, as {before} of the case"
                f" {base.case.name} is"
            )
        return
    if axis.name == THREADS:
        raise UsageError(
            f"{base.name} does not say how it takes a number of threads",
            hint="Put {threads} among its arguments, or sweep its variable, such as"
            " env.OMP_NUM_THREADS=1,2.",
        )
    if axis.name == RANKS:
        raise UsageError(
            f"{base.name} does not say how its ranks are started",
            hint='Such as launch = ["mpirun", "-n", "{ranks}"] in harness.toml.',
        )
    raise UsageError(
        f"sweep {axis.name}: no argument of {base.name} uses {{{axis.name}}}"
        + _arguments(base.target),
        hint=f"Write {{{axis.name}}} where the value goes; env.{axis.name} is a variable.",
    )


def _arguments(target: Target) -> str:
    """The arguments as they were written, braces of a program's own as well."""
    words = shlex.join(target.args).replace("{{", "{").replace("}}", "}")
    return f"; its arguments: {words}" if words else ""


def _check_variant(axis: Axis, bases: Sequence[Cell]) -> None:
    for base in bases:
        if base.target.takes(axis.name):
            raise UsageError(
                f"matrix {axis.name}: it is a parameter of {base.name}; variants are of the build"
                " or the environment",
                hint=f"As a `sweep` of {axis.name} all targets get the same work at each point.",
            )


def _at(base: Cell, point: Mapping[str, Value]) -> Cell:
    """The cell on the case of a point."""
    parameters = {name: value for name, value in point.items() if base.target.takes(name)}
    case = base.case.with_params(parameters)
    # Named by all of it: what is no parameter of the case makes it another one all the same.
    case = replace(case, name=case_at(base.case.name, point))
    others = {name: value for name, value in point.items() if name not in parameters}
    return replace(base, case=case, target=_with(base.target, others))


def _varied(cell: Cell, variant: Mapping[str, Value]) -> Cell:
    if not variant:
        return cell
    label = target_in(cell.name, variant)
    return replace(cell, target=_with(cell.target, variant), label=label)


def _with(target: Target, values: Mapping[str, Value]) -> Target:
    """The target with variables and options of its adapter."""
    env = {name.removeprefix(ENV): str(v) for name, v in values.items() if name.startswith(ENV)}
    options = {
        _OPTIONS_OF_THREADS.get(target.adapter, name) if name == THREADS else name: _option(name, v)
        for name, v in values.items()
        if not name.startswith(ENV)
    }
    return replace(target, env={**target.env, **env}, options={**target.options, **options})


def _option(name: str, value: Value) -> object:
    """An option as harness.toml would have it: flags are a list of words."""
    return shlex.split(str(value)) if name == "flags" else value
