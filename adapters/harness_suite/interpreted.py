"""Suites that an interpreter runs: pytest, pytest-benchmark, asv and BenchmarkTools."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from harness.adapterkit import sources_below
from harness.model import Build, Output, Sample, Target
from harness_suite.frameworks import (
    SAMPLES,
    Framework,
    NoFigure,
    Options,
    demand_sources,
    gathered,
    sample_of,
    tool_of,
)

DRIVERS = Path(__file__).parent / "drivers"
PLUGIN, ASV = "harness_suite_pytest", "harness_suite_asv"
RESULT = "benchmark.json"
"""What a process writes in its folder."""

VERSION = (
    "import pytest, sys;"
    " print('Python', sys.version.split()[0], 'with pytest', pytest.__version__);"
    " print(sys.version, sys.prefix)"
)
"""What an interpreter says of itself and of its pytest."""
ASV_VERSION = (
    "import sys, asv_runner; from importlib.metadata import version;"
    " print('Python', sys.version.split()[0], 'with asv_runner', version('asv_runner'));"
    " print(sys.version, sys.prefix)"
)
"""What an interpreter says of itself and of asv's runner."""


class Pytest(Framework):
    """Test functions as they are; each is called again and again with its fixtures."""

    fixture = ""
    """The fixture by which benchmarks are known; empty: every test function is one."""
    tool = tool_of(
        *("Python", "python3", "python"),
        install="a Python that has pytest: pip install pytest",
        version=("-c", VERSION),
    )

    def check(self, target: Target, options: Options) -> None:
        """Files or folders with tests."""
        demand_sources(target, options, "tests/test_speed.py")

    def files(self, target: Target, options: Options) -> Iterable[Path]:
        """All Python below the root, and the files that configure pytest."""
        read = sources_below(target.root, {".py"})
        names = ("pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg")
        return [*read, *(path for n in names if (path := target.root / n).is_file())]

    def listing(self, build: Build, options: Options) -> Sequence[str]:
        """pytest collects, and a plugin of ours prints what it found."""
        sources = map(str, build.target.sources)
        return (*self._start(build, options), "--collect-only", *sources)

    def names(self, said: str) -> list[str]:
        """The lines that our plugin wrote."""
        return marked(said, PLUGIN)

    def words(self, build: Build, options: Options, name: str) -> Sequence[str]:
        """One test, by its id from the root."""
        return (*self._start(build, options), str(build.target.root / name))

    def environment(self, build: Build) -> dict[str, str]:
        """Our plugin's place, and the project's own modules."""
        return {**_of_python(build), "HARNESS_SUITE_FIXTURE": self.fixture}

    def samples(self, output: Output, name: str) -> list[Sample]:
        """Batches that our plugin timed."""
        read = _result(output)
        try:
            return [
                sample_of(index, took / count, count)
                for index, (count, took) in enumerate(read["batches"])
            ]
        except (LookupError, TypeError, ValueError):
            raise NoFigure(f"{RESULT} is of another form") from None

    def _start(self, build: Build, options: Options) -> tuple[str, ...]:
        root = build.target.root
        calls = options.milliseconds if options.repeat else 0
        return (
            *(str(build.program), "-m", "pytest", "-q", "-p", PLUGIN, "-p", "no:cacheprovider"),
            *(f"--rootdir={root}", f"--harness-suite-milliseconds={calls}", *options.flags),
        )


class PytestBenchmark(Pytest):
    """Tests that use the fixture `benchmark` of pytest-benchmark, and that fixture's own rounds."""

    fixture = "benchmark"

    def words(self, build: Build, options: Options, name: str) -> Sequence[str]:
        """One benchmark with every round that it was timed by."""
        told = [f"--benchmark-max-time={options.seconds:g}", f"--benchmark-min-rounds={SAMPLES}"]
        told += ["--benchmark-only", f"--benchmark-json={RESULT}", "--benchmark-save-data"]
        return (*super().words(build, options, name), *told)

    def samples(self, output: Output, name: str) -> list[Sample]:
        """Its rounds, gathered."""
        rows = _result(output).get("benchmarks", ())
        if len(rows) != 1:
            raise NoFigure(f"pytest-benchmark wrote {len(rows)} results, want one")
        stats = rows[0]["stats"]
        return gathered([seconds * 1e9 for seconds in stats["data"]], int(stats["iterations"]))


class Asv(Framework):
    """Timings of an asv suite (`time_*` and `timeraw_*`), each by the runner that comes with asv.

    asv installs each commit into an environment of its own; here the target's tree is imported as
    it lies there, by the interpreter that the target names.
    """

    tool = tool_of(
        *("Python", "python3", "python"),
        install="a Python that has asv: pip install asv",
        version=("-c", ASV_VERSION),
    )

    def check(self, target: Target, options: Options) -> None:
        """The folder that asv.conf.json calls `benchmark_dir`."""
        demand_sources(target, options, "benchmarks")

    def files(self, target: Target, options: Options) -> Iterable[Path]:
        """All Python below the root."""
        return sources_below(target.root, {".py"})

    def listing(self, build: Build, options: Options) -> Sequence[str]:
        """The driver prints what asv's runner discovers."""
        return self._start(build, options)

    def names(self, said: str) -> list[str]:
        """The lines that the driver wrote."""
        return marked(said, ASV)

    def words(self, build: Build, options: Options, name: str) -> Sequence[str]:
        """One timing, with one set of its parameters."""
        return (*self._start(build, options), name, f"{options.seconds:g}", RESULT)

    def environment(self, build: Build) -> dict[str, str]:
        """The project's own modules."""
        return _of_python(build)

    def samples(self, output: Output, name: str) -> list[Sample]:
        """Its samples, gathered."""
        read = _result(output)
        try:
            return gathered([seconds * 1e9 for seconds in read["samples"]], int(read["number"]))
        except (LookupError, TypeError, ValueError):
            raise NoFigure(f"{RESULT} is of another form") from None

    def _start(self, build: Build, options: Options) -> tuple[str, ...]:
        folder = str(build.target.sources[0]).rstrip("/")
        return (str(build.program), *options.flags, str(DRIVERS / f"{ASV}.py"), folder)


class BenchmarkTools(Framework):
    """A file of Julia that defines `SUITE`, a `BenchmarkGroup` of BenchmarkTools."""

    tool = tool_of(
        *("Julia", "julia"), install="Julia 1.5 or later: https://julialang.org/downloads"
    )

    def check(self, target: Target, options: Options) -> None:
        """The file with the suite."""
        demand_sources(target, options, "benchmark/benchmarks.jl")

    def files(self, target: Target, options: Options) -> Iterable[Path]:
        """All Julia below the root, with the project's manifest."""
        return sources_below(target.root, {".jl", ".toml"})

    def listing(self, build: Build, options: Options) -> Sequence[str]:
        """The driver prints the keys of each leaf, with slashes between them."""
        return self._start(build, options)

    def words(self, build: Build, options: Options, name: str) -> Sequence[str]:
        """One leaf of the suite."""
        return (*self._start(build, options), name, f"{options.seconds:g}", RESULT)

    def samples(self, output: Output, name: str) -> list[Sample]:
        """Its samples, gathered."""
        read = _result(output)
        return gathered(read["times"], int(read["evals"]))

    def environment(self, build: Build) -> dict[str, str]:
        """The suite's own project first, then the package that it is about, then what is shared.

        PkgBenchmark develops the package into the project of the suite, which seldom names it.
        """
        suite = build.target.sources[0].parent
        projects = [str(f) for f in (suite, build.target.root) if _is_project(f)]
        places = [*dict.fromkeys(projects), "@v#.#", "@stdlib"]
        return {"JULIA_LOAD_PATH": os.pathsep.join(["@", *places])}

    def _start(self, build: Build, options: Options) -> tuple[str, ...]:
        suite = str(build.target.sources[0])
        driver = str(DRIVERS / "suite.jl")
        return (str(build.program), "--startup-file=no", *options.flags, driver, suite)


def marked(said: str, driver: str) -> list[str]:
    """The names that a driver of ours printed, among whatever else was printed."""
    mark = f"{driver}: "
    return [line.removeprefix(mark) for line in said.splitlines() if line.startswith(mark)]


def _of_python(build: Build) -> dict[str, str]:
    """Our plugin's place, then the modules of the side that is measured: a package that is
    installed to be edited in place lies in the user's tree, also where another commit is measured.

    Bytecode is kept beside the build, and not beside the sources.
    """
    root = build.target.root
    own = [root / "src", root] if (root / "src").is_dir() else [root]
    return {
        "PYTHONPATH": os.pathsep.join(map(str, [DRIVERS, *own])),
        "PYTHONPYCACHEPREFIX": str(build.workdir / "bytecode"),
    }


def _is_project(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("Project.toml", "JuliaProject.toml"))


def _result(output: Output) -> Any:
    try:
        return json.loads((output.folder / RESULT).read_text("utf-8"))
    except (OSError, ValueError):
        raise NoFigure(f"it left no {RESULT}: was it skipped?") from None
