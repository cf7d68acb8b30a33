"""Names of a package, and patterns, that are made when they are first used, and not at import.

A command pays for what it uses: `harness run` of a single trial has no use for profiles, for the
comparison of arrays, or for numpy, and for few of the regular expressions of what it imports.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any


def loaded_when_used(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """What a package has as its `__getattr__`.

    `homes` gives for each module of the package the names, with spaces between them, that the
    package hands out; the imports under TYPE_CHECKING beside it say the same to type checkers.
    """
    home_of = {name: module for module, names in homes.items() for name in names.split()}

    def load(name: str) -> Any:
        home = home_of.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{home}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return load


if TYPE_CHECKING:
    pattern = re.compile
else:

    class pattern:  # noqa: N801  (it stands where `re.compile` does)
        """A regular expression that is compiled when one of its methods is first asked for."""

        __slots__ = ("_asked", "_made")

        def __init__(self, *asked: Any) -> None:
            """What `re.compile` takes."""
            self._asked = asked
            self._made: re.Pattern[Any] | None = None

        def __getattr__(self, name: str) -> Any:
            if self._made is None:
                self._made = re.compile(*self._asked)
            return getattr(self._made, name)
