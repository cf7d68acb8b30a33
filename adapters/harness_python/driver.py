"""The steady driver of Python: repeats a program's work in one process on the harness's word.

Executed by the target's interpreter, 3.8 or later, as

    driver.py file|module NAME ENTRY ARGUMENT...

The program is loaded once as `__main__`, without what starts it: the blocks under
`if __name__ == "__main__":` and statements that call `main` or ENTRY. Its work is the function
ENTRY where one is named, called with the list of arguments when it cannot be called without; else
what was left out; else a function `main`; else the whole file, executed anew.

HARNESS_STEADY="<read_fd>,<write_fd>" names two pipes. The driver says `r` when it is ready, then
reads one byte at a time: 0 to 40 asks for 2^k executions, 0xFE for none (it measures the
handshake); both are answered by `d`. 0xFF, or the end of the pipe, asks it to end. Standard output
is rewound after each answer, never within the timed window, and cut at the end: the file holds
what the last word printed. Standard input, where it is a file, is read from its beginning by every
execution. Without HARNESS_STEADY the work is done once.
"""

from __future__ import annotations
import __future__

import ast
import os
import stat
import sys
import types
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

MOST_DOUBLINGS = 40
NO_WORK = 0xFE
FINISH = 0xFF
FUTURE = 0
for _feature in __future__.all_feature_names:
    FUTURE |= getattr(__future__, _feature).compiler_flag


def started_by(statement: ast.stmt, entry: str) -> list[ast.stmt]:
    """What a statement at top level does only to start the program; empty for any other one."""
    if isinstance(statement, ast.If) and is_guard(statement.test):
        return statement.body
    if isinstance(statement, ast.Expr):
        calls = [node.func for node in ast.walk(statement) if isinstance(node, ast.Call)]
        if any(isinstance(func, ast.Name) and func.id in ("main", entry) for func in calls):
            return [statement]
    return []


def is_guard(test: ast.expr) -> bool:
    """Is it `__name__ == "__main__"`?"""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return False
    sides = [test.left, *test.comparators]
    names = [side.id for side in sides if isinstance(side, ast.Name)]
    texts = [side.value for side in sides if isinstance(side, ast.Constant)]
    return isinstance(test.ops[0], ast.Eq) and names == ["__name__"] and texts == ["__main__"]


def locate(kind: str, name: str) -> tuple[str, ModuleSpec | None]:
    """The program's file and, for a module, its import spec."""
    if kind == "file":
        return name, None
    from importlib.util import find_spec

    spec = find_spec(name)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = find_spec(name + ".__main__")
    if spec is None or spec.origin is None:
        sys.exit(f"harness steady driver: no module named {name}")
    return spec.origin, spec


def load(path: str, spec: ModuleSpec | None, entry: str) -> Callable[[], object]:
    """Execute the program's definitions as `__main__` and return its work as a function."""
    tree = ast.parse(Path(path).read_bytes(), path)
    blocks = [inner for node in tree.body for inner in started_by(node, entry)]
    rest = [node for node in tree.body if not started_by(node, entry)]
    module = types.ModuleType("__main__")
    module.__file__ = path
    if spec is not None:
        module.__spec__ = spec
        module.__package__ = spec.parent
    sys.modules["__main__"] = module
    space = module.__dict__
    whole = not blocks and not entry and not defines_main(tree)
    code = compile(ast.Module(rest, []), path, "exec", dont_inherit=True)
    if whole:
        fresh = dict(space)
        return lambda: execute_anew(code, space, fresh)
    exec(code, space)
    if blocks and not entry:
        flags = code.co_flags & FUTURE
        work = compile(ast.Module(blocks, []), path, "exec", flags, dont_inherit=True)
        return lambda: exec(work, space)
    function: Callable[..., object] | None = space.get(entry or "main")
    if not callable(function):
        sys.exit(f"harness steady driver: {path} has no function {entry or 'main'}")
    if takes_arguments(function):
        return lambda: function(sys.argv[1:])
    return function


def execute_anew(code: types.CodeType, space: dict[str, object], fresh: dict[str, object]) -> None:
    """Execute a whole program in its name space, with nothing left of the time before."""
    space.clear()
    space.update(fresh)
    exec(code, space)


def defines_main(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)


def takes_arguments(function: Callable[..., object]) -> bool:
    """Does it have a positional parameter without a default?"""
    from inspect import Parameter, signature

    positional = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return any(
        parameter.kind in positional and parameter.default is Parameter.empty
        for parameter in signature(function).parameters.values()
    )


def position(offset: int, whence: int) -> int | None:
    """Move standard output; None where it is no regular file."""
    try:
        return os.lseek(1, offset, whence)
    except OSError:
        return None


def find_current_cpu() -> Callable[[], int]:
    """The C library's `sched_getcpu`; where there is none, a function that says -1."""
    try:
        import ctypes

        function: Callable[[], int] = ctypes.CDLL(None).sched_getcpu
    except (ImportError, OSError, AttributeError):
        return lambda: -1
    return function


def next_word(from_harness: int, current_cpu: Callable[[], int]) -> int:
    """The harness's next byte; FINISH at the end of the pipe.

    While it waits, the driver stays where it is: woken by a harness on the same CPU, it would be
    sent to an idle one, which takes 30 us to get going. The work may run wherever it likes. PyPy
    cannot say where it may run.
    """
    everywhere = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else frozenset()
    here = current_cpu()
    stays = len(everywhere) > 1 and here in everywhere
    if stays:
        os.sched_setaffinity(0, {here})
    word = os.read(from_harness, 1)
    if stays:
        os.sched_setaffinity(0, everywhere)
    return word[0] if word else FINISH


def serve(execute: Callable[[], None], from_harness: int, to_harness: int) -> None:
    """Answer the harness until it has heard enough."""
    sys.stdout.flush()  # what was printed before the work stays
    begin = end = position(0, os.SEEK_CUR)
    os.write(to_harness, b"r")
    current_cpu = find_current_cpu()  # no part of the program's start-up
    while True:
        word = next_word(from_harness, current_cpu)
        if word == FINISH:
            break
        if word == NO_WORK:
            os.write(to_harness, b"d")
            continue
        if word > MOST_DOUBLINGS:
            sys.exit(f"harness steady driver: unknown word {word} from the harness")
        for _ in range(1 << word):
            execute()
        sys.stdout.flush()
        os.write(to_harness, b"d")
        end = position(0, os.SEEK_CUR)
        position(begin or 0, os.SEEK_SET)
    if end is not None:
        position(end, os.SEEK_SET)
        os.ftruncate(1, end)


def main() -> None:
    kind, name, entry = sys.argv[1:4]
    given = sys.argv[4:]
    pipes = os.environ.pop("HARNESS_STEADY", None)
    if kind == "file":
        sys.path[0] = str(Path(name).absolute().parent)
    else:
        sys.path[0] = str(Path.cwd())
    path, spec = locate(kind, name)
    sys.argv = [path, *given]
    work = load(path, spec, entry)
    standard_input = os.fstat(0)
    has_input = stat.S_ISREG(standard_input.st_mode) and standard_input.st_size > 0

    def execute() -> None:
        sys.argv = [path, *given]
        if has_input:
            sys.stdin.seek(0)
        try:
            work()
        except SystemExit as ending:
            if ending.code not in (None, 0):
                raise

    if pipes is None:
        execute()
    else:
        serve(execute, *map(int, pipes.split(",")))


if __name__ == "__main__":
    main()
