"""Checks a Julia target's syntax and says how to start it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.errors import BuildFailed, ConfigError
from harness.hookspecs import Runner
from harness.model import (
    Build,
    Case,
    Command,
    NamedPath,
    PathKind,
    Target,
    Toolchain,
    digest_of,
    moved_into,
    read_options,
)
from harness_julia.options import OWN_FLAGS, Options
from harness_julia.toolchain import depot_path

HERE = Path(__file__).parent
MARKERS = HERE / "markers"
MARKER = MARKERS / "HarnessPhases.jl"
CHECK = HERE / "check.jl"
COMPILE = HERE / "compile.jl"
DRIVER = HERE / "driver.jl"
INCLUDE = re.compile(r'\binclude\s*\(\s*(?:[\w.]+\s*,\s*)?(?:joinpath\(@__DIR__,\s*)?"([^"$]+)"')
USED = re.compile(r"^\s*(?:using|import)\s+([^\n:]+)", re.MULTILINE)
_FACTS = ("*Project.toml", "*Manifest*.toml")
_WORKSPACE = re.compile(r"^\[workspace\]", re.MULTILINE)
LOCAL_PACKAGE = re.compile(r'\bpath\s*=\s*"([^"]+)"')


def build(target: Target, toolchain: Toolchain, workdir: Path, runner: Runner) -> Build:
    """The target's build: its files are parsed once for every distinct content.

    Raises BuildFailed with `file:line` and Julia's words where one does not parse.
    """
    options = Options.of(target)
    reached = sorted(reached_files(target.sources))
    _check_developed(target, toolchain, reached)
    files = sorted({*reached, *files_beside(target.sources)})
    digest = _digest(target, options, toolchain, files)
    folder = workdir / digest
    stamp = folder / ("checked" if target.caches_last else "checked-and-compiled")
    build_ns = _checked_ns(stamp, digest)
    cached = build_ns is not None
    if build_ns is None:
        folder.mkdir(parents=True, exist_ok=True)
        build_ns = _check(reached, target, toolchain, runner, folder)
        _compile(_compiled_before(target, reached, files), target, toolchain, runner, folder)
        fresh = folder / f"checked.{os.getpid()}"
        fresh.write_text(f"{build_ns} {digest}")
        fresh.replace(stamp)
    return Build(
        target=target,
        toolchain=toolchain,
        digest=digest,
        workdir=folder,
        program=toolchain.program,
        build_ns=build_ns,
        cached=cached,
    )


def _checked_ns(stamp: Path, digest: str) -> int | None:
    """How long the check of these files took; None where it was not made, or was of others."""
    try:
        took_ns, checked = stamp.read_text().split()
        return int(took_ns) if checked == digest else None
    except (OSError, ValueError):
        return None


def command(build: Build, case: Case, through: Sequence[str] = ()) -> Command:
    """How a build is started; `steady` puts the driver before it.

    `through` holds further flags and a script that runs the program instead.
    """
    target = build.target
    script = str(target.sources[0])
    start = list(through)
    if not through:
        start = [str(DRIVER), script, target.entry or ""] if target.steady else [script]
    return _started(build, (*start, *target.arguments(case)))


def empty_command(build: Build, script: Path) -> Command:
    """How a script of ours is started as the target would be."""
    return _started(build, (str(script),))


def _started(build: Build, words: Sequence[str]) -> Command:
    """The target's Julia, with its flags and environment, before `words`."""
    target = build.target
    flags = Options.of(target).julia_flags(target)
    env = {**target.env, **_paths(target, build.toolchain, build.workdir)}
    fresh = {"JULIA_DEPOT_PATH": f"{{fresh}}/julia:{env['JULIA_DEPOT_PATH']}"}
    return Command((str(build.program), *flags, *words), env, target, fresh)


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


def _project_files(project: Path) -> list[Path]:
    """What a project (its folder or its file) says, and the sources of itself and of the packages
    that it takes from a path."""
    folder = project.parent if project.is_file() else project
    facts = _facts(project)
    named = (name for path in facts for name in LOCAL_PACKAGE.findall(path.read_text("utf-8")))
    packages = {folder, *(folder / name for name in named)}
    sources = {path for package in packages for path in package.glob("src/**/*.jl")}
    return [*facts, *sorted(sources)]


def manifests(target: Target) -> tuple[NamedPath, ...]:
    """The manifests of the user's project, which git often ignores."""
    project = read_options(Options, target).project
    if project is None or target.private_copy is None:
        return ()
    original, copy = target.private_copy
    said = moved_into(target.root, copy, original) / project
    folder, below = (said.parent, Path(project).parent) if said.is_file() else (said, Path(project))
    names = sorted(path.name for path in folder.glob("*Manifest*.toml"))
    return tuple(NamedPath("project", str(below / name), PathKind.DATA) for name in names)


def _check_developed(target: Target, toolchain: Toolchain, reached: Sequence[Path]) -> None:
    """Raise ConfigError where a private copy would load a package from the user's tree.

    That is one that was `dev`ed by its absolute path, in the project or in Julia's own environment.
    """
    if target.private_copy is None:
        return
    original, copy = target.private_copy
    project = Options.of(target).project
    used = {n for path in reached for n in USED.findall(path.read_text(errors="replace"))}
    depots = toolchain.details.get("depots", "").split(os.pathsep)
    shared = [m for d in depots if d for m in Path(d).glob("environments/v*/*Manifest*.toml")]
    own = _facts(target.root / project) if project else []
    for manifest in (*own, *shared):
        for name, place in _developed(manifest):
            users = place.is_relative_to(original) and not place.is_relative_to(copy)
            if users and (
                manifest in own
                or any(re.search(rf"\b{re.escape(name)}\b", words) for words in used)
            ):
                raise ConfigError(
                    f"targets.{target.name}: {manifest.name} loads {name} from {place}, in your"
                    " tree, for every state of the code",
                    hint="Let a project in the repository name it by a relative path:"
                    f' Pkg.develop(path="{os.path.relpath(place, original)}"), started in'
                    " that folder; and say project = in the target.",
                )


def _developed(manifest: Path) -> Iterator[tuple[str, Path]]:
    """Name and folder of every package that a manifest takes from a path."""
    try:
        said = tomllib.loads(manifest.read_text("utf-8"))
    except (OSError, ValueError):
        return
    packages = said.get("deps", said)
    for name, entries in packages.items() if isinstance(packages, dict) else ():
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("path"), str):
                yield name, Path(os.path.normpath(manifest.parent / entry["path"]))


def _facts(project: Path) -> list[Path]:
    """The project and manifest files of a project, its folder or its file."""
    folder = project.parent if project.is_file() else project
    folders = [folder, *filter(_is_workspace, folder.absolute().parents)]
    return sorted(path for f in folders for p in _FACTS for path in f.glob(p))


def _is_workspace(folder: Path) -> bool:
    """Has its project a `[workspace]`, whose members (Julia 1.12) share the manifest there?"""
    path = folder / "Project.toml"
    return path.is_file() and _WORKSPACE.search(path.read_text("utf-8", "replace")) is not None


def _digest(target: Target, options: Options, toolchain: Toolchain, files: Sequence[Path]) -> str:
    """SHA-256 over Julia, options, project and the content of every file, wherever they lie."""
    words = [
        "julia-build-1",
        toolchain.fingerprint,
        repr((options.project, options.flags, options.threads, options.optimize)),
        repr((target.steady, target.entry if target.steady else None)),
        *([target.build_inputs_digest] if target.build_inputs else []),
    ]
    ours = [MARKER, DRIVER] if target.steady else [MARKER]
    project = _project_files(target.root / options.project) if options.project else []
    read = [*ours, *files, *project]
    return digest_of([*words, *(part for path in read for part in (path.name, path.read_bytes()))])


def _check(
    files: Sequence[Path], target: Target, toolchain: Toolchain, runner: Runner, folder: Path
) -> int:
    """Parse the files with Julia and return the time that it took, in ns."""
    env = _paths(target, toolchain, folder)
    said = runner.tool(
        [str(toolchain.program), *OWN_FLAGS, str(CHECK), *map(str, files)], cwd=folder, env=env
    )
    if not said.ok:
        raise BuildFailed(
            f"Julia refused target {target.name!r}:\n{said.stderr.strip()}",
            hint=f"Fix the source; it was parsed by {toolchain.version}.",
        )
    return said.wall_ns


def _compiled_before(target: Target, reached: Sequence[Path], files: Sequence[Path]) -> list[str]:
    """The packages that are compiled before anything is timed.

    That are the markers, where any file mentions them; where no trial can fill a cache for the next
    one, all that the reached files use.
    """
    project = Options.of(target).project
    read = (*files, *(_project_files(target.root / project) if project else ()))
    marked = any(MARKER.stem in path.read_text(errors="replace") for path in read)
    used = () if target.caches_last else _packages(reached)
    return sorted({*used, *([MARKER.stem] if marked else [])})


def _compile(
    names: Sequence[str], target: Target, toolchain: Toolchain, runner: Runner, folder: Path
) -> None:
    """Have Julia compile packages into the build's cache, in a process of its own."""
    if names:
        flags = Options.of(target).julia_flags(target)
        env = {**target.env, **_paths(target, toolchain, folder)}
        runner.tool([str(toolchain.program), *flags, str(COMPILE), *names], cwd=folder, env=env)


def _packages(files: Sequence[Path]) -> list[str]:
    """The names of what files use, modules of their own excepted."""
    used = (word for path in files for word in USED.findall(path.read_text(errors="replace")))
    names = (name.strip() for words in used for name in words.split(","))
    return sorted({name.partition(".")[0] for name in names if name and name[0].isalpha()})


def _paths(target: Target, toolchain: Toolchain, folder: Path) -> dict[str, str]:
    """Where Julia finds the markers (behind all else) and where it keeps what it compiles.

    That is one place for all builds, or the build's own folder where no trial may write there.
    """
    workdir = folder.parent if target.caches_last else folder
    load_path = target.env.get("JULIA_LOAD_PATH", "")  # an empty entry means Julia's own
    return {
        "JULIA_LOAD_PATH": f"{load_path}:{MARKERS}",
        "JULIA_DEPOT_PATH": target.env.get("JULIA_DEPOT_PATH", depot_path(workdir, toolchain)),
    }
