"""What the launcher is made of, and what compiles it.

The build of a wheel loads this file by its path, before anything is installed: it imports nothing
but the standard library.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

FOLDER = Path(__file__).parent
COMPILERS = ("cc", "gcc", "clang", "tcc")
FLAGS = (("-O2", "-static"), ("-O2",))
"""Of the compiler; the next ones where the ones before do not work. A static program needs nothing
of the system that it runs on, whatever its C library."""


def launcher_name(machine: str) -> str:
    """The file name of the launcher that the sources give on a kind of machine (`x86_64`)."""
    digest = hashlib.sha256()
    for pattern in ("*.c", "*.h"):
        for path in sorted(FOLDER.glob(pattern)):
            digest.update(path.read_bytes())
    digest.update(machine.encode())
    return f"launcher-{digest.hexdigest()[:16]}"


def compile_command(compiler: str, flags: tuple[str, ...], made: Path) -> list[str]:
    """The words that compile the launcher to `made`."""
    return [compiler, *flags, "-o", str(made), *map(str, sorted(FOLDER.glob("*.c")))]
