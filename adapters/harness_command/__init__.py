"""The command adapter: any program, as it is. Nothing is built, nothing is wrapped."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ConfigError, ToolchainMissing
from harness.hookspecs import Runner, hookimpl
from harness.model import (
    Build,
    Case,
    Command,
    EmptyProgram,
    NamedPath,
    Output,
    PathKind,
    Target,
    Toolchain,
    Trial,
    TrialPlan,
    declared_paths,
    digest_of,
    path_option,
    read_options,
)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a command target."""

    program: str | None = path_option(PathKind.CODE, or_name=True)
    """A name on PATH, or a path from the target's root, which what a `build` made may be named by
    without a "/" as well; None: the first source, else the first argument."""
    argv: tuple[str, ...] = ()
    """Arguments that stand between the program and the target's `args`, taken word by word."""


@hookimpl
def harness_probe(runner: Runner) -> Toolchain:
    """There is no toolchain: the system itself executes the program."""
    shell = runner.find("sh") or Path("/bin/sh")
    system = f"{platform.system()} {platform.machine()}"
    return Toolchain("command", "any", shell, system, digest_of(["command", system]))


@hookimpl
def harness_paths(target: Target) -> tuple[NamedPath, ...]:
    """The program, and the first argument where that is the program."""
    options = read_options(Options, target)
    if options.program is None and not target.sources and target.args:
        name = _program(target, options)
        return (NamedPath("args", name, PathKind.CODE),) if "/" in name else ()
    return declared_paths(Options, target)


@hookimpl
def harness_build(target: Target, toolchain: Toolchain, workdir: Path, runner: Runner) -> Build:
    """Find the program; its identity is its own bytes, those of the sources, and the arguments."""
    if target.steady:
        raise ConfigError(
            f"targets.{target.name}: a command has no steady mode",
            hint="Steady mode needs a language's driver: use the c, julia or python adapter.",
        )
    options = read_options(Options, target)
    name = _program(target, options)
    made = bool(target.build) and (target.root / name).is_file()
    program = runner.find(str(target.root / name) if "/" in name or made else name)
    if program is None:
        here = "/" not in name and (target.root / name).is_file()
        raise ToolchainMissing(
            f"targets.{target.name}: {name!r} is not a program",
            hint=f'A name is looked for on PATH; the file beside harness.toml is "./{name}".'
            if here or ("/" not in name and target.private_copy is not None)
            else "Check the path, PATH, and that the file is executable (chmod +x).",
        )
    digest = digest_of(
        [
            "command-build-1",
            toolchain.fingerprint,
            repr((options.argv, target.args)),
            *([target.build_inputs_digest] if target.build_inputs else []),
            *(part for path in (program, *target.sources) for part in _identity(path, target)),
        ]
    )
    folder = workdir / digest
    cached = folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    return Build(target, toolchain, digest, folder, program, cached=cached)


@hookimpl
def harness_run(build: Build, case: Case, runner: Runner) -> Output:
    """Execute once for the output."""
    return runner.output(_command(build, case))


@hookimpl
def harness_time(build: Build, case: Case, plan: TrialPlan, runner: Runner) -> Trial:
    """Execute one trial."""
    return runner.trial(_command(build, case), plan)


@hookimpl
def harness_floor(build: Build, runner: Runner) -> tuple[EmptyProgram, ...]:
    """The start of a process: of the smallest program that every system has."""
    smallest = runner.find("true")
    if smallest is None:
        return ()
    return (EmptyProgram("start-up", Command((str(smallest),), build.target.env, build.target)),)


def _identity(path: Path, target: Target) -> tuple[str | bytes, ...]:
    """What tells a file's content: its bytes; size and time where it may be executed, not read."""
    try:
        if path.is_dir():
            return ("folder",)
        return (path.read_bytes(),)
    except PermissionError:
        facts = path.stat()
        return (str(facts.st_size), str(facts.st_mtime_ns))
    except OSError as problem:
        raise ConfigError(
            f"targets.{target.name}: cannot read {path}: {problem.strerror}",
            hint="Check `program` and `sources`; paths are relative to the folder of harness.toml.",
        ) from None


def _program(target: Target, options: Options) -> str:
    if options.program is not None:
        return options.program
    if target.sources:
        return str(target.sources[0])
    if target.args:
        return target.args[0].replace("{{", "{").replace("}}", "}")  # as `arguments` undoes them
    raise ConfigError(
        f"targets.{target.name}: there is no program to run",
        hint='Add program = "name-or-path".',
    )


def _command(build: Build, case: Case) -> Command:
    target = build.target
    options = read_options(Options, target)
    arguments = target.arguments(case)
    if options.program is None and not target.sources:
        arguments = arguments[1:]  # the first one named the program
    return Command((str(build.program), *options.argv, *arguments), target.env, target)
