"""What a target's failure may have to do with a variable of the caller's that it was not given."""

from __future__ import annotations

import os
from collections.abc import Mapping

SIGNS: Mapping[str, tuple[str, ...]] = {
    "PYTHONPATH": ("ModuleNotFoundError", "ImportError"),
    "LD_LIBRARY_PATH": ("cannot open shared object file",),
    "JULIA_LOAD_PATH": ("not found in current path", "not found in"),
    "JULIA_PROJECT": ("not found in current path", "not found in"),
    "JULIA_DEPOT_PATH": ("required but does not seem to be installed", "not found in"),
    "PERL5LIB": ("Can't locate",),
    "RUBYLIB": ("cannot load such file",),
    "NODE_PATH": ("Cannot find module",),
    "CLASSPATH": ("ClassNotFoundException", "NoClassDefFoundError", "Could not find or load main"),
    "LUA_PATH": ("not found:",),
    "R_LIBS": ("there is no package called",),
}
"""Variables that say where code is found, and the words of who does not find it."""


def missed_variables(said: str, given: Mapping[str, str]) -> str:
    """A sentence on the caller's variables that may be missed; nothing where there are none.

    `said`: the program's own words; `given`: its environment.
    """
    missed = [
        name
        for name, signs in SIGNS.items()
        if any(sign in said for sign in signs) and _lost(os.environ.get(name, ""), given.get(name))
    ]
    if not missed:
        return ""
    # Targets run in a folder of their own: a relative path would lead elsewhere.
    value = {name: _absolute(os.environ[name]) for name in missed}
    written = ", ".join(f'{name} = "{value[name]}"' for name in missed)
    be = "is" if len(missed) == 1 else "are"
    return (
        f"{' and '.join(missed)} of your shell {be} not passed on to targets;"
        f" in harness.toml: env = {{ {written} }}"
    )


def _lost(ours: str, given: str | None) -> bool:
    """Does a target that has `given` miss a part of ours? (Adapters add folders of their own.)"""
    there = (given or "").split(os.pathsep)
    return any(path not in there for path in _absolute(ours).split(os.pathsep) if path)


def _absolute(paths: str) -> str:
    return os.pathsep.join(os.path.abspath(path) for path in paths.split(os.pathsep) if path)  # noqa: PTH100
