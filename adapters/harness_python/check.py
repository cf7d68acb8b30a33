"""Compiles files with the interpreter that runs it; says `file:line: error` and exits with 1.

Executed by the target's own interpreter, 3.8 or later. The bytecode is checked against the
source's content whenever it is loaded, so that two edits within one tick of the file system's
clock cannot be taken for each other.
"""

from __future__ import annotations

import py_compile
import sys


def main(paths: list[str]) -> int:
    for path in paths:
        try:
            py_compile.compile(
                path,
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH,
            )
        except py_compile.PyCompileError as problem:
            error = problem.exc_value
            line = getattr(error, "lineno", None)
            print(f"{path}:{line or 1}: {problem.exc_type_name}: {error}", file=sys.stderr)
            print(problem.msg.strip(), file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
