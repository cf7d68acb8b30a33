"""Compiles and links a C target outside its source tree, once for every distinct input."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import BuildFailed, ConfigError
from harness.hookspecs import Runner
from harness.model import Build, Target, Toolchain, digest_of
from harness_c.layouts import LAYOUTS, order_of, padding_source, program_in
from harness_c.options import Options
from harness_c.packages import Packages, find_packages
from harness_c.reading import assembled_files, make_words

HERE = Path(__file__).parent
DRIVER = HERE / "driver.c"
INCLUDE = HERE / "include"
RECORD = "build.json"
HEADER_SUFFIXES = {".h", ".hpp", ".hh", ".inc"}
OBJECT_SUFFIXES = {".o", ".a", ".so"}
ASSEMBLED = re.compile(r"Error: file not found: (.+)")
"""What the assembler says of an `.incbin` that it does not find."""
CPU_FACTS = re.compile(r"^(model name|flags|Features|CPU part)\s*:.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a build is made from."""

    target: Target
    toolchain: Toolchain
    options: Options
    compiled: tuple[Path, ...]
    linked: tuple[Path, ...]
    packages: Packages = field(default_factory=Packages)

    @classmethod
    def of(cls, target: Target, toolchain: Toolchain, runner: Runner) -> Recipe:
        """The recipe of a target; raises what its options and packages raise."""
        options = Options.of(target)
        compiled = [s for s in target.sources if s.suffix not in HEADER_SUFFIXES | OBJECT_SUFFIXES]
        linked = [s for s in target.sources if s.suffix in OBJECT_SUFFIXES]
        if not compiled and not linked:
            raise ConfigError(f"targets.{target.name}.sources: only headers, nothing to compile")
        packages = find_packages(options.pkg_config, target, runner)
        return cls(target, toolchain, options, tuple(compiled), tuple(linked), packages)

    @property
    def compile_command(self) -> tuple[str, ...]:
        words = self.options.compile_arguments(self.target)
        start = (str(self.toolchain.program), f"-I{INCLUDE}")
        return (*start, *words, *self.packages.compile)

    @property
    def entry(self) -> str:
        """The function that the steady driver calls, as the linker knows it."""
        name = self.target.entry or "main"
        return "__real_main" if name == "main" else name

    @property
    def program_name(self) -> str:
        return (self.compiled or self.linked)[0].stem


def build(recipe: Recipe, workdir: Path, runner: Runner) -> Build:
    """The recipe's build, made now unless `workdir` has it; raises BuildFailed."""
    digest = _digest(recipe, runner)
    folder = workdir / digest
    program = folder / recipe.program_name
    record = _read_record(folder, digest)
    cached = record is not None
    if record is None:
        record = _make(recipe, folder, runner)
    return Build(
        target=recipe.target,
        toolchain=recipe.toolchain,
        digest=digest,
        workdir=folder,
        program=program,
        build_ns=int(str(record["build_ns"])),
        cached=cached,
        log=str(record["log"]),
    )


def _digest(recipe: Recipe, runner: Runner) -> str:
    """SHA-256 over flags, compiler, and the bytes of every file that the compiler will read.

    The compiler itself names the headers (`-M`), those of the system too: a library upgraded below
    /usr/include is another build. What the assembler reads is looked for, and what nobody lists the
    target names in `build_inputs`. Paths are left out, those of shared libraries excepted: the same
    sources in another checkout are the same build.
    """
    read = _files_read(recipe, runner)
    folders = recipe.options.assembler_folders(recipe.target)
    files = [*read, *assembled_files(read, folders, recipe.target), *recipe.linked]
    files += recipe.options.library_files(recipe.target)
    files += recipe.options.named_files(recipe.target)
    found_when_run = [str(path) for path in files if path.suffix == ".so"]
    if recipe.target.steady:
        files.append(DRIVER)
    options = recipe.options
    words = [
        "c-build-1",
        recipe.toolchain.fingerprint,
        _placeless(repr((options.std, options.flags, options.include_dirs)), recipe.target),
        _placeless(
            repr((options.link_flags, options.library_dirs, options.libraries)), recipe.target
        ),
        *([repr(recipe.packages)] if options.pkg_config else []),
        *([recipe.target.build_inputs_digest] if recipe.target.build_inputs else []),
        recipe.entry if recipe.target.steady else "cold",
        recipe.program_name,
        repr((found_when_run, options.vary_link_order)),
    ]
    if any("native" in flag for flag in options.flags):
        words.append(_cpu())
    return digest_of([*words, *(_bytes_of(path, recipe.target) for path in files)])


def _placeless(words: str, target: Target) -> str:
    """Words without the place of the target's own tree."""
    places = [target.root, *([target.private_copy[1]] if target.private_copy else [])]
    for place in sorted(map(str, places), key=len, reverse=True):
        words = words.replace(f"{place}/", "")
    return words


def _files_read(recipe: Recipe, runner: Runner) -> list[Path]:
    """The sources and the headers that they include, in the preprocessor's order."""
    if not recipe.compiled:
        return []
    for source in recipe.compiled:
        _bytes_of(source, recipe.target)
    sources = [str(source) for source in recipe.compiled]
    said = runner.tool([*recipe.compile_command, "-M", *sources])
    if not said.ok:
        raise _failed(recipe.target, said.stderr)
    rules = said.stdout.replace("\\\n", " ").splitlines()
    words = [word for rule in rules for word in make_words(rule.partition(": ")[2])]
    return [Path(word) for word in words]


def _bytes_of(path: Path, target: Target) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise ConfigError(
            f"targets.{target.name}: cannot read {path}: {problem.strerror}",
            hint="Check `sources`; paths are relative to the folder of harness.toml.",
        ) from None


def _cpu() -> str:
    """What `-march=native` depends on."""
    try:
        facts = CPU_FACTS.findall(Path("/proc/cpuinfo").read_text(errors="replace"))
    except OSError:
        return "unknown"
    return repr(sorted(set(facts)))


def _make(recipe: Recipe, folder: Path, runner: Runner) -> dict[str, object]:
    """Build in a private folder and move it into place: another process sees all or nothing."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    private = Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
    try:
        record = _compile_and_link(recipe, private, runner)
        record["digest"] = folder.name
        record["programs"] = {
            str(path.relative_to(private)): digest_of([path.read_bytes()])
            for path in _programs(recipe, private)
        }
        (private / RECORD).write_text(json.dumps(record))
        try:
            private.replace(folder)
        except OSError:
            if _read_record(folder, folder.name) is None:
                shutil.rmtree(folder, ignore_errors=True)  # half of something: ours is whole
                private.replace(folder)
    finally:
        shutil.rmtree(private, ignore_errors=True)
    return record


def _compile_and_link(recipe: Recipe, folder: Path, runner: Runner) -> dict[str, object]:
    total_ns = 0
    log: list[str] = []

    def call(*words: str) -> None:
        nonlocal total_ns
        said = runner.tool(words, cwd=folder)
        total_ns += said.wall_ns
        if said.stderr.strip():
            log.append(said.stderr.rstrip())
        if not said.ok:
            raise _failed(recipe.target, said.stderr or said.stdout)

    command = recipe.compile_command
    objects = [f"{n}-{source.stem}.o" for n, source in enumerate(recipe.compiled)]
    for source, name in zip(recipe.compiled, objects, strict=True):
        call(*command, "-c", str(source), "-o", name)
    wrap: tuple[str, ...] = ()
    if recipe.target.steady:
        entry = f"-DHARNESS_ENTRY={recipe.entry}"
        call(command[0], "-O2", entry, "-c", str(DRIVER), "-o", "steady.o")
        objects.append("steady.o")
        wrap = ("-Wl,--wrap=main",)
    link = (command[0], *recipe.options.link_start(recipe.target))
    told = recipe.options.link_arguments(recipe.target)
    rest = (*map(str, recipe.linked), *wrap, *recipe.packages.link, *told)
    call(*link, *objects, *rest, "-o", recipe.program_name)
    if recipe.options.vary_link_order:
        for layout in range(1, LAYOUTS):
            program = program_in(folder / recipe.program_name, layout)
            program.parent.mkdir()
            padding = program.parent / "padding.c"
            padding.write_text(padding_source(layout))
            call(*link, str(padding), *order_of(objects, layout), *rest, "-o", str(program))
    for name in objects:
        (folder / name).unlink()
    return {"build_ns": total_ns, "log": "\n".join(log)}


def _programs(recipe: Recipe, folder: Path) -> list[Path]:
    """Everything in a build's folder that may be executed: the program in each of its layouts."""
    program = folder / recipe.program_name
    layouts = range(1, LAYOUTS) if recipe.options.vary_link_order else ()
    return [program, *(program_in(program, layout) for layout in layouts)]


def _read_record(folder: Path, digest: str) -> dict[str, object] | None:
    """The record of a finished build; None where there is none, or it is another now.

    Builds are kept from run to run: one that stands for other sources, or that has a program which
    somebody has changed since, must not be measured.
    """
    try:
        record = json.loads((folder / RECORD).read_text())
        programs = record["programs"]
        found = {name: digest_of([(folder / name).read_bytes()]) for name in programs}
        whole = {"build_ns", "log"} <= record.keys() and int(record["build_ns"]) >= 0
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return record if whole and record.get("digest") == digest and found == programs else None


def _failed(target: Target, words: str) -> BuildFailed:
    hint = "Fix the sources, or the target's flags, include_dirs and libraries."
    if missing := ASSEMBLED.search(words):
        hint = (
            f"The assembler looks for {missing[1].strip()} in include_dirs, not beside the source:"
            ' include_dirs = ["."] finds what lies beside harness.toml.'
        )
    return BuildFailed(
        f"the C compiler refused target {target.name!r}:\n{words.strip()}", hint=hint
    )
