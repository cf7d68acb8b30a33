"""The suite adapter: benchmarks that somebody wrote for a framework, one for each fresh process.

The framework's own clock times them, and its own loop repeats them; the harness lists them, runs
them in blocks with those of another build, and judges the times of one execution.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.adapterkit import Compilation, MadeBuild, adopted, bytes_of, keep, placeless
from harness.errors import ConfigError
from harness.hookspecs import Runner, hookimpl
from harness.model import (
    Build,
    Case,
    Command,
    Mode,
    NamedPath,
    Output,
    Target,
    Toolchain,
    Trial,
    TrialPlan,
    TrialStatus,
    declared_paths,
    digest_of,
    read_options,
)
from harness.model.suggesting import did_you_mean
from harness.model.tasks import BENCHMARK
from harness_suite.built import SUITE, Criterion, GoTest
from harness_suite.frameworks import Framework, NoFigure, Options
from harness_suite.interpreted import Asv, BenchmarkTools, Pytest, PytestBenchmark
from harness_suite.native import Catch2, GoogleBenchmark

FRAMEWORKS: Mapping[str, Framework] = {
    "google-benchmark": GoogleBenchmark(),
    "catch2": Catch2(),
    "criterion": Criterion(),
    "go": GoTest(),
    "pytest": Pytest(),
    "pytest-benchmark": PytestBenchmark(),
    "asv": Asv(),
    "benchmarktools": BenchmarkTools(),
}


@hookimpl
def harness_probe(runner: Runner, target: Target | None) -> Toolchain:
    """The framework's interpreter or build tool; of a program, the system that executes it."""
    if target is not None:
        options, framework = _framework(target)
        if framework.tool is not None:
            return framework.tool.found(runner, target, options.tool)
    language = framework.language if target is not None else "any"
    shell = runner.find("sh") or Path("/bin/sh")
    system = f"{platform.system()} {platform.machine()}"
    return Toolchain("suite", language, shell, system, digest_of(["suite", language, system]))


@hookimpl
def harness_paths(target: Target) -> tuple[NamedPath, ...]:
    """The program, and the tool."""
    _framework(target)
    return declared_paths(Options, target)


@hookimpl
def harness_build(target: Target, toolchain: Toolchain, workdir: Path, runner: Runner) -> Build:
    """Have the framework's tool build the suite, or take the program that the user's build made."""
    options, framework = _framework(target)
    framework.check(target, options)
    if framework.tool is None:
        plain = replace(target, steady=False)
        made = adopted(plain, toolchain, workdir, options.program or "")
        return replace(made, target=target)
    files = framework.files(target, options)
    digest = digest_of(
        [
            "suite-build-1",
            toolchain.fingerprint,
            placeless(repr(options), target),
            target.build_inputs_digest,
            *(part for path in files for part in (path.name, bytes_of(path, target))),
        ]
    )
    folder = workdir / digest
    work = Compilation(target, toolchain, options, folder, runner)

    def make(private: Path) -> MadeBuild:
        work.folder = private
        framework.make(work)
        programs = [path for path in (private / SUITE,) if path.is_file()]
        return MadeBuild(work.spent_ns, programs, "\n".join(work.log))

    kept = keep(folder, make)
    return Build(
        target, toolchain, digest, folder, toolchain.program, kept.build_ns, kept.cached, kept.log
    )


@hookimpl
def harness_benchmarks(build: Build, runner: Runner) -> tuple[str, ...]:
    """What the suite names itself, without what `only` leaves out."""
    options, framework = _framework(build.target)
    output = runner.output(_command(build, framework, framework.listing(build, options)))
    said = output.stdout.read_text("utf-8", errors="replace")
    try:
        named = dict.fromkeys(framework.names(said))
    except NoFigure as problem:
        raise _without(build, str(problem)) from None
    found = tuple(name for name in named if options.wants(name))
    if not found:
        chosen = f"none of its {len(named)} benchmarks fits `only` and no `skip`"
        raise _without(build, chosen if named else "it names none")
    return found


@hookimpl
def harness_run(build: Build, case: Case, runner: Runner) -> Output:
    """Run one benchmark for what the suite says of it."""
    return runner.output(_one(build, case))


@hookimpl
def harness_time(build: Build, case: Case, plan: TrialPlan, runner: Runner) -> Trial:
    """Run one benchmark in a fresh process; its samples are what the framework measured."""
    _, framework = _framework(build.target)
    trial = runner.trial(_one(build, case), replace(plan, mode=Mode.COLD))
    if plan.mode is Mode.COLD or not trial.ok or trial.output is None:
        return trial
    name = str(case.params[BENCHMARK])
    try:
        return replace(trial, samples=tuple(framework.samples(trial.output, name)))
    except NoFigure as problem:
        return replace(trial, status=TrialStatus.FAILED, message=f"no figure of {name}: {problem}")


def _framework(target: Target) -> tuple[Options, Framework]:
    options = read_options(Options, target)
    if options.kind not in FRAMEWORKS:
        said = f"no suites of the kind {options.kind!r}" if options.kind else "say which `kind`"
        raise ConfigError(
            f"targets.{target.name}.kind: {said}; there are: {', '.join(FRAMEWORKS)}",
            hint=did_you_mean(options.kind, FRAMEWORKS),
        )
    if options.milliseconds < 1:
        raise ConfigError(
            f"targets.{target.name}.milliseconds: want at least 1, got {options.milliseconds}"
        )
    return options, FRAMEWORKS[options.kind]


def _one(build: Build, case: Case) -> Command:
    options, framework = _framework(build.target)
    if BENCHMARK not in case.params:
        raise ConfigError(
            f"targets.{build.target.name}: which benchmark of the suite is the case {case.name!r}?",
            hint="`harness run` and `harness compare` take all of them as cases; elsewhere declare"
            f' one: [tasks.{build.target.task}.cases.NAME] params = {{ benchmark = "..." }}.',
        )
    name = str(case.params[BENCHMARK])
    words = framework.words(build, options, name)
    return _command(build, framework, (*words, *build.target.arguments(case)))


def _command(build: Build, framework: Framework, words: Sequence[str]) -> Command:
    env = {**framework.environment(build), **build.target.env}
    return Command(tuple(words), env, build.target)


def _without(build: Build, why: str) -> ConfigError:
    return ConfigError(
        f"targets.{build.target.name}: no benchmark in the suite: {why}",
        hint="Look at `kind`, `sources`, `program`, `name` and `only` of the target.",
    )
