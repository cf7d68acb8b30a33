"""Frozen dataclasses that are made in a fraction of the time, and are otherwise the standard ones.

The standard decorator compiles six methods of each class from text when a module is imported: a
third of a millisecond, for each of the 130 classes that a run of one trial imports. Here all but
`__init__` are shared, and that one is compiled once a class has some values. The standard one
sets a field in a quarter of a microsecond, past what keeps it from being set; here a value is of a
class that is not frozen while it is made, and a field takes a tenth of that.
"""

from __future__ import annotations

import dataclasses
import sys
from _thread import allocate_lock  # as `functools` does: `threading` takes a millisecond
from collections.abc import Callable, Sequence
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls: type | None = None, /, **options: Any) -> Any:
        """`dataclasses.dataclass`; what is not frozen is left to it."""

        def decorate(cls: type) -> type:
            return _made(cls, dict(options))

        return decorate if cls is None else decorate(cls)


_QUICK = {"frozen", "slots", "kw_only", "repr"}
"""The options whose classes are made here."""
_KNOWN_PYTHON = sys.version_info < (3, 15)
"""What the standard decorator does in these versions was looked at; later ones are left to it."""
_MISSING = dataclasses.MISSING
_one_at_a_time = allocate_lock()
"""Held while classes say that they are not frozen, since modules are imported in threads."""
_OURS = "_frozen_"
"""What the names of the compiled initialiser begin with that are no fields."""


def _made(cls: type, options: dict[str, Any]) -> type:
    quick_here = _KNOWN_PYTHON and options.get("frozen") and options.keys() <= _QUICK
    if not quick_here:
        return dataclasses.dataclass(**options)(cls)
    own = cls.__dict__
    wanted = options.pop("repr", True) and "__repr__" not in own
    quick = {name: value for name, value in options.items() if name != "frozen"}
    made: Any = _with_fields(cls, quick)
    if any("InitVar" in str(f.type) for f in made.__dataclass_fields__.values()):
        raise TypeError(f"{made.__qualname__}: a field that is only for __init__ has no place here")
    fields = dataclasses.fields(made)
    methods: dict[str, Any] = {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
    if wanted:
        methods["__repr__"] = _repr
    if "__init__" not in own:
        methods |= {"__init__": _first_init(made), "__signature__": _Signature()}
    if "__eq__" not in own:
        methods["__eq__"] = _equal
        methods["_compared"] = staticmethod(_all_of([f.name for f in fields if f.compare]))
    if own.get("__hash__") is None:
        hashed = [f.name for f in fields if (f.compare if f.hash is None else f.hash)]
        methods["_hashed"] = staticmethod(_all_of(hashed))
        methods["__hash__"] = _hash
    if options.get("slots"):
        methods |= {"__getstate__": _get_state, "__setstate__": _set_state}
    for name, method in methods.items():
        if name not in own or name == "__hash__":
            type.__setattr__(made, name, method)
    return cast(type, made)


def _with_fields(cls: type, options: dict[str, Any]) -> type:
    """The class with its fields and slots, made by the standard decorator without its methods."""
    params = [base.__dict__.get("__dataclass_params__") for base in cls.__mro__[1:]]
    above: list[Any] = [found for found in params if found is not None]
    with _one_at_a_time:
        if not all(found.frozen for found in above):
            raise TypeError("cannot inherit frozen dataclass from a non-frozen one")
        # It compiles the methods of what it knows to be frozen, and takes one that is not frozen
        # only below others that are not.
        for found in above:
            found.frozen = False
        try:
            made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, **options)(cls)
        finally:
            for found in above:
                found.frozen = True
    made.__dataclass_params__.frozen = made.__dataclass_params__.eq = True
    return cast(type, made)


def _all_of(names: Sequence[str]) -> Callable[[Any], Any]:
    return attrgetter(*names) if names else lambda value: ()


# -- shared methods -------------------------------------------------------------------------------


def _refuse_to_set(self: Any, name: str, value: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


@recursive_repr("...")
def _repr(self: Any) -> str:
    shown = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _equal(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self._compared(self) == self._compared(other)


def _hash(self: Any) -> int:
    return hash(self._hashed(self))


def _get_state(self: Any) -> list[Any]:
    return [getattr(self, f.name) for f in dataclasses.fields(self)]


def _set_state(self: Any, state: Sequence[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


# -- the initialiser ------------------------------------------------------------------------------


_UNCOMPILED = 8
"""So many values of a class are made by its fields' names, without an initialiser of its own: to
compile one takes as long as to make twenty, and most classes of a short command have fewer."""


def _first_init(made: Any) -> Callable[..., None]:
    """An `__init__` that sees to the first values, and then puts the compiled one in its place."""
    fields: tuple[dataclasses.Field[Any], ...] = ()
    left = _UNCOMPILED

    def first(self: Any, /, *args: Any, **kwargs: Any) -> None:
        nonlocal fields, left
        left -= 1
        fields = fields or dataclasses.fields(made)
        values = _values(fields, args, kwargs) if left >= 0 else None
        if values is None:
            _compiled(made)(self, *args, **kwargs)  # or says which argument does not fit
            return
        for name, value in values.items():
            object.__setattr__(self, name, value)
        if hasattr(made, "__post_init__"):
            self.__post_init__()

    first.__name__, first.__qualname__ = "__init__", f"{made.__qualname__}.__init__"
    return first


def _values(
    fields: Sequence[dataclasses.Field[Any]], args: Sequence[Any], kwargs: dict[str, Any]
) -> dict[str, Any] | None:
    """The values of the fields by name; None where the arguments do not fit."""
    by_place = [field.name for field in fields if field.init and not field.kw_only]
    given = dict(zip(by_place, args, strict=False))
    if len(args) > len(by_place) or given.keys() & kwargs.keys():
        return None
    given |= kwargs
    values: dict[str, Any] = {}
    for field in fields:
        if field.init and field.name in given:
            values[field.name] = given.pop(field.name)
        elif field.default_factory is not _MISSING:
            values[field.name] = field.default_factory()
        elif field.default is not _MISSING:
            values[field.name] = field.default
        elif field.init:
            return None
    return None if given else values


class _Signature:
    """The signature of a class, which is that of its compiled initialiser."""

    def __get__(self, value: Any, owner: type) -> Any:
        import inspect

        for cls in owner.__mro__:
            own = cls.__dict__
            if "__init__" in own:
                init = _compiled(cls) if isinstance(own.get("__signature__"), _Signature) else None
                of_init = inspect.signature(init or own["__init__"])
                return of_init.replace(parameters=[*of_init.parameters.values()][1:])
        raise AttributeError("__signature__")


_FEW = 2
"""So many fields are set sooner than a value becomes of another class and back."""


def _body(made: Any, values: Sequence[tuple[str, str]], space: dict[str, Any]) -> list[str]:
    """The lines that set the fields, each to an expression."""
    slots = made.__dict__.get("__slots__")
    names = [name for name, _ in values]
    alike = made.__bases__ == (object,) and slots is not None and set(slots) == set(names)
    past_its_guard = [f" {_OURS}set({_OURS}self, {name!r}, {value})" for name, value in values]
    if len(values) <= _FEW or not alike or any(name.startswith("__") for name in names):
        return past_its_guard
    # Two classes with the same slots have values of one layout, which may change from one to the
    # other. Nobody else has this value yet. One of a class below has another layout.
    space[f"{_OURS}open"] = type(made.__name__, (), {"__slots__": slots})
    space[f"{_OURS}made"] = made
    return [
        f" if {_OURS}self.__class__ is {_OURS}made:",
        f"  {_OURS}set({_OURS}self, '__class__', {_OURS}open)",
        *(f"  {_OURS}self.{name} = {value}" for name, value in values),
        f"  {_OURS}self.__class__ = {_OURS}made",
        " else:",
        *(f" {line}" for line in past_its_guard),
    ]


def _compiled(made: Any) -> Callable[..., None]:
    """The initialiser of a class, which has it from now on."""
    known: Callable[..., None] | None = made.__dict__.get("_init")
    if known is not None:
        return known
    fields = dataclasses.fields(made)
    # No field is called as these are: a parameter of the same name would hide them.
    space: dict[str, Any] = {f"{_OURS}set": object.__setattr__, f"{_OURS}left_out": _MISSING}
    plain: list[str] = []
    by_name: list[str] = []
    lines: list[tuple[str, str]] = []
    for field in fields:
        name, default = field.name, f"{_OURS}default_{field.name}"
        if field.default_factory is not _MISSING:
            space[default] = field.default_factory
            made_anew = f"{default}()"
            given = f"{name} is not {_OURS}left_out"
            asked = f"{name} if {given} else {made_anew}" if field.init else made_anew
            parameter = f"{name}={_OURS}left_out"
        else:
            asked = name if field.init else default
            parameter = name
            if field.default is not _MISSING:
                space[default], parameter = field.default, f"{name}={default}"
            elif not field.init:
                continue
        if field.init:
            (by_name if field.kw_only else plain).append(parameter)
        lines.append((name, asked))
    body = _body(made, lines, space)
    if hasattr(made, "__post_init__"):
        body.append(f" {_OURS}self.__post_init__()")
    stars = ["*"] * bool(by_name)
    words = ", ".join([f"{_OURS}self", *plain, *stars, *by_name])
    exec(f"def __init__({words}):\n" + "\n".join(body or [" pass"]), space)
    init: Callable[..., None] = space["__init__"]
    init.__qualname__, init.__module__ = f"{made.__qualname__}.__init__", made.__module__
    init.__annotations__ = {f.name: f.type for f in fields if f.init} | {"return": None}
    type.__setattr__(made, "__init__", init)
    type.__setattr__(made, "_init", staticmethod(init))
    return init
