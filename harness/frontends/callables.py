"""Python functions as targets: each is called by a fresh interpreter, again and again."""

from __future__ import annotations

import functools
import inspect
import pickle
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.frontends.scripts import config_of_scripts
from harness.frozen import dataclass
from harness.project.config import Config
from harness.system.process.calling import Call, call

_PREPARED = '''\
"""Written by the harness: calls {name}."""
import importlib
import importlib.util
import pickle
import sys

sys.path[:] = {path!r}


def imported(name, file):
    """The module of that name where it is that file; else the file itself, as that module."""
    try:
        module = importlib.import_module(name)
        if module.__file__ == file:
            return module
    except ImportError:
        pass
    spec = importlib.util.spec_from_file_location(name, file)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


function = imported({module!r}, {file!r})
for part in {name!r}.split("."):
    function = getattr(function, part)
with open({arguments!r}, "rb") as kept:
    args, keywords = pickle.load(kept)


def main():
    return function(*args, **keywords)
'''
_WORK = """

if __name__ == "__main__":
    main()
"""
_RESULT = """

with open({result!r}, "wb") as kept:
    pickle.dump(main(), kept)
"""


@dataclass(frozen=True, slots=True)
class CalledFunction:
    """A function that a fresh interpreter can import, and what it is called with."""

    name: str
    """Its qualified name in the module, by which it is found there."""
    module: str
    file: Path
    arguments: bytes
    """The pickled pair of arguments and keyword arguments."""


def called_function(function: Callable[..., Any]) -> CalledFunction:
    """What a fresh interpreter needs to call it; `functools.partial` gives it arguments.

    UsageError, with the reason, for what no other interpreter can import: closures, lambdas,
    functions within functions, bound methods, what C defines, and arguments that do not pickle.
    """
    args: tuple[Any, ...] = ()
    keywords: dict[str, Any] = {}
    while isinstance(function, functools.partial):
        args, keywords = (*function.args, *args), {**function.keywords, **keywords}
        function = function.func
    name = getattr(function, "__qualname__", repr(function))
    if why := _why_not(function, name):
        raise UsageError(
            f"{name} cannot be measured in a fresh interpreter: {why}",
            hint="Define it with `def` at the top of a module, and give it arguments with"
            " functools.partial; or measure it here: in_process=True.",
        )
    try:
        packed = pickle.dumps((args, keywords))
    except Exception as problem:  # whatever an object's own __reduce__ raises
        raise UsageError(
            f"the arguments of {name} cannot be handed to a fresh interpreter: {problem}",
            hint="Have the function make them itself, or measure it here: in_process=True.",
        ) from None
    file = inspect.getsourcefile(function)
    assert file is not None
    return CalledFunction(name, function.__module__, Path(file).resolve(), packed)


def _why_not(function: Callable[..., Any], name: str) -> str:
    if getattr(function, "__closure__", None):
        return "it is a closure, whose variables are known in this process only"
    if "<lambda>" in name:
        return "it is a lambda, which has no name to import it by"
    if "<locals>" in name:
        return "it is defined within a function, where nothing else can import it"
    if inspect.ismethod(function) and not inspect.isclass(function.__self__):
        return "it is a method of an object that is known in this process only"
    if not inspect.isfunction(function) and not inspect.ismethod(function):
        return "it is no function in Python"
    try:
        return "" if inspect.getsourcefile(function) else "its source has no file"
    except TypeError:
        return "its source has no file"


def config_of_functions(functions: Mapping[str, CalledFunction], folder: Path) -> Config:
    """A configuration in an empty folder, with a target of each name that calls the function."""
    scripts = {
        name: _preparing(function, folder / f"arguments{number}.pickle") + _WORK
        for number, (name, function) in enumerate(functions.items())
    }
    return config_of_scripts("functions", scripts, folder)


def called_afresh(function: CalledFunction, folder: Path) -> Any:
    """What one call gives, in a fresh interpreter; UsageError where it raises."""
    result = folder / "result.pickle"
    script = folder / "result.py"
    script.write_text(
        _preparing(function, folder / "arguments.pickle") + _RESULT.format(result=str(result)),
        encoding="utf-8",
    )
    done = call(Call((sys.executable, str(script)), cwd=folder))
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        last = said[-1] if said else f"exit code {done.returncode}"
        raise UsageError(
            f"{function.name} fails when a fresh interpreter calls it: {last}",
            hint="What a test sets up before (fixtures, patches) is not there.",
        )
    return pickle.loads(result.read_bytes())


def _preparing(function: CalledFunction, arguments: Path) -> str:
    """A script's beginning, which makes the call ready as `main`; its arguments are kept there."""
    arguments.write_bytes(function.arguments)
    return _PREPARED.format(
        name=function.name,
        path=[str(Path(entry or ".").resolve()) for entry in sys.path],
        module=function.module,
        file=str(function.file),
        arguments=str(arguments),
    )
