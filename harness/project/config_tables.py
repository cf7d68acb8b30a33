"""The tables of `harness.toml` that save writing: `[defaults.*]`, `[matrix.*]` and a task's `args`.

They are written out into plain `[targets.*]` tables before anything else is read, so that a
target made of them is checked, refused and measured like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from harness.model.suggesting import nearest

Refuse: TypeAlias = Callable[[str, str], Exception]
"""From a key and what is wrong with it to the error that is to be raised."""

Table: TypeAlias = dict[str, Any]

MERGED = "env"
"""The one key whose tables are merged name by name; of every other key the nearest value holds."""

_OWN = ("tasks",)
"""Keys of a matrix that are no keys of its targets."""


def with_targets(data: Mapping[str, Any], refuse: Refuse) -> Table:
    """The decoded file with every target in full, in the order in which the tables stand.

    What a target does not say itself is said by its matrix, then by its task's `args`, then by
    the defaults of its adapter. Raises what `refuse` makes where one of these is no table.
    """
    defaults = _tables(data, "defaults", refuse)
    made: dict[str, Any] = {}
    for key in data:
        if key == "matrix":
            for name, table in _of_matrices(data, refuse):
                made[name] = _merged(table, made.get(name, {}))
        elif key == "targets" and isinstance(data[key], dict):
            for name, own in data[key].items():
                under = made.get(name, {})
                made[name] = _merged(under, own) if isinstance(own, dict) else own
    used = {str(t.get("adapter")) for t in made.values() if isinstance(t, dict)}
    for adapter in defaults.keys() - used:
        if near := nearest(adapter.lower(), used):
            raise refuse(f"defaults.{adapter}", f"no target has it; did you mean {near!r}?")
    if not made:
        return dict(data)
    filled = {
        name: _filled(table, data, refuse) if isinstance(table, dict) else table
        for name, table in made.items()
    }
    return {**data, "targets": filled}


def _of_matrices(data: Mapping[str, Any], refuse: Refuse) -> Iterator[tuple[str, Table]]:
    """The name and table of every target that a matrix stands for."""
    for name, matrix in _tables(data, "matrix", refuse).items():
        tasks = matrix.get("tasks", list(_tables(data, "tasks", refuse)))
        if not isinstance(tasks, list) or not all(isinstance(task, str) for task in tasks):
            raise refuse(f"matrix.{name}.tasks", f"want a list of tasks, got {tasks!r}")
        table = {key: value for key, value in matrix.items() if key not in _OWN}
        for task in tasks:
            yield f"{task}-{name}", {**_named(table, task), "task": task}


def commands_of(
    said: Sequence[str | list[str]], key: str, refuse: Refuse
) -> tuple[tuple[str, ...], ...]:
    """One command as a list of words, or several as a list of such lists."""
    words = tuple(part for part in said if isinstance(part, str))
    lists = tuple(tuple(part) for part in said if not isinstance(part, str))
    if words and lists:
        raise refuse(key, f"want one command or a list of commands, got {said!r}")
    return (words,) if words else lists


def _named(value: Any, task: str) -> Any:
    """A value with `{task}` in its texts replaced; other placeholders are left to the case."""
    if isinstance(value, str):
        return value.replace("{task}", task)
    if isinstance(value, list):
        return [_named(item, task) for item in value]
    if isinstance(value, dict):
        return {key: _named(item, task) for key, item in value.items()}
    return value


def _filled(target: Table, data: Mapping[str, Any], refuse: Refuse) -> Table:
    task = _tables(data, "tasks", refuse).get(str(target.get("task")), {})
    shared = {"args": task["args"]} if "args" in task else {}
    defaults = _tables(data, "defaults", refuse).get(str(target.get("adapter")), {})
    return _merged(_merged(defaults, shared), target)


def _tables(data: Mapping[str, Any], key: str, refuse: Refuse) -> dict[str, Table]:
    """A table of tables, checked to be one."""
    found = data.get(key, {})
    if not isinstance(found, dict):
        raise refuse(key, f"want a table of tables, got {found!r}")
    for name, table in found.items():
        if not isinstance(table, dict):
            raise refuse(f"{key}.{name}", f"want a table, got {table!r}")
    return found


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> Table:
    both = {**under, **over}
    if isinstance(under.get(MERGED), dict) and isinstance(over.get(MERGED), dict):
        both[MERGED] = {**under[MERGED], **over[MERGED]}
    return both
