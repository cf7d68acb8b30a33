"""Benchmarks that a project has already, written for a framework that the adapter `suite` knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from harness.running.initial.found_program import FoundProgram
from harness.running.initial.frameworks_seen import CPP, SUITE, framework_in, text_of
from harness.running.initial.project_builds import criterion_benches

_TESTS = ("test_*.py", "*_test.py", "bench_*.py", "*_bench.py")
_FIXTURE = r"^\s*def\s+test_\w*\([^)]*\bbenchmark\b"
_JULIA = ("benchmark/benchmarks.jl", "benchmarks/benchmarks.jl", "bench/benchmarks.jl")
_JMH = ("pom.xml", "build.gradle", "build.gradle.kts")
_PYTHON = ".venv/bin/python"
"""The interpreter of an environment that lies in the project: it most likely has what is wanted."""


def found_suites(
    root: Path, files: Sequence[str], built: Sequence[FoundProgram]
) -> Iterator[FoundProgram]:
    """The suites among a project's files (tests included), which are named from the root.

    `built`: what build files make, with such suites in C++ as were found there.
    """
    yield from _pytest_suites(root, files)
    yield from _asv_suites(root, files)
    for bench, crate in criterion_benches(root):
        of_crate: dict[str, object] = {"flags": ["-p", crate]} if crate else {}
        where = f"Cargo.toml{f' of {crate}' if crate else ''} has a [[bench]] {bench}"
        yield _suite("criterion", {"name": bench, **of_crate}, where, bench)
    yield from _go_suites(root, files)
    for name in _JULIA:
        if re.search(r"^(const\s+)?SUITE\s*=", text_of(root / name), re.MULTILINE):
            yield _suite("benchmarktools", {"sources": [name]}, f"{name} defines SUITE")
    yield from _jmh_suites(root)
    yield from _cpp_sources(root, files, built)


def _pytest_suites(root: Path, files: Sequence[str]) -> Iterator[FoundProgram]:
    named = [f for f in files if any(fnmatchcase(PurePosixPath(f).name, t) for t in _TESTS)]
    found = [f for f in named if re.search(_FIXTURE, text_of(root / f), re.MULTILINE)]
    if found:
        options = {"sources": found, **_interpreter(root)}
        yield _suite("pytest-benchmark", options, "Tests that ask for the fixture `benchmark`")


def _asv_suites(root: Path, files: Sequence[str]) -> Iterator[FoundProgram]:
    """The folder that an asv.conf.json names; it is JSON with comments."""
    for name in files:
        if PurePosixPath(name).name == "asv.conf.json":
            said = re.search(r'^[^/\n]*"benchmark_dir"\s*:\s*"([^"]+)"', text_of(root / name), re.M)
            folder = PurePosixPath(name).parent / (said[1] if said else "benchmarks")
            if (root / folder).is_dir():
                options = {"sources": [folder.as_posix()], **_interpreter(root)}
                yield _suite("asv", options, f"{name} names {folder}", "asv")


def _go_suites(root: Path, files: Sequence[str]) -> Iterator[FoundProgram]:
    """One for each package with benchmarks; those of the root's module."""
    tests = [f for f in files if f.endswith("_test.go")]
    timed = [f for f in tests if re.search(r"^func Benchmark\w*\(", text_of(root / f), re.M)]
    for folder in dict.fromkeys(PurePosixPath(f).parent for f in timed):
        at_root = folder == PurePosixPath()
        options: dict[str, object] = {} if at_root else {"name": f"./{folder}"}
        if (root / folder / "testdata").is_dir():
            options["inputs"] = [(folder / "testdata").as_posix()]
        where = f"{'' if at_root else f'{folder}/'}*_test.go have benchmarks"
        yield _suite("go", options, where, "benchmarks" if at_root else folder.as_posix())


def _jmh_suites(root: Path) -> Iterator[FoundProgram]:
    for name in _JMH:
        if "org.openjdk.jmh" in text_of(root / name):
            lacks = (
                "the harness does not read what JMH says of its benchmarks, and the time of its"
                " whole process says little. Time the work as a program with a main method."
            )
            options = {"program": "java", "argv": ["-jar", "target/benchmarks.jar"]}
            reason = f"{name} names org.openjdk.jmh."
            yield FoundProgram("jmh", "command", options, reason, lacks=lacks)
            return


def _cpp_sources(
    root: Path, files: Sequence[str], built: Sequence[FoundProgram]
) -> Iterator[FoundProgram]:
    """Suites of one source in C++, by the compiler. Where build files make programs, and none of
    this framework, the user must say what makes it."""
    known = {program.options.get("kind") for program in built}
    for name in files:
        path = PurePosixPath(name)
        kind = framework_in(text := text_of(root / name)) if path.suffix in CPP else ""
        if not kind or kind in known:
            continue
        program = f"build/{path.stem}"
        words = ["c++", "-O2", "-std=c++17", "-I."]
        words += ["-Iinclude"] if (root / "include").is_dir() else []
        compiled = [*words, name, "-o", program, *_libraries(kind, text)]
        options = {"build": [["mkdir", "-p", "build"], compiled], "program": program}
        lacks = "no build file that was read makes a program of it: say by `build` and `program`."
        found = f"{name} has benchmarks of {kind}"
        yield _suite(kind, options, found, path.stem, lacks if built else "")


def _libraries(kind: str, text: str) -> list[str]:
    if kind == "google-benchmark":
        main = re.search(r"\bBENCHMARK_MAIN\s*\(|\bint\s+main\s*\(", text)
        return [*([] if main else ["-lbenchmark_main"]), "-lbenchmark", "-lpthread"]
    return [] if "catch.hpp" in text else ["-lCatch2Main", "-lCatch2"]  # of version 2, else 3


def _interpreter(root: Path) -> dict[str, object]:
    return {"tool": _PYTHON} if (root / _PYTHON).exists() else {}


def _suite(
    kind: str, options: Mapping[str, object], found: str, stem: str = "benchmarks", lacks: str = ""
) -> FoundProgram:
    reason = f"{found}: each benchmark is a case."
    return FoundProgram(stem, SUITE, {"kind": kind, **options}, reason, kind, lacks=lacks)
