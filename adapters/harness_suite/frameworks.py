"""What the adapter asks of a benchmark framework, and what every framework answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import ClassVar

from harness.adapterkit import Compilation, LanguageTool
from harness.errors import ConfigError
from harness.model import Build, Output, PathKind, Sample, Target, path_option

SAMPLES = 10
"""How many samples one process gives, where the framework can be told."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a suite."""

    kind: str = ""
    """The framework that the suite was written for."""
    program: str | None = path_option(PathKind.CODE)
    """google-benchmark, catch2: the program that `build` makes, from the target's root."""
    name: str | None = None
    """criterion: the bench target of the crate; go: the package, such as `./words`."""
    tool: str | None = path_option(PathKind.TOOL, or_name=True)
    """The interpreter, or the tool that builds, such as python3 or cargo; None: the one on PATH."""
    flags: tuple[str, ...] = ()
    """What the tool is told, word by word."""
    only: tuple[str, ...] = ()
    """Patterns such as `sort/*`: benchmarks that fit none of them are left out; none: all take
    part."""
    skip: tuple[str, ...] = ()
    """Patterns of benchmarks that are left out, also where `only` has them."""
    milliseconds: int = 100
    """How long one process repeats its benchmark, about; frameworks round it their own way."""
    repeat: bool = True
    """pytest: call the function again and again; false: once for each process."""

    @property
    def seconds(self) -> float:
        return self.milliseconds / 1000

    def wants(self, name: str) -> bool:
        """Does a benchmark of that name take part?"""
        return (not self.only or _fits(name, self.only)) and not _fits(name, self.skip)


def _fits(name: str, patterns: Sequence[str]) -> bool:
    """A name is one of the patterns as it stands, too: that of pytest's parameters has brackets."""
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


class NoFigure(Exception):
    """A process ended well and said nothing of the benchmark; the message says why."""


class Framework:
    """One framework: how its benchmarks are listed, started one by one, and read."""

    tool: ClassVar[LanguageTool | None] = None
    """What runs or builds the suite; None: the suite is a program of the user's own build."""

    @property
    def language(self) -> str:
        """What its benchmarks are written in."""
        return self.tool.language if self.tool is not None else "C++"

    def check(self, target: Target, options: Options) -> None:
        """ConfigError where the target lacks what this framework needs."""
        if self.tool is None and options.program is None:
            raise ConfigError(
                f"targets.{target.name}: a {options.kind} suite is a program of your own build",
                hint='Add program = "build/bench", and build = [...] with what makes it.',
            )

    def files(self, target: Target, options: Options) -> Iterable[Path]:
        """What the suite is made of, beside its program: all of it is in the digest."""
        return target.sources

    def make(self, work: Compilation) -> None:
        """Build what is to be built, in `work.folder`."""

    def listing(self, build: Build, options: Options) -> Sequence[str]:
        """The words that make the suite name its benchmarks."""
        raise NotImplementedError

    def names(self, said: str) -> list[str]:
        """The benchmarks that the suite named."""
        return [line for line in said.splitlines() if line.strip()]

    def words(self, build: Build, options: Options, name: str) -> Sequence[str]:
        """The words that run one benchmark."""
        raise NotImplementedError

    def environment(self, build: Build) -> dict[str, str]:
        """Variables of the suite's processes beside the target's own."""
        return {}

    def samples(self, output: Output, name: str) -> list[Sample]:
        """The figures that one process gave; NoFigure where it gave none."""
        raise NotImplementedError


def tool_of(
    language: str, *names: str, install: str, version: Sequence[str] = ("--version",)
) -> LanguageTool:
    """The tool of a framework, which a target may name by the option `tool`."""
    return LanguageTool("suite", language, names, "tool", install, version)


def demand_sources(target: Target, options: Options, example: str) -> None:
    """ConfigError where a suite names no file."""
    if not target.sources:
        raise ConfigError(
            f"targets.{target.name}: a {options.kind} suite needs a source",
            hint=f'Add sources = ["{example}"].',
        )


def sample_of(index: int, each_ns: float, count: int, cpu_ns: float = -1) -> Sample:
    """`count` executions that took `each_ns` each; a framework that knows no CPU time gives -1."""
    if not each_ns > 0:
        raise NoFigure(f"the suite says that one execution took {each_ns} ns")
    cpu = round(cpu_ns * count) if cpu_ns >= 0 else -1
    return Sample(index, count, max(round(each_ns * count), 1), cpu)


def gathered(times_ns: Sequence[float], executions: int) -> list[Sample]:
    """Rounds of `executions` each as at most `SAMPLES` samples; times are of one execution."""
    if not times_ns:
        raise NoFigure("the suite timed no round of it")
    share = -(-len(times_ns) // SAMPLES)
    parts = [times_ns[at : at + share] for at in range(0, len(times_ns), share)]
    return [
        sample_of(index, sum(part) / len(part), executions * len(part))
        for index, part in enumerate(parts)
    ]
