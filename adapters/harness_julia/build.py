"""Checks a Julia target's syntax and says how to start it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from harness.errors import BuildFailed
from harness.hookspecs import Runner
from harness.model import Build, Case, Command, Target, Toolchain, digest_of
from harness_julia.options import OWN_FLAGS, Options
from harness_julia.toolchain import depot_path

HERE = Path(__file__).parent
MARKERS = HERE / "markers"
MARKER = MARKERS / "HarnessPhases.jl"
CHECK = HERE / "check.jl"
DRIVER = HERE / "driver.jl"
INCLUDE = re.compile(r'\binclude\s*\(\s*(?:[\w.]+\s*,\s*)?(?:joinpath\(@__DIR__,\s*)?"([^"$]+)"')
LOCAL_PACKAGE = re.compile(r'\bpath\s*=\s*"([^"]+)"')


def build(target: Target, toolchain: Toolchain, workdir: Path, runner: Runner) -> Build:
    """The target's build: its files are parsed once for every distinct content.

    Raises BuildFailed with `file:line` and Julia's words where one does not parse.
    """
    options = Options.of(target)
    reached = sorted(reached_files(target.sources))
    files = sorted({*reached, *files_beside(target.sources)})
    digest = _digest(target, options, toolchain, files)
    folder = workdir / digest
    stamp = folder / "checked"
    cached = stamp.is_file()
    if not cached:
        folder.mkdir(parents=True, exist_ok=True)
        build_ns = _check(reached, target, toolchain, runner, workdir)
        fresh = folder / f"checked.{os.getpid()}"
        fresh.write_text(str(build_ns))
        fresh.replace(stamp)
    return Build(
        target=target,
        toolchain=toolchain,
        digest=digest,
        workdir=folder,
        program=toolchain.program,
        build_ns=int(stamp.read_text()),
        cached=cached,
    )


def command(build: Build, case: Case, through: Sequence[str] = ()) -> Command:
    """How a build is started; `steady` puts the driver before it.

    `through` holds further flags and a script that runs the program in its stead.
    """
    target = build.target
    start = [str(build.program), *Options.of(target).julia_flags(target)]
    script = str(target.sources[0])
    if through:
        start += through
    else:
        start += [str(DRIVER), script, target.entry or ""] if target.steady else [script]
    env = {**target.env, **_paths(target, build.toolchain, build.workdir.parent)}
    return Command((*start, *target.arguments(case)), env, target)


def reached_files(sources: Sequence[Path]) -> set[Path]:
    """The sources, what they include by a literal path, and so on.

    Includes that are computed when the program runs cannot be seen.
    """
    waiting = [path.absolute() for path in sources]
    found = set(waiting)
    while waiting:
        path = waiting.pop()
        for name in INCLUDE.findall(path.read_text(errors="replace")):
            included = Path(os.path.normpath(path.parent / name))
            if included not in found and included.is_file():
                found.add(included)
                waiting.append(included)
    return found


def files_beside(sources: Sequence[Path]) -> set[Path]:
    """The Julia files in the sources' folders: one of them may be what an include computes."""
    beside = {path.absolute() for source in sources for path in source.parent.glob("*.jl")}
    return {path for path in beside if path.is_file()}


def project_files(project: Path) -> list[Path]:
    """What a project (its folder or its file) says, and the sources of itself and of the packages
    that it takes from a path."""
    folder = project.parent if project.is_file() else project
    facts = sorted({*folder.glob("*Project.toml"), *folder.glob("*Manifest*.toml")})
    named = (name for path in facts for name in LOCAL_PACKAGE.findall(path.read_text("utf-8")))
    packages = {folder, *(folder / name for name in named)}
    sources = {path for package in packages for path in package.glob("src/**/*.jl")}
    return [*facts, *sorted(sources)]


def _digest(target: Target, options: Options, toolchain: Toolchain, files: Sequence[Path]) -> str:
    """SHA-256 over Julia, options, project and the content of every file, wherever they lie."""
    words = [
        "julia-build-1",
        toolchain.fingerprint,
        repr((options.project, options.flags, options.threads, options.optimize)),
        repr((target.steady, target.entry if target.steady else None)),
    ]
    ours = [MARKER, DRIVER] if target.steady else [MARKER]
    project = project_files(target.root / options.project) if options.project else []
    read = [*ours, *files, *project]
    return digest_of([*words, *(part for path in read for part in (path.name, path.read_bytes()))])


def _check(
    files: Sequence[Path], target: Target, toolchain: Toolchain, runner: Runner, workdir: Path
) -> int:
    """Parse the files with Julia and return the time that it took, in ns."""
    said = runner.tool(
        [str(toolchain.program), *OWN_FLAGS, str(CHECK), *map(str, files)],
        cwd=workdir,
        env=_paths(target, toolchain, workdir),
    )
    if not said.ok:
        raise BuildFailed(
            f"Julia refused target {target.name!r}:\n{said.stderr.strip()}",
            hint=f"Fix the source; it was parsed by {toolchain.version}.",
        )
    return said.wall_ns


def _paths(target: Target, toolchain: Toolchain, workdir: Path) -> dict[str, str]:
    """Where Julia finds the markers (behind all else) and where it keeps what it compiles."""
    load_path = target.env.get("JULIA_LOAD_PATH", "")  # an empty entry means Julia's own
    return {
        "JULIA_LOAD_PATH": f"{load_path}:{MARKERS}",
        "JULIA_DEPOT_PATH": target.env.get("JULIA_DEPOT_PATH", depot_path(workdir, toolchain)),
    }
