"""Checks a Python target's syntax with its own interpreter and says how to start it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from harness.errors import BuildFailed
from harness.hookspecs import Runner
from harness.model import Build, Case, Command, Target, Toolchain, digest_of
from harness_python import editable
from harness_python.imports import files_beside, module_file, reached_files
from harness_python.options import Options

HERE = Path(__file__).parent
MARKERS = HERE / "markers"
MARKER = MARKERS / "harness_phases.py"
CHECK = HERE / "check.py"
DRIVER = HERE / "driver.py"


def build(target: Target, toolchain: Toolchain, workdir: Path, runner: Runner) -> Build:
    """The target's build: its files are compiled once for every distinct content.

    Raises BuildFailed with `file:line` and the interpreter's words where one does not compile.
    """
    options = Options.of(target)
    search = (*options.search(target), *editable.own_folders(target, toolchain))
    sources = _sources(target, options.module, search)
    reached = sorted(reached_files(sources, search))
    editable.check(target, toolchain, reached)
    files = sorted({*reached, *files_beside(sources)})
    digest = _digest(target, options, toolchain, files)
    folder = workdir / digest
    # The bytecode cache goes by path: the same files in another checkout are checked there anew.
    stamp = folder / f"checked-{digest_of(map(str, reached))[:16]}"
    build_ns = _checked_ns(stamp, digest)
    cached = build_ns is not None
    if build_ns is None:
        folder.mkdir(parents=True, exist_ok=True)
        build_ns = _check(reached, target, toolchain, runner, workdir)
        fresh = stamp.with_suffix(f".{os.getpid()}")
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

    `through` is a script, with its own arguments, that runs the program instead: it is told
    `file` or `module`, the name, and the program's arguments.
    """
    target, options = build.target, Options.of(build.target)
    start = [str(build.program), *_cache_flags(build.workdir.parent, build.toolchain)]
    start += options.flags
    kind, name = ("module", options.module) if options.module else ("file", _script(target))
    if through:
        start += [*through, kind, name]
    elif target.steady:
        start += [str(DRIVER), kind, name, target.entry or ""]
    elif options.module:
        start += ["-m", options.module]
    else:
        start.append(_script(target))
    return Command((*start, *target.arguments(case)), _environment(build, options), target)


def empty_command(build: Build, text: str = "") -> Command:
    """The same interpreter with the same flags and environment, for a program of ours."""
    target, options = build.target, Options.of(build.target)
    start = [str(build.program), *_cache_flags(build.workdir.parent, build.toolchain)]
    return Command((*start, *options.flags, "-c", text), _environment(build, options), target)


def own_search(build: Build) -> tuple[Path, ...]:
    """The folders that the program's own modules are found in."""
    target = build.target
    return (*Options.of(target).search(target), *editable.own_folders(target, build.toolchain))


def own_files(build: Build) -> list[Path]:
    """The program's own files, as far as imports say."""
    search = own_search(build)
    sources = _sources(build.target, Options.of(build.target).module, search)
    return sorted(reached_files(sources, search))


def _script(target: Target) -> str:
    return str(target.sources[0])


def _sources(target: Target, module: str | None, search: Sequence[Path]) -> tuple[Path, ...]:
    """The named sources and the file that the named module starts, if it is the user's own."""
    started = module_file(module, search) if module else None
    return (*target.sources, started) if started else target.sources


def _digest(target: Target, options: Options, toolchain: Toolchain, files: Sequence[Path]) -> str:
    """SHA-256 over interpreter, options and the content of every file, wherever they lie."""
    ours = [MARKER, DRIVER] if target.steady else [MARKER]
    words = [
        "python-build-1",
        toolchain.fingerprint,
        repr((options.flags, options.module, options.path)),
        repr((target.steady, target.entry if target.steady else None)),
        *([target.build_inputs_digest] if target.build_inputs else []),
    ]
    named = [part for path in files for part in (path.name, path.read_bytes())]
    return digest_of([*words, *(path.read_bytes() for path in ours), *named])


def _check(
    files: Sequence[Path], target: Target, toolchain: Toolchain, runner: Runner, workdir: Path
) -> int:
    """Compile the files into the bytecode cache and return the time that it took, in ns."""
    flags = (*_cache_flags(workdir, toolchain), *Options.of(target).flags)
    # -E: what the caller's PYTHONPATH and PYTHONWARNINGS say, no trial hears.
    start = [str(toolchain.program), "-E", *flags, str(CHECK)]
    said = runner.tool([*start, *map(str, files)], cwd=workdir)
    if not said.ok:
        raise BuildFailed(
            f"Python refused target {target.name!r}:\n{said.stderr.strip()}",
            hint=f"Fix the source; it was compiled with {toolchain.version}.",
        )
    return said.wall_ns


def _cache_flags(workdir: Path, toolchain: Toolchain) -> tuple[str, ...]:
    """Bytecode goes to a cache outside the tree; a flag, because -E and -I hide the environment."""
    return ("-X", f"pycache_prefix={workdir / 'bytecode' / toolchain.fingerprint[:16]}")


def _environment(build: Build, options: Options) -> dict[str, str]:
    """Hashing is repeatable, caches lie outside the tree, and the markers are found.

    The target's own settings win.
    """
    target = build.target
    told = [target.env["PYTHONPATH"]] if target.env.get("PYTHONPATH") else []
    own = [str(target.root / folder) for folder in options.path]
    if options.module and not own:
        own = [str(target.root)]
    own += map(str, editable.redirections(target, build.toolchain))
    return {
        "PYTHONHASHSEED": "0",
        "NUMBA_CACHE_DIR": str(build.workdir / "numba"),  # else beside the source
        **target.env,
        "PYTHONPATH": os.pathsep.join([*told, *own, str(MARKERS)]),
    }
