"""Suites that are programs of the user's own build: google-benchmark and Catch2."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from typing import ClassVar

from harness.model import Build, Output, Sample
from harness_suite.frameworks import SAMPLES, Framework, NoFigure, Options, sample_of

UNITS_NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


class GoogleBenchmark(Framework):
    """Programs that are linked with google-benchmark; its own clock and its own repetitions."""

    def listing(self, build: Build, options: Options) -> Sequence[str]:
        """The program lists its benchmarks, with their arguments."""
        return (str(build.program), "--benchmark_list_tests=true")

    def words(self, build: Build, options: Options, name: str) -> Sequence[str]:
        """One benchmark, by a pattern that fits nothing else; JSON on standard output."""
        return (
            str(build.program),
            f"--benchmark_filter=^{re.escape(name)}$",
            "--benchmark_format=json",
            f"--benchmark_repetitions={SAMPLES}",
            f"--benchmark_min_time={options.seconds / SAMPLES:g}",
        )

    def samples(self, output: Output, name: str) -> list[Sample]:
        """One for each repetition; what a program prints itself may stand before the JSON."""
        said = output.stdout.read_text("utf-8", errors="replace")
        begin = said.find('{\n  "context"')
        try:
            rows = json.JSONDecoder().raw_decode(said, max(begin, 0))[0]["benchmarks"]
        except (ValueError, LookupError, TypeError):
            raise NoFigure("its standard output has no report of google-benchmark") from None
        found: list[Sample] = []
        for row in rows:
            if row.get("error_occurred"):
                raise NoFigure(f"it gave up: {row.get('error_message', '')}")
            if row.get("run_type", "iteration") == "iteration":
                unit = UNITS_NS[row["time_unit"]]
                real, cpu = row["real_time"] * unit, row["cpu_time"] * unit
                found.append(sample_of(len(found), real, int(row["iterations"]), cpu))
        if not found:
            raise NoFigure("the report of google-benchmark has no row of it")
        return found


class Catch2(Framework):
    """Programs with `BENCHMARK` inside of `TEST_CASE`; version 2 or 3.

    Catch2 chooses test cases and not benchmarks: a process runs the test case with all of its
    benchmarks, and the one that was asked for counts.
    """

    everything: ClassVar[str] = "*,[!benchmark]"

    def listing(self, build: Build, options: Options) -> Sequence[str]:
        """Benchmarks are known by running them: each once, without analysis."""
        return (str(build.program), self.everything, *self._told(1, 0))

    def names(self, said: str) -> list[str]:
        """Test case and benchmark, with ` / ` between them."""
        return [f"{case} / {row.get('name')}" for case, row in _results(said)]

    def words(self, build: Build, options: Options, name: str) -> Sequence[str]:
        """The test case of the benchmark; its commas are no `or`."""
        case = re.sub(r"([\\,\[\"*])", r"\\\1", name.rpartition(" / ")[0])
        told = self._told(SAMPLES, options.milliseconds // 2)
        return (str(build.program), case, *told)

    def samples(self, output: Output, name: str) -> list[Sample]:
        """One: Catch2 says the mean of its samples alone."""
        said = output.stdout.read_text("utf-8", errors="replace")
        for case, row in _results(said):
            mean = row.find("mean")
            if f"{case} / {row.get('name')}" == name and mean is not None:
                count = int(row.get("iterations", "1")) * int(row.get("samples", "1"))
                return [sample_of(0, float(mean.get("value", "nan")), count)]
        raise NoFigure("the report of Catch2 has no result of it")

    def _told(self, samples: int, warmup_ms: int) -> tuple[str, ...]:
        return (
            *("--reporter", "xml", "--benchmark-no-analysis"),
            *("--benchmark-samples", str(samples)),
            *("--benchmark-warmup-time", str(warmup_ms)),
        )


def _results(said: str) -> list[tuple[str, ElementTree.Element]]:
    """Each result of a benchmark in a report of Catch2, with the name of its test case."""
    begin, end = said.find("<?xml"), said.rfind(">")
    try:
        tree = ElementTree.fromstring(said[max(begin, 0) : end + 1])
    except ElementTree.ParseError as problem:
        raise NoFigure(f"its standard output is no report of Catch2: {problem}") from None
    cases = [(case.get("name", ""), case) for case in tree.iter("TestCase")]
    return [(name, row) for name, case in cases for row in case.iter("BenchmarkResults")]
