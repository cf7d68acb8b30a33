"""Checks a Python target's syntax with its own interpreter and says how to start it."""

from __future__ import annotations

import os
import shutil
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
STOCK = HERE / "stock.py"
DRIVER = HERE / "driver.py"
_TREE = ".tree"


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
    if not target.caches_last:
        return _for_fresh_caches(target, toolchain, runner, folder, reached)
    # The bytecode cache goes by path: the same files in another checkout are checked there anew.
    stamp = folder / f"checked-{digest_of(map(str, reached))[:16]}"
    build_ns = _checked_ns(stamp, digest)
    cached = build_ns is not None
    if build_ns is None:
        folder.mkdir(parents=True, exist_ok=True)
        build_ns = _check(reached, target, toolchain, runner, _shared_cache(workdir, toolchain))
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


def _for_fresh_caches(
    target: Target, toolchain: Toolchain, runner: Runner, folder: Path, reached: Sequence[Path]
) -> Build:
    """The build with a bytecode cache of its own, made now: what an earlier one left is not used.

    What the interpreter's own folders hold is compiled once, for all builds.
    """
    stock, own = _stock(folder.parent, toolchain), _own_cache(folder, target)
    stock.mkdir(parents=True, exist_ok=True)
    _make_anew(own, target)
    start = [str(toolchain.program), "-E", *_cache_flags(stock)]
    said = runner.tool([*start, str(STOCK), str(stock)], cwd=stock)
    for place in said.stdout.splitlines() if said.ok else ():
        link = own / place.lstrip("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(stock / place.lstrip("/"))
    build_ns = _check(reached, target, toolchain, runner, own)
    return Build(target, toolchain, folder.name, folder, toolchain.program, build_ns)


def _own_cache(folder: Path, target: Target) -> Path:
    """The bytecode cache of a build's files in one tree: two sides may have the same files."""
    return folder / "bytecode" / digest_of([str(target.root)])[:16]


def _make_anew(own: Path, target: Target) -> None:
    """An empty cache of one tree; those of trees that are gone are removed.

    A link beside each cache leads to its tree.
    """
    own.parent.mkdir(parents=True, exist_ok=True)
    link = own.with_suffix(_TREE)
    link.unlink(missing_ok=True)
    link.symlink_to(target.root)
    for other in own.parent.glob(f"*{_TREE}"):
        if not other.exists():
            shutil.rmtree(other.with_suffix(""), ignore_errors=True)
            other.unlink(missing_ok=True)
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir()


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
    start = [str(build.program), *_cache_flags(_cache_of(build)), *options.flags]
    kind, name = ("module", options.module) if options.module else ("file", _script(target))
    if through:
        start += [*through, kind, name]
    elif target.steady:
        start += [str(DRIVER), kind, name, target.entry or ""]
    elif options.module:
        start += ["-m", options.module]
    else:
        start.append(_script(target))
    return _started(build, (*start, *target.arguments(case)))


def empty_command(build: Build, text: str = "") -> Command:
    """The same interpreter with the same flags and environment, for a program of ours."""
    start = [str(build.program), *_cache_flags(_cache_of(build))]
    return _started(build, (*start, *Options.of(build.target).flags, "-c", text))


def _started(build: Build, words: tuple[str, ...]) -> Command:
    """The command with the environment and the bytecode caches of the target.

    All that is timed beside each other goes through here: a program that may not read the
    interpreter's bytecode in a strict jail compiles all that it imports, each time.
    """
    target = build.target
    env = _environment(build, Options.of(target))
    if target.caches_last:
        return Command(words, env, target)
    fresh = {"NUMBA_CACHE_DIR": "{fresh}/numba"} if "NUMBA_CACHE_DIR" not in target.env else {}
    reads = (_stock(build.workdir.parent, build.toolchain),)
    return Command(words, env, target, fresh, reads)


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
    files: Sequence[Path],
    target: Target,
    toolchain: Toolchain,
    runner: Runner,
    cache: Path,
) -> int:
    """Compile the files into a bytecode cache and return the time that it took, in ns."""
    cache.mkdir(parents=True, exist_ok=True)
    flags = (*_cache_flags(cache), *Options.of(target).flags)
    # -E: what the caller's PYTHONPATH and PYTHONWARNINGS say, no trial hears.
    start = [str(toolchain.program), "-E", *flags, str(CHECK)]
    said = runner.tool([*start, *map(str, files)], cwd=cache)
    if not said.ok:
        raise BuildFailed(
            f"Python refused target {target.name!r}:\n{said.stderr.strip()}",
            hint=f"Fix the source; it was compiled with {toolchain.version}.",
        )
    return said.wall_ns


def _cache_flags(cache: Path) -> tuple[str, ...]:
    """Bytecode goes to a cache outside the tree; a flag, because -E and -I hide the environment."""
    return ("-X", f"pycache_prefix={cache}")


def _cache_of(build: Build) -> Path:
    """Where a build's trials look for bytecode."""
    if not build.target.caches_last:
        return _own_cache(build.workdir, build.target)
    return _shared_cache(build.workdir.parent, build.toolchain)


def _shared_cache(workdir: Path, toolchain: Toolchain) -> Path:
    """The cache that the trials of all builds fill and read."""
    return workdir / "bytecode" / toolchain.fingerprint[:16]


def _stock(workdir: Path, toolchain: Toolchain) -> Path:
    """The bytecode of the interpreter's own folders, which no trial can change."""
    return workdir / "stock" / toolchain.fingerprint[:16]


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
