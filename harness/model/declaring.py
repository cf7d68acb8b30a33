"""Options of a run, declared once where their values live; pure.

A field of a frozen dataclass carries in its metadata what the command line, the Python API and the
documentation need to know of it. `harness.running.settings.Settings` is made of such fields.
"""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

from harness.errors import UsageError
from harness.frozen import dataclass

Reader: TypeAlias = Callable[[Any, str], Any]
"""What a caller gave, and the option's name for messages; gives the field's value or raises
UsageError."""

_KEY = "option"

_Settings = TypeVar("_Settings")


@dataclass(frozen=True, slots=True)
class RunOption:
    """What a caller may say of one field."""

    keyword: str
    """The API's keyword argument; on the command line with dashes: `max_trials`, `--max-trials`."""
    help: str
    read: Reader
    kind: type = str
    """What the command line takes it for before `read` sees it: str or int; float is a share, which
    may be said as `2%`."""
    minimum: int | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    """What a number of it counts, and what a text looks like, for the help of the API."""
    default: str = ""
    """The default in words, for the help; empty: there is none to show."""

    write: Callable[[Any], str] | None = None
    """A value of the field in words that `read` takes; None: its plain text will do."""
    several: bool = False
    """May the command line say it again and again? Then `read` gets all that was said."""
    bare: str | None = None
    """What the option alone stands for on the command line; None: it wants a value."""

    @property
    def flag(self) -> str:
        return "--" + self.keyword.replace("_", "-")


def declared(default: Any, option: RunOption) -> Any:
    """A dataclass field that callers may set by `option`."""
    return field(default=default, metadata={_KEY: option})


def options_of(kind: type) -> Iterator[RunOption]:
    """Every option that is declared in a dataclass or in a dataclass that a field of it holds."""
    for _, option in _walk(kind):
        yield option


def given_to(settings: _Settings, given: Mapping[str, Any]) -> _Settings:
    """The settings with what a caller gave, by keyword; None stands for not given.

    Raises UsageError for a value that an option does not take.
    """
    for path, option in _walk(type(settings)):
        value = given.get(option.keyword)
        if value is not None:
            settings = _with(settings, path, option.read(value, option.keyword))
    return settings


def words_for(settings: object) -> list[str]:
    """The options of a command line that makes these settings of the default ones."""
    words: list[str] = []
    plain = type(settings)()
    for path, option in _walk(type(settings)):
        value: Any = settings
        default: Any = plain
        for name in path:
            value, default = getattr(value, name), getattr(default, name)
        if value == default or value is None:
            continue
        if isinstance(value, bool):
            words.append(option.flag if value else option.flag.replace("--", "--no-", 1))
        elif option.several:
            words += [word for each in tuple(value) for word in (option.flag, str(each))]
        else:
            words += [option.flag, (option.write or _plain_word)(value)]
    return words


def _plain_word(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    return ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)


def _walk(kind: type, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], RunOption]]:
    hints = get_type_hints(kind)
    for each in fields(kind):
        path = (*above, each.name)
        if _KEY in each.metadata:
            yield path, each.metadata[_KEY]
        elif is_dataclass(hints[each.name]):
            yield from _walk(hints[each.name], path)


def _with(value: Any, path: tuple[str, ...], new: Any) -> Any:
    first, *rest = path
    return replace(
        value, **{first: _with(getattr(value, first), tuple(rest), new) if rest else new}
    )


# -- what a value that was made by hand holds ----------------------------------------------------


def check_fields(value: Any) -> None:
    """UsageError where a field is not of its declared type, or below its option's minimum."""
    kind = type(value)
    hints = _hints_of(kind)
    for each in fields(kind):
        found = getattr(value, each.name)
        option: RunOption | None = each.metadata.get(_KEY)
        minimum = option.minimum if option is not None else None
        low = minimum is not None and isinstance(found, int) and found < minimum
        if low or not _fits(found, hints[each.name]):
            least = "" if minimum is None else f" of at least {minimum}"
            raise UsageError(
                f"{kind.__name__}: {each.name}: want {_in_words(hints[each.name], least)},"
                f" got {found!r}"
            )


_hints_of: Callable[[Any], dict[str, Any]] = functools.cache(get_type_hints)


def _fits(value: object, hint: Any) -> bool:
    """Is a value of a type: a class, a union of them, or a tuple of one of them?"""
    if isinstance(hint, types.UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(_fits(one, get_args(hint)[0]) for one in value)
    # To Python True is an int: it would pass for one trial.
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, (int, float) if hint is float else hint)


_TYPES = {
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    str: "a text",
    type(None): "None",
}


def _in_words(hint: Any, least: str = "") -> str:
    if isinstance(hint, types.UnionType):
        return " or ".join(_in_words(one, least) for one in get_args(hint))
    if get_origin(hint) is tuple:
        return f"a tuple, each of it {_in_words(get_args(hint)[0], least)}"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return f"one of {', '.join(f'{hint.__name__}.{member.name}' for member in hint)}"
    return _TYPES.get(hint, f"a {hint.__name__}") + (least if hint is int else "")


# -- readers --------------------------------------------------------------------------------------


def one_of(kind: type[Enum], *, nothing: str = "") -> Reader:
    """Reads a member of `kind` by its value; the word `nothing` is None."""
    words = [*([nothing] if nothing else []), *(member.value for member in kind)]

    def read(value: Any, name: str) -> Any:
        if isinstance(value, kind):
            return value
        if nothing and value == nothing:
            return None
        try:
            return kind(value)
        except ValueError:
            raise UsageError(f"{name}: want one of {', '.join(words)}, got {value!r}") from None

    return read


def whole_number(minimum: int | None = None) -> Reader:
    """Reads a whole number that is not below `minimum`."""

    def read(value: Any, name: str) -> int:
        low = minimum is not None and isinstance(value, int) and value < minimum
        if not isinstance(value, int) or isinstance(value, bool) or low:
            least = "" if minimum is None else f" of at least {minimum}"
            raise UsageError(f"{name}: want a whole number{least}, got {value!r}")
        return value

    return read


def names_in(value: Any, name: str) -> tuple[str, ...]:
    """Reads `temperature,voltage`, or several names, as names without repetition."""
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, (list, tuple)) or not all(isinstance(word, str) for word in words):
        raise UsageError(f"{name}: want names such as temperature,voltage, got {value!r}")
    return tuple(dict.fromkeys(word.strip() for word in words if word.strip()))


def truth(value: Any, name: str) -> bool:
    """Reads True or False."""
    if not isinstance(value, bool):
        raise UsageError(f"{name}: want True or False, got {value!r}")
    return value


def share(example: str) -> Reader:
    """Reads `2%` or `0.02` as a share above 0 and below 1; `example` is for the message."""

    def read(value: Any, name: str) -> float:
        number = _number(value)
        if not 0 < number < 1:
            raise UsageError(f"{name}: want {example}, got {_as_given(value)}")
        return number

    return read


def confidence_level(value: Any, name: str) -> float:
    """Reads a confidence: at least one half and below 1."""
    number = _number(value)
    if not 0.5 <= number < 1:
        raise UsageError(f"{name}: want at least 0.5 and below 1, got {_as_given(value)}")
    return number


def share_or_number(value: str | float, name: str) -> float:
    """Reads `2%` or `0.02` as a number, whatever its size; UsageError for words that are none."""
    number = _number(value)
    if math.isnan(number):
        raise UsageError(f"{name}: want a share such as 2% or 0.02, got {_as_given(value)}")
    return number


def _as_given(value: Any) -> str:
    return repr(value) if isinstance(value, str) else str(value)


def _number(value: Any) -> float:
    """A share as a number; NaN for what is none."""
    try:
        if isinstance(value, str):
            text = value.strip()
            return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        return math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return math.nan
