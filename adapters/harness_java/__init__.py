"""The Java adapter: compiles with javac, runs with the java beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.adapterkit import (
    Compilation,
    CompiledLanguage,
    CompilerOptions,
    LanguageTool,
    identity_of,
)
from harness.errors import ToolchainMissing, UsageError
from harness.hookspecs import Runner, hookimpl
from harness.model import (
    Build,
    Case,
    PathKind,
    Profile,
    ProfilePlan,
    Target,
    Toolchain,
    digest_of,
    path_option,
)
from harness_java.recorded import record_profile

HERE = Path(__file__).parent / "java"
DRIVER = HERE / "HarnessSteady.java"
PHASES = HERE / "Phases.java"
CLASSES = "classes"


@dataclass(frozen=True, slots=True)
class Options(CompilerOptions):
    """The options of a Java target."""

    java_flags: tuple[str, ...] = ()
    """What the virtual machine is told, such as `-Xmx1g`."""
    main: str | None = None
    """The class whose `main` is the program; None: the one that the first source is named after."""
    class_path: tuple[str, ...] = path_option(PathKind.CODE, ())
    """Folders and archives of further classes, relative to the target's root."""


class Java(CompiledLanguage):
    """Java; `flags` are those of javac."""

    tool = LanguageTool(
        adapter="java",
        language="Java",
        names=("javac",),
        option="compiler",
        install="Debian: apt-get install default-jdk-headless",
        version=("-version",),
    )
    options = Options
    symbols = ()
    empty = HERE / "Empty.java"
    steady = True

    @hookimpl
    def harness_probe(self, runner: Runner, target: Target | None) -> Toolchain:
        """The compiler, and the virtual machine beside it, which runs what was compiled."""
        chain = super().harness_probe(runner=runner, target=target)
        machine = chain.program.with_name("java")
        said = runner.tool([str(machine), "-version"], timeout_s=60)
        words = said.stderr.strip() or said.stdout.strip()
        if not said.ok or not words:
            raise ToolchainMissing(
                f"{machine} -version ended with {said.exit_code}: {words[-500:]}",
                hint=self.tool.install,
            )
        line = words.splitlines()[0]
        fingerprint = digest_of([chain.fingerprint, words, *identity_of(machine)])
        return replace(chain, version=f"{chain.version}; {line}", fingerprint=fingerprint)

    def compile(self, work: Compilation) -> None:
        """Compile the sources, with the driver and the markers where they are wanted."""
        ours = [DRIVER] if work.target.steady else []
        ours += [PHASES] if self._marked(work) else []
        path = self._class_path(work.target, work.options, work.folder)
        start = (work.toolchain.program, "-g", "-d", CLASSES, "-cp", path)
        work.call(*start, *work.options.flags, *work.target.sources, *ours)

    def products(self, work: Compilation) -> Sequence[Path]:
        """All classes."""
        return sorted((work.folder / CLASSES).rglob("*.class"))

    def program(self, target: Target, toolchain: Toolchain, folder: Path) -> Path:
        """The virtual machine that came with the compiler."""
        return toolchain.program.with_name("java")

    def start(self, build: Build) -> tuple[str, ...]:
        """The machine with the classes, and the class to start; the driver before it."""
        target, options = build.target, self._options(build.target)
        path = self._class_path(target, options, build.workdir)
        main = options.main or target.sources[0].stem
        # The driver takes its own variable out of what the program's children are given.
        opened = ("--add-opens=java.base/java.lang=ALL-UNNAMED",) if target.steady else ()
        driver = ("HarnessSteady", target.entry or "main") if target.steady else ()
        return (str(build.program), *options.java_flags, *opened, "-cp", path, *driver, main)

    def files_read(self, work: Compilation) -> Iterable[Path]:
        """Sources and neighbours, what the class path names, and what we add."""
        read = list(super().files_read(work))
        for place in (work.target.root / word for word in work.options.class_path):
            below = place.rglob("*") if place.is_dir() else [place]
            read += sorted(path for path in below if path.is_file())
        ours = [DRIVER] if work.target.steady else []
        return [*read, *ours, *([PHASES] if self._marked(work) else [])]

    def empty_target(self, target: Target, source: Path) -> Target:
        """The empty class, without the name of the target's own."""
        options = {name: value for name, value in target.options.items() if name != "main"}
        return replace(super().empty_target(target, source), options=options)

    @hookimpl
    def harness_profile(
        self, build: Build, case: Case, plan: ProfilePlan, runner: Runner
    ) -> Profile:
        """Samples by the machine's own flight recorder."""
        if plan.memory or plan.tool not in (None, "jfr"):
            raise UsageError(
                "the java adapter profiles time, with jfr",
                hint="Leave --with and --memory out; `jdk.ObjectAllocationSample` of a recording"
                " shows allocations.",
            )
        plain = replace(build, target=replace(build.target, steady=False))
        return record_profile(self.command(plain, case), plain, plan, runner)

    def _class_path(self, target: Target, options: Options, folder: Path) -> str:
        places = [folder / CLASSES, *(target.root / place for place in options.class_path)]
        return ":".join(map(str, places))

    def _marked(self, work: Compilation) -> bool:
        texts = (source.read_bytes() for source in work.target.sources)
        return any(b"harness.Phases" in text for text in texts)


adapter = Java()
"""The plugin."""
