"""Suites that a language's own tool builds: criterion (Rust) and `go test -bench` (Go)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.adapterkit import Compilation, sources_below
from harness.errors import BuildFailed, ConfigError
from harness.model import Build, Output, Sample, Target
from harness_suite.frameworks import SAMPLES, Framework, NoFigure, Options, sample_of, tool_of

SUITE = "suite"
"""The program that was built, in the build's folder."""


class Criterion(Framework):
    """Benches of a Rust crate that are written with criterion."""

    tool = tool_of(
        *("Rust", "cargo"),
        install="Debian: apt-get install cargo",
        version=("--version", "--verbose"),
    )

    def check(self, target: Target, options: Options) -> None:
        """The bench has a name in Cargo.toml."""
        if not options.name:
            raise ConfigError(
                f"targets.{target.name}: a criterion suite is a bench of a crate",
                hint='Add name = "sorting" for the [[bench]] of that name in Cargo.toml.',
            )

    def files(self, target: Target, options: Options) -> Iterable[Path]:
        """All of the crate."""
        return sources_below(target.root, {".rs", ".toml", ".lock"})

    def make(self, work: Compilation) -> None:
        """Have cargo build the bench without running it, and keep the program that it names."""
        start: list[str | Path] = [work.toolchain.program, "bench", "--bench", work.options.name]
        locked = ["--locked"] if (work.target.root / "Cargo.lock").is_file() else []
        # Shared by all builds, as cargo names what is in it by its content.
        env = {"CARGO_TARGET_DIR": str(work.folder.parent / "cargo-target")}
        words = [
            *start,
            "--no-run",
            *locked,
            "--message-format=json-render-diagnostics",
            *work.options.flags,
        ]
        said = work.call(*words, env=env, cwd=work.target.root)
        made = [path for line in said.splitlines() if (path := _executable(line))]
        if not made or not Path(made[-1]).is_file():
            raise BuildFailed(
                f"cargo named no program for the bench {work.options.name!r}",
                hint="`harness = false` belongs to a [[bench]] of criterion in Cargo.toml.",
            )
        program = work.folder / SUITE
        program.write_bytes(Path(made[-1]).read_bytes())
        program.chmod(0o755)

    def listing(self, build: Build, options: Options) -> Sequence[str]:
        """As `cargo bench -- --list` does."""
        return (str(build.workdir / SUITE), "--bench", "--list")

    def names(self, said: str) -> list[str]:
        """`NAME: benchmark` is a line of the list."""
        lines = [line.rpartition(": ") for line in said.splitlines()]
        return [name for name, _, kind in lines if kind in ("benchmark", "bench")]

    def words(self, build: Build, options: Options, name: str) -> Sequence[str]:
        """As `cargo bench -- PATTERN` does: criterion before 0.4 does not know `--exact`."""
        return (
            *(str(build.workdir / SUITE), "--bench", f"^{_literal(name)}$", "--noplot"),
            *("--sample-size", str(SAMPLES)),
            *("--measurement-time", _seconds(build, options.seconds)),
            *("--warm-up-time", _seconds(build, options.seconds / 2)),
        )

    def environment(self, build: Build) -> dict[str, str]:
        """What criterion writes goes into the trial's folder."""
        return {"CRITERION_HOME": "criterion"}

    def samples(self, output: Output, name: str) -> list[Sample]:
        """Of `new/sample.json`: how often each sample executed it, and how long that took."""
        files = sorted(output.folder.glob("criterion/**/new/sample.json"))
        if len(files) != 1:
            raise NoFigure(f"criterion left {len(files)} results, want one")
        try:
            read = json.loads(files[0].read_text("utf-8"))
            pairs = list(zip(read["iters"], read["times"], strict=True))
        except (ValueError, LookupError, TypeError):
            raise NoFigure("the sample.json of criterion is of another form") from None
        return [
            sample_of(index, time / count, max(round(count), 1))
            for index, (count, time) in enumerate(pairs)
        ]


class GoTest(Framework):
    """Benchmarks of a Go package: `func BenchmarkX(b *testing.B)`, with what `b.Run` makes."""

    tool = tool_of("Go", "go", install="Debian: apt-get install golang-go", version=("version",))

    def check(self, target: Target, options: Options) -> None:
        """A package of the module, the one of the root where none is named."""

    def files(self, target: Target, options: Options) -> Iterable[Path]:
        """All of the module."""
        return sources_below(target.root, {".go", ".mod", ".sum", ".s", ".h", ".c"})

    def make(self, work: Compilation) -> None:
        """`go test -c`, with caches that all builds share."""
        caches = work.folder.parent
        env = {
            "GOCACHE": str(caches / "go-cache"),
            "GOPATH": str(caches / "go-path"),
            "GOFLAGS": "",
            "GOTELEMETRY": "off",
        }
        package = work.options.name or "."
        start: list[str | Path] = [work.toolchain.program, "test", "-c", "-o", work.folder / SUITE]
        work.call(*start, *work.options.flags, package, env=env, cwd=work.target.root)
        if not (work.folder / SUITE).is_file():
            raise BuildFailed(
                f"go made no program of the package {package!r}",
                hint="It has no _test.go file; name another one: name = './package'.",
            )

    def listing(self, build: Build, options: Options) -> Sequence[str]:
        """Benchmarks within benchmarks are known by running them: each once, on one CPU, so that
        no number of CPUs is a part of a name."""
        return (*self._start(build, "."), "-test.benchtime=1x", "-test.cpu=1")

    def names(self, said: str) -> list[str]:
        """The first word of each result."""
        return [match["name"] for match in map(_RESULT.match, said.splitlines()) if match]

    def words(self, build: Build, options: Options, name: str) -> Sequence[str]:
        """One benchmark, level by level."""
        pattern = "/".join(f"^{re.escape(level)}$" for level in name.split("/"))
        each = f"-test.benchtime={options.seconds / SAMPLES * 1e3:g}ms"
        return (*self._start(build, pattern), each, f"-test.count={SAMPLES}")

    def samples(self, output: Output, name: str) -> list[Sample]:
        """One for each repetition."""
        said = output.stdout.read_text("utf-8", errors="replace")
        own = re.compile(re.escape(name) + r"(-\d+)?")
        rows = [row for row in map(_RESULT.match, said.splitlines()) if row]
        found = [
            sample_of(index, float(row["ns"]), int(row["count"]))
            for index, row in enumerate(row for row in rows if own.fullmatch(row["name"]))
        ]
        if not found:
            raise NoFigure("its standard output has no line of it with ns/op")
        return found

    def _start(self, build: Build, pattern: str) -> tuple[str, ...]:
        """From the package's folder within the trial's, as `go test` does, where inputs make it."""
        words = (str(build.workdir / SUITE), "-test.run=^$", f"-test.bench={pattern}")
        package = str(build.target.options.get("name") or ".").removeprefix("./").rstrip("/")
        below = build.target.root / package
        if package == "." or not any(path.is_relative_to(below) for path in build.target.inputs):
            return words
        return ("/bin/sh", "-c", 'cd "./$0" && exec "$@"', package, *words)


def _seconds(build: Build, seconds: float) -> str:
    """As criterion takes it: before 0.4 it knows whole seconds alone, and at least one."""
    lock = build.target.root / "Cargo.lock"
    said = lock.read_text("utf-8", errors="replace") if lock.is_file() else ""
    early = re.search(r'name = "criterion"\s+version = "0\.[0-3]\.', said)
    return str(max(1, round(seconds))) if early else f"{seconds:g}"


def _literal(name: str) -> str:
    """A pattern of Rust's crate regex that fits a name alone; it has no escape for a space, say."""
    return re.sub(r"[\\.+*?()|\[\]{}^$#&~-]", r"\\\g<0>", name)


_RESULT = re.compile(r"(?P<name>Benchmark\S*)\s+(?P<count>\d+)\s+(?P<ns>[\d.]+) ns/op")


def _executable(line: str) -> str | None:
    """The program of a bench, of a line of cargo's messages."""
    try:
        said = json.loads(line)
    except ValueError:
        return None
    kinds = said.get("target", {}).get("kind", ()) if isinstance(said, dict) else ()
    return said.get("executable") if "bench" in kinds else None
