"""The JavaScript adapter: runs sources with Node.js, and profiles them by its sampling profiler."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from harness.adapterkit import InterpretedLanguage, LanguageTool
from harness.errors import ConfigError, TrialFailed, UsageError
from harness.hookspecs import Runner, hookimpl
from harness.model import Build, Case, Command, Profile, ProfilePlan, Target, Toolchain, TrialPlan
from harness_javascript.sampled import read_profile

HERE = Path(__file__).parent


class JavaScript(InterpretedLanguage):
    """JavaScript under Node.js, CommonJS and modules."""

    tool = LanguageTool(
        adapter="javascript",
        language="JavaScript",
        names=("node", "nodejs"),
        option="interpreter",
        install="Debian: apt-get install nodejs",
    )
    check = ("--check",)
    driver = HERE / "driver.js"
    empty = (HERE / "empty.js").read_text(encoding="utf-8")
    suffix = ".js"
    module_suffixes = frozenset({".js", ".mjs", ".cjs", ".json"})

    def environment(self, target: Target, folder: Path) -> Mapping[str, str]:
        """Where `require` finds the markers, behind all else."""
        return {"NODE_PATH": str(HERE / "markers")}

    @hookimpl
    def harness_build(
        self, target: Target, toolchain: Toolchain, workdir: Path, runner: Runner
    ) -> Build:
        """Check the syntax."""
        module = target.sources and target.sources[0].suffix == ".mjs"
        if target.steady and module and not target.entry:
            raise ConfigError(
                f"targets.{target.name}: the top level of a module runs once in a process",
                hint='Export the function that does the work, and name it: entry = "main".',
            )
        return super().harness_build(target, toolchain, workdir, runner)

    @hookimpl
    def harness_profile(
        self, build: Build, case: Case, plan: ProfilePlan, runner: Runner
    ) -> Profile:
        """Samples by `node --cpu-prof`."""
        if plan.memory or plan.tool not in (None, "cpu-prof"):
            raise UsageError(
                f"--with {plan.tool}: the javascript adapter profiles with cpu-prof"
                if not plan.memory
                else "allocations are not profiled for JavaScript",
                hint="Leave it out; `node --heap-prof` shows allocations.",
            )
        folder = plan.folder or build.workdir / "profile"
        folder.mkdir(exist_ok=True)
        command = self.command(build, case)
        with tempfile.TemporaryDirectory(prefix="cpu-prof-", dir=folder) as place:
            flags = ("--cpu-prof", f"--cpu-prof-dir={place}", "--cpu-prof-interval=200")
            profiled = Command(
                (command.argv[0], *flags, *command.argv[1:]), command.env, build.target
            )
            plain = TrialPlan(timeout_ns=plan.timeout_ns, phases=False)
            trial = runner.trial(profiled, plain)
            files = sorted(Path(place).glob("*.cpuprofile"))
            if not files:
                raise TrialFailed(
                    f"node left no profile of target {build.target.name!r}: {trial.message}",
                    hint="A program that is killed, or calls process.reallyExit, leaves none.",
                )
            text = files[0].read_text(encoding="utf-8")
        kept = folder / "profile.cpuprofile"
        kept.write_text(text, encoding="utf-8")
        return read_profile(text, plan, trial, kept)


adapter = JavaScript()
"""The plugin."""
