"""Values to what JSON can say: dataclasses, enums, paths and numbers; pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any


def jsonable(value: object, beyond: Callable[[float], Any] = lambda _: None) -> Any:
    """A value as dicts, lists, strings and numbers.

    Dataclasses become objects by field name, enums their value, paths strings, and numbers that
    JSON does not know (infinities, NaN) what `beyond` makes of them: null.
    """
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool) or value is None or isinstance(value, (int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else beyond(value)
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: jsonable(getattr(value, f.name), beyond) for f in fields(value)}
    if isinstance(value, Mapping):
        return {_key(key): jsonable(item, beyond) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [jsonable(item, beyond) for item in value]
    if hasattr(value, "tolist"):
        return jsonable(value.tolist(), beyond)
    raise TypeError(f"cannot be written as JSON: {value!r}")


_BEYOND = "$float"
"""The key of a number that JSON does not know: `{"$float": "inf"}`."""


def to_plain(value: object) -> Any:
    """A value as JSON that keeps the numbers which JSON does not know; see `numbers_back`."""
    return jsonable(value, lambda number: {_BEYOND: repr(number)})


def _same(found: dict[str, Any]) -> Any:
    return found


def numbers_back(plain: object, mend: Callable[[dict[str, Any]], Any] = _same) -> Any:
    """What `to_plain` wrote, with its numbers; `mend` is asked about each object in it."""
    if isinstance(plain, list):
        return [numbers_back(item, mend) for item in plain]
    if not isinstance(plain, Mapping):
        return plain
    if plain.keys() == {_BEYOND}:
        return float(plain[_BEYOND])
    return mend({key: numbers_back(item, mend) for key, item in plain.items()})


def _key(key: object) -> str:
    return str(key.value) if isinstance(key, Enum) else str(key)
