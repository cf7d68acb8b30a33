"""The OCaml adapter: compiles with the native compiler and runs what comes out."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.adapterkit import Compilation, CompiledLanguage, CompilerOptions, LanguageTool

SUFFIXES = frozenset({".ml", ".mli"})


@dataclass(frozen=True, slots=True)
class Options(CompilerOptions):
    """The options of an OCaml target; a project of dune is built by `build` and `program`."""

    flags: tuple[str, ...] = ("-O3",)
    """What ocamlopt is told; `-O3` counts only where it was built with flambda."""
    packages: tuple[str, ...] = ()
    """Libraries that come with the compiler, such as `unix`."""


class OCaml(CompiledLanguage):
    """OCaml; sources are compiled in the order in which the target names them."""

    tool = LanguageTool(
        adapter="ocaml",
        language="OCaml",
        names=("ocamlopt", "ocamlopt.opt"),
        option="compiler",
        install="Debian: apt-get install ocaml-nox",
        version=("-config",),
    )
    options = Options
    empty = Path(__file__).with_name("empty.ml")

    def compile(self, work: Compilation) -> None:
        """Compile copies: the compiler writes beside what it reads."""
        target = work.target
        copies = [Path(shutil.copy(path, work.folder)).name for path in target.sources]
        named = [name for name in copies if Path(name).suffix in SUFFIXES]
        libraries = [f"{name}.cmxa" for name in work.options.packages]
        places = [word for name in work.options.packages for word in ("-I", f"+{name}")]
        work.call(
            *(work.toolchain.program, *work.options.flags, *places, *libraries, *named),
            *("-o", work.program),
        )

    def files_read(self, work: Compilation) -> Iterable[Path]:
        """The sources alone: nothing else is where the compiler looks."""
        return work.target.sources


adapter = OCaml()
"""The plugin."""
