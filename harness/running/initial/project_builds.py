"""Programs that a build system makes, read from its files; nothing is executed to find them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import ConfigError
from harness.project.config_text import read_text, read_toml
from harness.project.config_words import as_name
from harness.running.guessing import SUFFIXES
from harness.running.initial.found_program import FoundProgram

_MOST_GOING_IN = 50
"""How many variables of a Makefile are filled in within one another: a circle ends there."""


def text_of(path: Path) -> str:
    """A file's text; empty where there is none, or none in UTF-8."""
    try:
        return read_text(path)
    except (OSError, ValueError):
        return ""


def built_programs(root: Path) -> Iterator[FoundProgram]:
    """Everything that the build files of a project's own folder say they make."""
    for finder in _FINDERS:
        if found := list(finder(root)):
            yield from found
            return  # a Makefile beside a CMakeLists.txt most often calls it


def cargo_programs(root: Path) -> Iterator[FoundProgram]:
    """The binaries of a package, or of each member of a workspace."""
    members = [m for m in _cargo(root).workspace.members if not m.startswith("/")]
    folders = [root, *(folder for member in members for folder in sorted(root.glob(member)))]
    for folder in folders:
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
            yield _built(binary, "rust", build, f"target/release/{binary}", "Cargo.toml")


def criterion_benches(root: Path) -> list[str]:
    """The benches that a crate declares, where criterion is what it develops with."""
    manifest = _cargo(root)
    return [b.name for b in manifest.bench if b.name] if "criterion" in manifest.dev else []


def cmake_programs(root: Path) -> Iterator[FoundProgram]:
    """The executables of the top CMakeLists.txt and of those one folder below."""
    build = [
        ["cmake", "-B", "build", "-DCMAKE_BUILD_TYPE=Release"],
        ["cmake", "--build", "build"],
    ]
    if not (root / "CMakeLists.txt").is_file():
        return
    for path in [root / "CMakeLists.txt", *sorted(root.glob("*/CMakeLists.txt"))]:
        below = path.parent.relative_to(root).as_posix()
        prefix = "build" if below == "." else f"build/{below}"
        named = re.finditer(r"^\s*add_executable\s*\(\s*([\w.-]+)([^)]*)", text_of(path), re.M)
        for name, sources in (match.groups() for match in named):
            if not re.search(r"\b(IMPORTED|ALIAS)\b", sources) and not _is_a_test(name):
                adapter = _language(sources.split())
                where = path.relative_to(root).as_posix()
                yield _built(name, adapter, build, f"{prefix}/{name}", where)


def meson_programs(root: Path) -> Iterator[FoundProgram]:
    """The executables of meson.build."""
    build = [
        ["meson", "setup", "build", "--buildtype=release"],
        ["meson", "compile", "-C", "build"],
    ]
    text = text_of(root / "meson.build")
    for name, rest in re.findall(r"\bexecutable\s*\(\s*'([^']+)'([^)]*)", text):
        if not _is_a_test(name):
            adapter = _language(re.findall(r"'([^']+)'", rest))
            yield _built(name, adapter, build, f"build/{name}", "meson.build")


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
                sources = re.findall(rf"^\w*{variable}_SOURCES\s*=[ \t]*(.*)$", text, re.M)
                adapter = _language(" ".join(sources).split())
                where = path.relative_to(root).as_posix()
                yield _built(name, adapter, build, (below / name).as_posix(), where)


def make_programs(root: Path) -> Iterator[FoundProgram]:
    """The rules of a Makefile that link a program: one with a recipe, that is made of sources."""
    for name in ("GNUmakefile", "makefile", "Makefile"):
        if text := text_of(root / name):
            break
    else:
        return
    values = dict(re.findall(r"^([\w.-]+)\s*[:?]{0,2}=[ \t]*(.*)$", text, re.M))
    rule = re.compile(
        r"^([^\s:#=][^:#=\n]*?)[ \t]*::?(?!=)[ \t]*([^\n]*)\n((?:\t[^\n]*\n?)+)", re.M
    )
    for match in rule.finditer(text):
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
            and not _is_a_test(Path(program).name)
        ):
            adapter = _language([*sources, _linked_by(recipe)])
            yield _built(Path(program).name, adapter, ["make", "-s", program], program, name)


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
            yield _built(name, "go", build, f"build/{name}", "go.mod")


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


def _built(
    name: str, adapter: str, build: Sequence[object], program: str, file: str
) -> FoundProgram:
    return FoundProgram(
        stem=Path(name).stem,
        adapter=adapter,
        options={"build": build, "program": program},
        reason=f"{file} makes {program}.",
    )


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
