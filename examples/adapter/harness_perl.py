"""A whole adapter in one file: Perl."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.errors import BuildFailed, ConfigError, ToolchainMissing
from harness.hookspecs import Runner, hookimpl
from harness.model import (
    Build,
    Case,
    Command,
    Output,
    Target,
    Toolchain,
    Trial,
    TrialPlan,
    digest_of,
    read_options,
)


@dataclass(frozen=True, slots=True)
class Options:
    """What a Perl target may say in harness.toml beside the keys that every target has."""

    flags: tuple[str, ...] = ()


@hookimpl
def harness_probe(runner: Runner) -> Toolchain:
    """The `perl` on PATH."""
    program = runner.find("perl")
    if program is None:
        raise ToolchainMissing("no perl on PATH", hint="Debian: apt-get install perl")
    said = runner.tool([str(program), "-MConfig", "-e", 'print "$^V $Config{archname}"'])
    fingerprint = digest_of(["perl", str(program), said.stdout])
    return Toolchain("perl", "Perl", program, f"Perl {said.stdout}", fingerprint)


@hookimpl
def harness_build(target: Target, toolchain: Toolchain, workdir: Path, runner: Runner) -> Build:
    """Nothing to compile: check the syntax, once for every distinct content."""
    options = read_options(Options, target)
    if not target.sources:
        raise ConfigError(f"targets.{target.name}: a Perl target needs a source")
    if target.steady:
        raise ConfigError(f"targets.{target.name}: Perl has no steady mode here")
    contents = [source.read_bytes() for source in target.sources]
    digest = digest_of(["perl-1", toolchain.fingerprint, repr(options), *contents])
    folder = workdir / digest
    checked = folder / "checked"
    cached = checked.is_file()
    if not cached:
        said = runner.tool([*_start(toolchain.program, target), "-c", str(target.sources[0])])
        if not said.ok:
            raise BuildFailed(f"Perl refused target {target.name!r}:\n{said.stderr}")
        folder.mkdir(parents=True, exist_ok=True)
        checked.write_text(str(said.wall_ns))
    build_ns = int(checked.read_text())
    return Build(target, toolchain, digest, folder, toolchain.program, build_ns, cached)


@hookimpl
def harness_run(build: Build, case: Case, runner: Runner) -> Output:
    """Execute once for the output."""
    return runner.output(_command(build, case))


@hookimpl
def harness_time(build: Build, case: Case, plan: TrialPlan, runner: Runner) -> Trial:
    """Execute one trial."""
    return runner.trial(_command(build, case), plan)


def _start(program: Path, target: Target) -> tuple[str, ...]:
    return (str(program), *read_options(Options, target).flags)


def _command(build: Build, case: Case) -> Command:
    target = build.target
    start = (*_start(build.program, target), str(target.sources[0]))
    return Command((*start, *target.arguments(case)), target.env, target)
