"""What adapters need to be strict and repeatable: typed options and content digests. Pure."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterable
from dataclasses import MISSING, fields
from functools import lru_cache
from typing import Any, ClassVar, Protocol, TypeVar, get_type_hints

from harness.errors import ConfigError
from harness.model.suggesting import did_you_mean
from harness.model.tasks import Target


class OptionsClass(Protocol):
    """A frozen dataclass whose fields are the options, each with a default."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


_Options = TypeVar("_Options", bound=OptionsClass)

_KINDS: dict[object, tuple[str, type]] = {
    str: ("a string", str),
    str | None: ("a string", str),
    int: ("a whole number", int),
    int | None: ("a whole number", int),
    bool: ("true or false", bool),
    bool | None: ("true or false", bool),
    tuple[str, ...]: ("a list of strings", tuple),
}

_NOT_FOR_ALL = {
    "layouts": "Remove it: targets in C, C++, Fortran and Rust are linked in several layouts, those"
    " of other languages lie in memory as their own tools place them.",
}
"""What is said of an option that many users expect and few adapters can have."""


def read_options(kind: type[_Options], target: Target) -> _Options:
    """`target.options` as a value of `kind`, a dataclass that declares what an adapter knows.

    A field's type is one of `str`, `int`, `bool`, each possibly `| None`, and `tuple[str, ...]`;
    a list of strings may also be written as one string, which is split as a shell does.
    Raises ConfigError for an option that is not declared (with the near one) or that has another
    type (with the value seen), TypeError where the declaration itself does not fit.
    """
    hints = _declared(kind)
    return kind(
        **{name: _checked(name, value, hints, target) for name, value in target.options.items()}
    )


@lru_cache(maxsize=64)  # adapters read a target's options for every trial
def _declared(kind: type[OptionsClass]) -> dict[str, Any]:
    """The options that an adapter knows, with their types."""
    hints = get_type_hints(kind)
    for field in fields(kind):
        if hints[field.name] not in _KINDS:
            raise TypeError(f"option {field.name!r}: a field of type {field.type} is not supported")
        if field.default is MISSING:
            raise TypeError(f"option {field.name!r} needs a default")
    return hints


def digest_of(parts: Iterable[str | bytes]) -> str:
    """SHA-256 in hexadecimal over a sequence; no two different sequences run together."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()


def _checked(name: str, value: Any, hints: dict[str, Any], target: Target) -> Any:
    where = f"targets.{target.name}.{name}"
    if name not in hints:
        raise ConfigError(
            f"{where}: the adapter {target.adapter!r} has no option {name!r};"
            f" it has: {', '.join(sorted(hints)) or 'none'}",
            hint=_NOT_FOR_ALL.get(name)
            or did_you_mean(name, hints)
            or "Remove it, or see docs/adapters.md.",
        )
    words, wanted = _KINDS[hints[name]]
    problem = ConfigError(f"{where}: want {words}, got {value!r}")
    if wanted is tuple:
        return _words(value, problem)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise problem
    return value


def _words(value: Any, problem: ConfigError) -> tuple[str, ...]:
    if isinstance(value, str):
        try:
            return tuple(shlex.split(value))
        except ValueError:
            raise problem from None
    if not isinstance(value, (list, tuple)) or not all(isinstance(word, str) for word in value):
        raise problem
    return tuple(value)
