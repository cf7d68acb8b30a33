"""Programs that a build system makes, read from its files; nothing is executed to find them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import ConfigError
from harness.frozen import dataclass
from harness.project.config_text import read_toml
from harness.project.config_words import as_name
from harness.running.guessing import SUFFIXES
from harness.running.initial.found_program import FoundProgram
from harness.running.initial.frameworks_seen import SUITE, framework_of, text_of

_MOST_GOING_IN = 50
"""How many variables of a Makefile are filled in within one another: a circle ends there."""


def built_programs(root: Path) -> Iterator[FoundProgram]:
    """Everything that the build files of a project's own folder say they make, but unit tests."""
    for finder in _FINDERS:
        found = [p for p in finder(root) if p.adapter == SUITE or not _is_a_test(p.stem)]
        if found:
            yield from found
            return  # a Makefile beside a CMakeLists.txt most often calls it


def cargo_programs(root: Path) -> Iterator[FoundProgram]:
    """The binaries of a package, or of each member of a workspace."""
    members = _cargo(root).workspace.members
    for folder in _crates(root):
        manifest = _cargo(folder)
        if not (name := manifest.package.name):
            continue
        binaries = [binary.name for binary in manifest.bin if binary.name]
        if not binaries and (folder / "src/main.rs").is_file():
            binaries = [name]
        binaries += [path.stem for path in sorted((folder / "src/bin").glob("*.rs"))]
        for binary in dict.fromkeys(binaries):
            build = ["cargo", "build", "--release", "--bin", binary]
            build += ["-p", name] if members else []
            yield _program(_Made(f"target/release/{binary}", build, "Cargo.toml"), "rust")


def criterion_benches(root: Path) -> Iterator[tuple[str, str]]:
    """The benches that crates declare, where criterion is what these develop with, each with its
    crate; that of the root has no name."""
    for folder in _crates(root):
        manifest = _cargo(folder)
        if "criterion" in manifest.dev:
            crate = "" if folder == root else manifest.package.name
            yield from ((bench.name, crate) for bench in manifest.bench if bench.name)


def cmake_programs(root: Path) -> Iterator[FoundProgram]:
    """The executables of the top CMakeLists.txt and of those up to two folders below."""
    top = text_of(root / "CMakeLists.txt")
    if not top:
        return
    named = re.compile(r"^\s*add_executable\s*\(\s*([\w.-]+)([^)]*)", re.MULTILINE | re.IGNORECASE)
    places = [root, *_below(root)]
    for path in (place / "CMakeLists.txt" for place in places):
        folder = _cmake_output(top) or Path("build", path.parent.relative_to(root)).as_posix()
        for name, said in named.findall(text_of(path)):
            if re.search(r"\b(IMPORTED|ALIAS)\b", said):
                continue
            sources = said.replace('"', " ").split()
            kind = framework_of(path.parent, sources)
            configure = ["cmake", "-B", "build", "-DCMAKE_BUILD_TYPE=Release"]
            configure += _switches(top, kind)
            build = [configure, ["cmake", "--build", "build"]]
            made = _Made(f"{folder}/{name}", build, path.relative_to(root).as_posix())
            yield _program(made, _language(sources), kind)


def meson_programs(root: Path) -> Iterator[FoundProgram]:
    """The executables of meson.build."""
    build = [
        ["meson", "setup", "build", "--buildtype=release"],
        ["meson", "compile", "-C", "build"],
    ]
    text = text_of(root / "meson.build")
    for name, rest in re.findall(r"\bexecutable\s*\(\s*'([^']+)'([^)]*)", text):
        sources = re.findall(r"'([^']+)'", rest)
        made = _Made(f"build/{name}", build, "meson.build")
        yield _program(made, _language(sources), framework_of(root, sources))


def autotools_programs(root: Path) -> Iterator[FoundProgram]:
    """The `bin_PROGRAMS` of Makefile.am, beside a configure.ac."""
    if not (root / "configure.ac").is_file():
        return
    build = [["autoreconf", "-i"], ["./configure"], ["make"]]
    for path in [root / "Makefile.am", *sorted(root.glob("*/Makefile.am"))]:
        text = text_of(path)
        below = path.parent.relative_to(root)
        for words in re.findall(r"^(?:bin|noinst)_PROGRAMS\s*=[ \t]*(.*)$", text, re.M):
            for name in words.split():
                variable = re.sub(r"\W", "_", Path(name).name)
                said = re.findall(rf"^\w*{variable}_SOURCES\s*=[ \t]*(.*)$", text, re.M)
                sources = " ".join(said).split()
                where = path.relative_to(root).as_posix()
                made = _Made((below / name).as_posix(), build, where)
                yield _program(made, _language(sources), framework_of(path.parent, sources))


def make_programs(root: Path) -> Iterator[FoundProgram]:
    """The rules of a Makefile that link a program: one with a recipe, that is made of sources."""
    for name in ("GNUmakefile", "makefile", "Makefile"):
        if text := text_of(root / name):
            break
    else:
        return
    values = dict(re.findall(r"^([\w.-]+)\s*[:?]{0,2}=[ \t]*(.*)$", text, re.M))
    for match in _RULE.finditer(text):
        made, needed, recipe = (_filled(part, values) for part in match.groups())
        program = made.strip()
        sources = [word for word in needed.split() if Path(word).suffix in _MADE_OF]
        compiles = re.search(r"\$\((CC|CXX|FC)\)|\b(cc|gcc|g\+\+|clang(\+\+)?|gfortran)\b", recipe)
        if (
            re.fullmatch(r"[\w./-]+", program)
            and Path(program).suffix not in _NO_PROGRAM
            and compiles
            and (sources or re.search(r"\s-o\b", recipe))
            and not re.search(r"\s(-c|-shared)\b", recipe)
        ):
            adapter = _language([*sources, _linked_by(recipe)])
            linked = _Made(program, ["make", "-s", program], name)
            yield _program(linked, adapter, framework_of(root, needed.split()))


def go_programs(root: Path) -> Iterator[FoundProgram]:
    """The main packages of a Go module: its own folder, and those below cmd/."""
    module = re.search(r"^module\s+(\S+)", text_of(root / "go.mod"), re.M)
    if module is None:
        return
    for folder in [root, *sorted(path for path in root.glob("cmd/*") if path.is_dir())]:
        texts = (text_of(path) for path in sorted(folder.glob("*.go")))
        if any(re.search(r"^package main\b", text, re.M) for text in texts):
            own = folder == root
            name = as_name(module[1].rsplit("/", 1)[-1] if own else folder.name)
            package = "." if own else f"./cmd/{folder.name}"
            build = ["go", "build", "-o", f"build/{name}", package]
            yield _program(_Made(f"build/{name}", build, "go.mod"), "go")


_RULE = re.compile(
    r"^([^\s:#=][^:#=\n]*?)[ \t]*::?(?!=)[ \t]*([^\n]*)\n((?:\t[^\n]*\n?)+)", re.MULTILINE
)
"""Of a Makefile: what is made, what of, and the recipe."""

_FINDERS = (
    cargo_programs,
    cmake_programs,
    meson_programs,
    autotools_programs,
    make_programs,
    go_programs,
)

_OF_OTHERS = {"build", "_deps", "third_party", "thirdparty", "external", "extern", "vendor"}
_MADE_OF = {*SUFFIXES, ".o", ".a"}
_NO_PROGRAM = {".o", ".a", ".so", ".d", ".h", ".txt", ".pdf", ".html"}


class _Crate(msgspec.Struct, frozen=True):
    name: str = ""


class _Workspace(msgspec.Struct, frozen=True):
    members: tuple[str, ...] = ()


class _Manifest(msgspec.Struct, frozen=True):
    """What is wanted of a Cargo.toml."""

    package: _Crate = _Crate()
    workspace: _Workspace = _Workspace()
    bin: tuple[_Crate, ...] = ()
    bench: tuple[_Crate, ...] = ()
    dev: Mapping[str, Any] = msgspec.field(name="dev-dependencies", default_factory=dict)


def _cargo(folder: Path) -> _Manifest:
    """The manifest of a folder; an empty one where there is none, or none that makes sense."""
    try:
        return msgspec.convert(read_toml(folder / "Cargo.toml"), _Manifest)
    except (ConfigError, msgspec.ValidationError):
        return _Manifest()


@dataclass(frozen=True, slots=True)
class _Made:
    """A program that a build file makes."""

    program: str
    build: Sequence[object]
    file: str


def _program(made: _Made, adapter: str, kind: str = "") -> FoundProgram:
    """A target of it; of a suite of the kind `kind` one whose benchmarks are cases."""
    options = {"build": made.build, "program": made.program}
    reason = f"{made.file} makes {made.program}."
    stem = Path(made.program).stem
    if kind:
        reason = f"{reason[:-1]}, with benchmarks of {kind}: each is a case."
        return FoundProgram(stem, SUITE, {"kind": kind, **options}, reason)
    return FoundProgram(stem, adapter, options, reason)


def _crates(root: Path) -> list[Path]:
    """The folder of a package and those of its workspace's members."""
    members = [m for m in _cargo(root).workspace.members if not m.startswith("/")]
    return [root, *(folder for member in members for folder in sorted(root.glob(member)))]


def _below(root: Path) -> list[Path]:
    """The folders with a CMakeLists.txt, without what others wrote."""
    found = [*root.glob("*/CMakeLists.txt"), *root.glob("*/*/CMakeLists.txt")]
    folders = {path.parent for path in found}
    return sorted(f for f in folders if not _OF_OTHERS & {*f.relative_to(root).parts})


def _cmake_output(top: str) -> str:
    """Where CMake is told to put all programs, from the root; empty where it is not told."""
    found = re.search(
        r"(?i)^\s*set\s*\(\s*CMAKE_RUNTIME_OUTPUT_DIRECTORY\s+\"?"
        r"\$\{(?:CMAKE|PROJECT)_BINARY_DIR\}([\w./-]*)",
        top,
        re.MULTILINE,
    )
    return f"build{found[1]}".rstrip("/") if found else ""


def _switches(top: str, kind: str) -> list[str]:
    """What CMake is told to make a suite, where that is an option which is off."""
    wanted = {"google-benchmark": r"BENCH", "catch2": r"BENCH|TEST"}.get(kind)
    off = re.findall(r"(?i)\boption\s*\(\s*(\w+)(?:\s+\"[^\"]*\")?(?:\s+OFF)?\s*\)", top)
    return [f"-D{name}=ON" for name in off if wanted and re.search(wanted, name.upper())]


def _language(sources: Sequence[str]) -> str:
    """The adapter of the first source that is in a compiled language; `command` where none is."""
    found = [SUFFIXES[s] for s in (Path(word).suffix for word in sources) if s in SUFFIXES]
    return "cpp" if "cpp" in found else found[0] if found else "command"


def _linked_by(recipe: str) -> str:
    """A source as the compiler that a recipe calls takes it: objects do not say their language."""
    if "CXX" in recipe or "++" in recipe:
        return "x.cc"
    return "x.f90" if re.search(r"\$\(FC\)|gfortran", recipe) else "x.c"


def _filled(text: str, values: Mapping[str, str]) -> str:
    """A part of a Makefile with the variables that it sets filled in; `CC` and the like stay."""
    for _ in range(_MOST_GOING_IN):
        filled = re.sub(
            r"\$[({]([\w.-]+)[)}]",
            lambda m: m[0] if m[1] in ("CC", "CXX", "FC") else values.get(m[1], m[0]),
            text,
        )
        if filled == text or len(filled) > 100_000:
            break
        text = filled
    return text


def _is_a_test(name: str) -> bool:
    return re.search(r"(^|[_-])tests?([_-]|$)", name) is not None
