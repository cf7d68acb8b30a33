"""The Fortran adapter: compiles with gfortran and runs what comes out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from harness.adapterkit import INCLUDE, Compilation, GnuLanguage, LanguageTool, with_neighbours
from harness.errors import ConfigError

HERE = Path(__file__).parent
MARKERS = (HERE / "markers" / "harness_phases.f90", HERE / "markers" / "intern.c")
USES_PHASES = re.compile(rb"^\s*use\s*(,\s*\w+\s*)?(::)?\s*harness_phases\b", re.I | re.M)


class Fortran(GnuLanguage):
    """Fortran, with the module `harness_phases` where a source uses it.

    Sources are compiled in the order in which the target names them: a module before its users.
    """

    tool = LanguageTool(
        adapter="fortran",
        language="Fortran",
        names=("gfortran",),
        option="compiler",
        install="Debian: apt-get install gfortran",
    )
    empty = HERE / "empty.f90"
    streams = HERE / "steady.f90"

    def files_read(self, work: Compilation) -> Iterable[Path]:
        """Sources, their neighbours, and all that lies in the folders to include from."""
        folders = [work.target.root / folder for folder in work.options.include_dirs]
        included = [path for f in folders for path in sorted(f.glob("*")) if path.is_file()]
        ours = [*self.driver_files(work), *(MARKERS if self._marked(work) else ())]
        return [*with_neighbours(work.target.sources), *included, *self.library_files(work), *ours]

    def first_objects(self, work: Compilation) -> list[str]:
        """The markers, where a source uses them."""
        if work.target.entry is not None:
            raise ConfigError(
                f"targets.{work.target.name}.entry: Fortran's steady driver repeats the program",
                hint="Leave out `entry`.",
            )
        if not self._marked(work):
            return []
        module, intern = MARKERS
        compiler = work.toolchain.program
        work.call(compiler, "-O2", "-x", "c", f"-I{INCLUDE}", "-c", intern, "-o", "intern.o")
        work.call(compiler, "-O2", "-c", module, "-o", "phases.o")
        return ["phases.o", "intern.o"]

    def _marked(self, work: Compilation) -> bool:
        return any(USES_PHASES.search(source.read_bytes()) for source in work.target.sources)


adapter = Fortran()
"""The plugin."""
