"""What is swept: the axes of a sweep, as people write them, and the points that they make."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from harness.errors import UsageError
from harness.frozen import dataclass
from harness.on_demand import pattern

MOST_POINTS = 200
"""Points of one sweep, variants included; a thousand take days, and a curve needs ten."""
ENV = "env."
THREADS = "threads"
RANKS = "ranks"

Value: TypeAlias = int | float | str
Point: TypeAlias = Mapping[str, Value]

_NAME = pattern(r"[A-Za-z_][\w.-]*")
_RANGE = pattern(r"(?P<first>[^.*+]+(?:\.\d+)?)\.\.(?P<last>[^*]+?)(?P<by>[*+])(?P<step>[^*+]+)")
_TIED = pattern(r"(?P<factor>[^*]+)\*(?P<other>[A-Za-z_][\w.-]*)")


@dataclass(frozen=True, slots=True)
class Axis:
    """One name with the values that it takes."""

    name: str
    values: tuple[Value, ...] = ()
    """Empty where it follows another one."""
    factor: float = 0.0
    follows: str = ""
    """Its value is `factor` times that of this axis: work that grows with the threads."""

    @property
    def is_numeric(self) -> bool:
        return all(not isinstance(value, str) for value in self.values)

    @property
    def is_threads(self) -> bool:
        """Is it a number of threads, however the target takes it, or of ranks?"""
        return self.name in (THREADS, RANKS) or self.name.endswith("_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Sweep:
    """The axes of the points, and those of the variants that run side by side at each point."""

    axes: tuple[Axis, ...]
    matrix: tuple[Axis, ...] = ()

    def points(self) -> list[dict[str, Value]]:
        """Every combination of the axes, in order, with what follows others."""
        return [self._filled(point) for point in _product(self.axes)]

    def variants(self) -> list[dict[str, Value]]:
        """Every combination of the matrix; a single empty one where there is none."""
        return list(_product(self.matrix))

    @property
    def axis(self) -> Axis | None:
        """The one numeric axis that times can be a curve over; None: several, or of words."""
        free = [axis for axis in self.axes if not axis.follows]
        return free[0] if len(free) == 1 and free[0].is_numeric else None

    @property
    def weak(self) -> bool:
        """Does the work grow with the threads?"""
        return any(axis.follows for axis in self.axes)

    def _filled(self, point: dict[str, Value]) -> dict[str, Value]:
        for axis in self.axes:
            if axis.follows:
                other = point[axis.follows]
                assert not isinstance(other, str)
                point[axis.name] = _plain(axis.factor * other)
        return point


def _product(axes: Sequence[Axis]) -> Iterator[dict[str, Value]]:
    free = [axis for axis in axes if not axis.follows]
    for values in itertools.product(*(axis.values for axis in free)):
        yield dict(zip((axis.name for axis in free), values, strict=True))


def sweep_of(axes: Asked, matrix: Asked) -> Sweep:
    """A sweep as it is asked for: texts such as `n=1..10+1`, or names with their values.

    UsageError for one point, more than `MOST_POINTS`, a range that never ends, and the like.
    """
    found = tuple(_axes(axes, "sweep"))
    variants = tuple(_axes(matrix, "matrix"))
    names = [axis.name for axis in (*found, *variants)]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{name} is swept twice; one axis has all its values")
    for axis in found:
        _check_followed(axis, found)
    for axis in variants:
        if axis.follows:
            raise UsageError(f"matrix {axis.name}: a variant follows no other value")
    made = Sweep(found, variants)
    _check_size(made)
    return made


Asked: TypeAlias = "Iterable[str] | str | Mapping[str, object] | None"


def _axes(asked: Asked, what: str) -> Iterator[Axis]:
    if asked is None:
        return
    if isinstance(asked, Mapping):
        for name, values in asked.items():
            yield _of_values(f"{what} {name}", _checked_name(name, what), values)
        return
    for text in [asked] if isinstance(asked, str) else asked:
        name, equals, rest = str(text).partition("=")
        if not equals or not rest.strip():
            raise UsageError(
                f"{what}: want NAME=VALUES, got {text!r}", hint="Such as n=1000,2000 or n=1..8*2."
            )
        yield _of_text(f"{what} {name}", _checked_name(name.strip(), what), rest)


def _checked_name(name: object, what: str) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name == ENV:
        raise UsageError(
            f"{what}: {name!r} is no name; want a parameter, an option, threads or env.NAME"
        )
    return name


def _of_values(where: str, name: str, values: object) -> Axis:
    """An axis of the Python API: a list of values, or a text as the command line has it."""
    if isinstance(values, str):
        return _of_text(where, name, values)
    if not isinstance(values, Iterable):
        raise UsageError(f"{where}: want a list of values, got {values!r}")
    found: list[Value] = []
    for value in itertools.islice(values, MOST_POINTS + 1):
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise UsageError(f"{where}: want numbers or texts, got {value!r}")
        found.append(value)
    return _checked(where, Axis(name, tuple(found)))


def _of_text(where: str, name: str, text: str) -> Axis:
    tied = _TIED.fullmatch(text.strip())
    if tied is not None and ".." not in text:
        factor = _number(where, tied["factor"])
        return Axis(name, factor=factor, follows=tied["other"])
    values: list[Value] = []
    for part in text.split(","):
        values += _range(where, part) if ".." in part else [_value(where, part)]
        if len(values) > MOST_POINTS:
            raise _too_many(where, len(values))
    return _checked(where, Axis(name, tuple(values)))


def _value(where: str, text: str) -> Value:
    word = text.strip()
    if not word:
        raise UsageError(f"{where}: a value is empty")
    try:
        return _plain(float(word))
    except (ValueError, OverflowError):
        return word


def _plain(number: float) -> Value:
    """A whole number without a point, as arguments are written."""
    return int(number) if number == int(number) and abs(number) < 2**63 else number


def _number(where: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise UsageError(f"{where}: {text.strip()!r} is not a number") from None
    if number in (float("inf"), float("-inf")) or number != number:
        raise UsageError(f"{where}: {text.strip()!r} is not a finite number")
    return number


def _range(where: str, text: str) -> list[Value]:
    """`1..10+1` by addition, `1e3..1e6*2` by multiplication; the end is one of them if met."""
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"{where}: {text.strip()!r} is no range",
            hint="A range is FIRST..LAST+STEP or FIRST..LAST*FACTOR: 1..10+1, 1e3..1e6*2.",
        )
    first, last = _number(where, found["first"]), _number(where, found["last"])
    step, by = _number(where, found["step"]), found["by"]
    if last < first:
        raise UsageError(f"{where}: {text.strip()} goes down; write it from {found['last']} up")
    if (by == "+" and step <= 0) or (by == "*" and (step <= 1 or first <= 0)):
        least = "a step above 0" if by == "+" else "a factor above 1, and a first value above 0"
        raise UsageError(f"{where}: {text.strip()} never ends; want {least}")
    values: list[Value] = []
    # Each is made of the first one: sums of steps would drift past the end.
    for number in range(MOST_POINTS + 1):
        value = first + number * step if by == "+" else first * step**number
        if value > last * (1 + 1e-12):
            return values
        values.append(_plain(round(value, 12)))
    raise _too_many(where, len(values))


def _too_many(where: str, count: int) -> UsageError:
    return UsageError(
        f"{where}: {count} points or more; a sweep has at most {MOST_POINTS}",
        hint="Grow by a factor: n=1e3..1e6*2 has 10 points, and shows a curve better.",
    )


def _checked(where: str, axis: Axis) -> Axis:
    values = axis.values
    words = [value for value in values if isinstance(value, str)]
    if words and len(words) < len(values):
        raise UsageError(f"{where}: {words[0]!r} is not a number, as others of the values are")
    for value in values:
        if values.count(value) > 1:
            raise UsageError(f"{where}: {value} stands there twice")
    if len(values) < 2:
        raise UsageError(
            f"{where}: one point is no sweep",
            hint="Give it two values or more, such as n=1000,2000,4000.",
        )
    if any(value != value or value in (float("inf"), float("-inf")) for value in values):
        raise UsageError(f"{where}: want finite numbers")
    if axis.is_threads and any(not isinstance(v, int) or v < 1 for v in values):
        raise UsageError(f"{where}: want whole numbers of threads or ranks from 1 on")
    return axis


def _check_followed(axis: Axis, axes: Sequence[Axis]) -> None:
    if not axis.follows:
        return
    other = next((each for each in axes if each.name == axis.follows), None)
    if other is None or other.follows or not other.is_numeric:
        raise UsageError(
            f"sweep {axis.name}: it follows {axis.follows}, which is no axis of numbers"
        )
    if axis.factor <= 0:
        raise UsageError(f"sweep {axis.name}: want a factor above 0")


def _check_size(sweep: Sweep) -> None:
    if not sweep.axes and not sweep.matrix:
        raise UsageError("nothing is swept", hint="Such as `sweep='n=1000,2000,4000'`.")
    count = 1
    for axis in (*sweep.axes, *sweep.matrix):
        count *= max(1, len(axis.values))
    if count > MOST_POINTS:
        raise _too_many("all axes together", count)


WISHES = ("sweep", "matrix", "resume", "yes", "point")


def is_sweep(options: Mapping[str, object]) -> bool:
    """Do keyword arguments ask for a sweep? UsageError for what only a sweep takes, without one."""
    if options.get("sweep") is not None or options.get("matrix") is not None:
        return True
    for name in WISHES:
        given = options.get(name)
        if given is not None and given is not False and given not in ("", (), []):  # 0 is a point
            raise UsageError(
                f"`{name}` is of a sweep", hint="Say what is swept: `sweep`, `matrix`."
            )
    return False
