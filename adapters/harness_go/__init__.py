"""The Go adapter: builds the files of one package with the go tool and runs what comes out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.adapterkit import (
    Compilation,
    CompiledLanguage,
    CompilerOptions,
    LanguageTool,
    sources_below,
)
from harness.errors import ConfigError

HERE = Path(__file__).parent
DRIVER = HERE / "steady.go"
PHASES = HERE / "harness_phases.go"
MAIN = re.compile(r"^func\s+main\s*\(\s*\)", re.MULTILINE)
USES_PHASES = re.compile(r"\bharnessPhase\(")


@dataclass(frozen=True, slots=True)
class Options(CompilerOptions):
    """The options of a Go target; `flags` are those of `go build`, such as `-gcflags=-B`."""


class Go(CompiledLanguage):
    """Go; where the sources lie in a module, it is found from their folder."""

    tool = LanguageTool(
        adapter="go",
        language="Go",
        names=("go",),
        option="compiler",
        install="Debian: apt-get install golang-go",
        version=("version",),
    )
    options = Options
    symbols = ()  # a Go program carries its symbols unless it is told not to
    empty = HERE / "empty.go"
    steady = True

    def compile(self, work: Compilation) -> None:
        """Build the files, with the driver and the markers laid over the folder where needed."""
        sources = list(work.target.sources)
        over: dict[str, str] = {}
        if self._marked(sources):
            sources.append(_laid(sources, PHASES, over))
        if work.target.steady:
            self._drive(work, sources, over)
        overlay = work.folder / "overlay.json"
        overlay.write_text(json.dumps({"Replace": over}))
        start = [work.toolchain.program, "build", f"-overlay={overlay}"]
        caches = work.folder.parent  # shared by all builds: go names what is in them by its content
        env = {
            "GOCACHE": str(caches / "go-cache"),
            "GOPATH": str(caches / "go-path"),
            "GOTOOLCHAIN": "local",
            "GOFLAGS": "",
            # They make another program of the same files; the digest knows nothing of them.
            **dict.fromkeys(("GOOS", "GOARCH", "GOAMD64", "GOARM64", "GOEXPERIMENT"), ""),
            "GO111MODULE": "auto",
            "GOTELEMETRY": "off",
        }
        words = [*start, *work.options.flags, "-o", work.program, *sources]
        work.call(*words, env=env, cwd=sources[0].parent)

    def files_read(self, work: Compilation) -> Iterable[Path]:
        """The Go files beside the sources; in a module, all of its files."""
        sources = list(work.target.sources)
        top = next((p for p in sources[0].parents if (p / "go.mod").is_file()), None)
        if top is not None:
            found = sources_below(top, {".go", ".mod", ".sum", ".s", ".h", ".c"})
        else:
            found = sorted(sources[0].parent.glob("*.go"))
        ours = [*([DRIVER] if work.target.steady else [])]
        ours += [PHASES] if self._marked(sources) else []
        return [*sources, *(path for path in found if path not in sources), *ours]

    def _marked(self, sources: Iterable[Path]) -> bool:
        return any(USES_PHASES.search(s.read_text("utf-8", errors="replace")) for s in sources)

    def _drive(self, work: Compilation, sources: list[Path], over: dict[str, str]) -> None:
        """Give `main` another name, and put the driver's beside it."""
        entry = work.target.entry or "main"
        texts = {
            source: source.read_text("utf-8", errors="replace") for source in work.target.sources
        }
        root = next((source for source, text in texts.items() if MAIN.search(text)), None)
        if root is None:
            raise ConfigError(
                f"targets.{work.target.name}: no source has a `func main()`",
                hint="Steady mode wraps the `main` of the package.",
            )
        renamed = work.folder / "program_main.go"
        renamed.write_text(MAIN.sub("func harnessProgramMain()", texts[root], count=1), "utf-8")
        over[str(root)] = str(renamed)
        called = "harnessProgramMain" if entry == "main" else entry
        driver = work.folder / "driver.go"
        driver.write_text(DRIVER.read_text("utf-8").replace("HARNESS_ENTRY", called), "utf-8")
        sources.append(_laid(sources, driver, over))


def _laid(sources: list[Path], file: Path, over: dict[str, str]) -> Path:
    """A file that the compiler finds in the folder of the sources, where it is not."""
    place = sources[0].parent / f"harness_{file.stem}_of_the_harness.go"
    over[str(place)] = str(file)
    return place


adapter = Go()
"""The plugin."""
