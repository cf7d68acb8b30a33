"""Picks values out of JSON documents, and gives what is not a number or a list one layout."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from harness.correctness.printed import PrintedFloat, printed_array
from harness.model import OutputValue

_STEP = re.compile(r"""\.?([^.\[\]\s]+)|\[(-?\d+)\]|\[(\*)\]|\.?\[("(?:[^"\\]|\\.)*"|'[^']*')\]""")

_SHOWN = 10


class _All:
    """The step `[*]`: every element of a list."""


_ALL = _All()
_Step = str | int | _All


def pick(document: Any, path: str) -> Any:
    """The value at a path such as `result.energy[0]`; the whole document for an empty path.

    `[*]` takes all elements of a list, `["a.b"]` or `['a.b']` a name with dots, brackets or spaces
    (between double quotes escaped as in JSON); a leading `$` is allowed.
    Raises LookupError saying which step leads nowhere and what is there instead.
    """
    return _walk(document, _steps(path), path)


def _steps(path: str) -> list[_Step]:
    steps: list[_Step] = []
    at = 1 if path.startswith("$") else 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            raise LookupError(f"{path!r} is not a path such as `result.energy[0]`")
        name, index, star, quoted = match.groups()
        steps.append(_ALL if star else int(index) if index else name or _unquoted(quoted, path))
        at = match.end()
    return steps


def _unquoted(quoted: str, path: str) -> str:
    if quoted.startswith("'"):
        return quoted[1:-1]
    try:
        return str(json.loads(quoted))
    except ValueError:
        raise LookupError(f"{path!r}: {quoted} is no JSON string") from None


def _walk(value: Any, steps: list[_Step], path: str) -> Any:
    for done, step in enumerate(steps):
        if isinstance(step, _All) and isinstance(value, list):
            return [_walk(element, steps[done + 1 :], path) for element in value]
        try:
            value = _step(value, step)
        except (KeyError, IndexError):
            name = "[*]" if isinstance(step, _All) else repr(step)
            what = f"{path!r}: there is no {name} in {_describe(value)}"
            raise LookupError(what + _dotted(value, steps[done:])) from None
    return value


def _dotted(value: Any, steps: list[_Step]) -> str:
    """Where a name with dots was meant, how to say so."""
    names = [step for step in steps if isinstance(step, str)]
    for count in range(len(names), 1, -1):
        whole = ".".join(names[:count])
        if isinstance(value, dict) and whole in value:
            return f"; a name with dots is quoted: [{json.dumps(whole)}]"
    return ""


def _step(value: Any, step: _Step) -> Any:
    if isinstance(value, dict) and isinstance(step, str):
        return value[step]
    if isinstance(value, list) and isinstance(step, int):
        return value[step]
    raise KeyError(step)


def _describe(value: Any) -> str:
    if isinstance(value, dict):
        return f"an object with {', '.join(list(value)[:_SHOWN]) or 'nothing'}"
    return f"a list of {len(value)}" if isinstance(value, list) else canonical_json(value)[:60]


def json_to_value(value: Any) -> OutputValue:
    """Numbers and regular lists of numbers as they are, a string as text, else canonical JSON."""
    if isinstance(value, str | bool | int | float):
        return value
    shape = _regular_shape(value)
    if shape is not None:
        flat = _flatten(value)
        if flat and all(isinstance(leaf, bool) for leaf in flat):
            return np.array(flat, dtype=bool).reshape(shape)
        array = printed_array([canonical_json(leaf) for leaf in flat], shape)
        if array is not None:
            return array
    return canonical_json(value)


def _regular_shape(value: Any) -> tuple[int, ...] | None:
    """The shape of nested lists of numbers or truth values; None where they are ragged."""
    if isinstance(value, bool | int | float):
        return ()
    if not isinstance(value, list):
        return None
    if not value:
        return (0,)
    first = _regular_shape(value[0])
    if first is None or any(_regular_shape(element) != first for element in value[1:]):
        return None
    return (len(value), *first)


def _flatten(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return [value]
    return [leaf for element in value for leaf in _flatten(element)]


def canonical_json(value: Any) -> str:
    """JSON in one layout, keys in order, numbers as the program printed them."""
    if isinstance(value, PrintedFloat):
        return value.token
    if isinstance(value, dict):
        fields = (f"{json.dumps(k)}: {canonical_json(v)}" for k, v in sorted(value.items()))
        return "{" + ", ".join(fields) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(canonical_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
