"""Names of a package that are loaded when they are first used, and not with the package.

A command pays for what it uses: `harness run` of a single trial has no use for profiles, for the
comparison of arrays, or for numpy.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


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
