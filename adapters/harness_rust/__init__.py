"""The Rust adapter: compiles a crate's root with rustc and runs what comes out."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.adapterkit import (
    Compilation,
    CompilerOptions,
    LaidOutLanguage,
    LanguageTool,
    functions_in,
    order_script,
    program_in,
    sources_below,
)
from harness.errors import BuildFailed, ConfigError
from harness.model import PathKind, Target, path_option

HERE = Path(__file__).parent
DRIVER = HERE / "steady.rs"
PHASES = HERE / "harness_phases.rs"
MAIN = re.compile(r"^(\s*)(pub\s+)?fn\s+main\s*\(\s*\)", re.MULTILINE)
USES_PHASES = re.compile(r"^\s*use\s+harness_phases\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Options(CompilerOptions):
    """The options of a Rust target; a workspace of cargo is built by `build` and `program`."""

    flags: tuple[str, ...] = ("-C", "opt-level=3")
    """What rustc is told, such as `-C target-cpu=native`."""
    edition: str = "2021"
    """The edition of the language."""
    library_dirs: tuple[str, ...] = path_option(PathKind.CODE, ())
    """Folders of compiled crates and native libraries, relative to the target's root."""
    layouts: int | None = field(default=None, repr=False)
    """Link the program in so many layouts (order of functions, padding; by GNU ld or lld); the
    blocks take turns among them. None: 1, the program as it is built, and 8 in a campaign."""


class Rust(LaidOutLanguage):
    """Rust; the first source is the crate's root, and finds its modules beside it."""

    tool = LanguageTool(
        adapter="rust",
        language="Rust",
        names=("rustc",),
        option="compiler",
        install="Debian: apt-get install rustc",
        version=("--version", "--verbose"),
    )
    options = Options
    empty = HERE / "empty.rs"
    steady = True

    def compile(self, work: Compilation) -> None:
        """Compile the crate; in steady mode a copy of it whose `main` the driver calls."""
        root = work.target.sources[0]
        edition = f"--edition={work.options.edition}"
        folders = [word for d in work.options.library_dirs for word in ("-L", work.target.root / d)]
        rustc = [work.toolchain.program, edition, *work.options.flags, *folders]
        if self._marked(root):
            crate = work.folder / "libharness_phases.rlib"
            work.call(*rustc, "--crate-type=rlib", PHASES, "-o", crate)
            rustc += ["--extern", f"harness_phases={crate}"]
        if work.target.steady:
            root = self._driven(work, root)
        rustc += ["--crate-name=program", root]
        if self.layouts_of(work.target) > 1:
            self._lay_out(work, rustc)
        else:
            work.call(*rustc, "-o", work.program)
        shutil.rmtree(work.folder / "driven", ignore_errors=True)

    def layouts_of(self, target: Target) -> int:
        """See `LaidOutLanguage.layouts_of`; one where it is not asked for and no GNU ld is."""
        wanted = super().layouts_of(target)
        asked = sys.platform == "linux" or self._options(target).layouts is not None
        return wanted if asked else 1

    def with_symbols(self, target: Target) -> Target:
        """See `CompiledLanguage.with_symbols`: in the first of its layouts alone."""
        found = super().with_symbols(target)
        return replace(found, options={**found.options, "layouts": 1})

    def _lay_out(self, work: Compilation, rustc: Sequence[str | Path]) -> None:
        """Compile the crate as it is, and once for each further layout, which its linker orders.

        Each function of a crate has a section of its own; rustc links by itself alone.
        """
        first = work.folder / "first" / work.program.name
        first.parent.mkdir()
        work.call(*rustc, "-C", "save-temps", "-o", first)
        first.rename(work.program)
        functions = functions_in(sorted(first.parent.glob("*.o")))
        shutil.rmtree(first.parent)
        spent_ns = work.spent_ns  # what the build takes anyone; the other layouts are ours
        for layout in range(1, self.layouts_of(work.target)):
            there = program_in(work.program, layout)
            there.parent.mkdir()
            script = there.parent / "order.ld"
            script.write_text(order_script(functions, layout))
            try:
                work.call(*rustc, "-C", f"link-arg=-Wl,-T,{script}", "-o", there)
            except BuildFailed as failure:
                hint = "Only GNU ld and lld order functions; layouts = 1 leaves them alone."
                raise BuildFailed(failure.message, hint=hint) from None
        work.spent_ns = spent_ns

    def files_read(self, work: Compilation) -> Iterable[Path]:
        """Every Rust file in the folder of the crate's root and below: modules are found there."""
        root = work.target.sources[0]
        below = sources_below(root.parent, {".rs"})
        others = [path for path in work.target.sources if path not in below]
        folders = [work.target.root / folder for folder in work.options.library_dirs]
        libraries = [path for f in folders for path in sorted(f.glob("*")) if path.is_file()]
        ours = [
            *([DRIVER] if work.target.steady else []),
            *([PHASES] if self._marked(root) else []),
        ]
        return [root, *below, *others, *libraries, *ours]

    def _marked(self, root: Path) -> bool:
        return USES_PHASES.search(root.read_text("utf-8", errors="replace")) is not None

    def _driven(self, work: Compilation, root: Path) -> Path:
        """A copy of the crate in which `main` is the driver's and calls the program's own."""
        copy = work.folder / "driven"
        for path in sources_below(root.parent, {".rs"}):
            there = copy / path.relative_to(root.parent)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, there)
        entry = work.target.entry or "main"
        text = root.read_text("utf-8")
        renamed, found = MAIN.subn(r"\1\2fn harness_program_main()", text, count=1)
        if not found:
            raise ConfigError(
                f"targets.{work.target.name}: {root.name} has no `fn main()` of its own",
                hint="Steady mode wraps the `main` of the crate's root, the first source.",
            )
        called = "harness_program_main" if entry == "main" else entry
        driver = DRIVER.read_text("utf-8").replace("HARNESS_ENTRY", called)
        driven = copy / root.name
        driven.write_text(f"{renamed}\n{driver}", "utf-8")
        return driven


adapter = Rust()
"""The plugin."""
