"""Benchmarks that a project has already, written for a framework that the adapter `suite` knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from harness.running.initial.found_program import FoundProgram
from harness.running.initial.project_builds import criterion_benches, text_of

SUITE = "suite"
"""The adapter of suites, whose tasks have the cases that the framework lists."""

_TESTS = ("test_*.py", "*_test.py", "bench_*.py")
_TEST_FOLDERS = ("", "tests/", "test/", "benchmarks/", "benchmark/", "bench/")
_FIXTURE = r"^\s*def\s+test_\w*\([^)]*\bbenchmark\b"
_JULIA = ("benchmark/benchmarks.jl", "benchmarks/benchmarks.jl", "bench/benchmarks.jl")


def found_suites(root: Path) -> Iterator[FoundProgram]:
    """The suites of pytest-benchmark, criterion, Go and BenchmarkTools in a project."""
    yield from _pytest_suites(root)
    for name in criterion_benches(root):
        yield _suite("criterion", {"name": name}, f"Cargo.toml has a [[bench]] {name}")
    if any(re.search(r"^func Benchmark\w*\(", text_of(f), re.M) for f in root.glob("*_test.go")):
        yield _suite("go", {}, "*_test.go have benchmarks")
    for name in _JULIA:
        if re.search(r"^(const\s+)?SUITE\s*=", text_of(root / name), re.MULTILINE):
            yield _suite("benchmarktools", {"sources": [name]}, f"{name} defines SUITE")


def _pytest_suites(root: Path) -> Iterator[FoundProgram]:
    places = sorted({p for d in _TEST_FOLDERS for name in _TESTS for p in root.glob(f"{d}{name}")})
    files = [p.relative_to(root).as_posix() for p in places if _has_fixture(p)]
    if files:
        yield _suite(
            "pytest-benchmark", {"sources": files}, "tests that ask for the fixture `benchmark`"
        )


def _has_fixture(path: Path) -> bool:
    return re.search(_FIXTURE, text_of(path), re.MULTILINE) is not None


def _suite(kind: str, options: dict[str, object], found: str) -> FoundProgram:
    name = str(options.get("name", "benchmarks"))
    reason = f"{found}: each of its benchmarks is a case."
    return FoundProgram(name, SUITE, {"kind": kind, **options}, reason[0].upper() + reason[1:])
