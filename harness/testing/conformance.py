"""The suite that every adapter passes: subclass it, give it five small programs, run pytest."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from harness.errors import BuildFailed, ConfigError, ToolchainMissing, TrialFailed
from harness.model import (
    Build,
    Target,
    Toolchain,
    TrialPlan,
    TrialStatus,
)
from harness.plugins import Adapter, Adapters
from harness.running import check_outputs
from harness.system.process.opening import CoreRunner, open_runner
from harness.testing.building import BuildingChecks
from harness.testing.fakes import EmptyMachine, RecordingRunner
from harness.testing.makers import make_target
from harness.testing.profiled import ProfileChecks
from harness.testing.steady import SteadyChecks
from harness.testing.sums import SUM, TEN, THOUSAND, printed, values_of
from harness.testing.traces import changes_below, processes_with, snapshot


class AdapterConformance(SteadyChecks, BuildingChecks, ProfileChecks):
    """What the core takes for granted of an adapter, as tests that name what is broken.

    Subclass it in a test module, with a name that begins with `Test`, and fill in the attributes;
    override `make_target` where a target needs more than one source file. Every test runs real
    programs through the launcher, in folders of pytest's own.
    """

    adapter: ClassVar[str]
    """The adapter's name, as registered by its entry point."""
    plugin: ClassVar[object | None] = None
    """The module or object with the hooks; None: the installed adapter of that name."""
    suffix: ClassVar[str] = ""
    """That of a source file, with its dot."""
    options: ClassVar[Mapping[str, Any]] = {}
    """What every target here says to its adapter."""
    option: ClassVar[str | None] = None
    """One option of the adapter; the suite misspells it."""
    steady: ClassVar[bool] = False
    """The adapter has a steady driver. One that has none must say so with a ConfigError."""
    gets_faster: ClassVar[bool] = False
    """A compiler works while programs run: repeated work gets faster."""
    changes: ClassVar[Sequence[tuple[str, Any]]] = ()
    """Options of the adapter by name, each with a value that no target of the suite has: each makes
    another build. Required where there is an `option`."""
    extra: ClassVar[tuple[str, str]] = ("", "\n")
    """Two contents of a second source that stands beside `program` and changes nothing."""
    program: ClassVar[str]
    """Source: prints the sum of the whole numbers from 1 to its first argument, and a newline."""
    wrong: ClassVar[str]
    """Source: prints another number, and ends well."""
    failing: ClassVar[str]
    """Source: ends with exit code 3."""
    hanging: ClassVar[str]
    """Source: goes on for more than a minute."""
    broken: ClassVar[str | None]
    """Source: refused by the toolchain. None: this adapter's programs are not built."""
    broken_says: ClassVar[str] = ""
    """Some of the toolchain's own words about `broken`."""
    reading: ClassVar[str | None] = None
    """Source: prints the sum of the whole numbers on standard input, one per line, and a newline.
    Required where there is a steady driver."""
    marked: ClassVar[str | None] = None
    """Source: `program` with its work in a phase `sum`. None, or with a steady driver the empty
    string: this language has no marker."""
    threaded: ClassVar[str | None] = None
    """Source: `program` whose work is done by two threads at once, each in a phase `sum`. None: the
    language has no threads, or no marker."""

    # -- what a subclass may change ---------------------------------------------------------------

    @classmethod
    def make_target(cls, folder: Path, source: str, **changes: Any) -> Target:
        """A target made of one source, `sum<suffix>` in `folder`, that is called with `n`."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"sum{cls.suffix}"
        path.write_text(source, encoding="utf-8")
        path.chmod(0o755)
        fields: dict[str, Any] = {
            "adapter": cls.adapter,
            "sources": (path,),
            "args": ("{n}",),
            "options": dict(cls.options),
        }
        return make_target(folder, **{**fields, **changes})

    # -- fixtures ---------------------------------------------------------------------------------

    @pytest.fixture(scope="class")
    @classmethod
    def hooks(cls) -> Adapter:
        """The adapter behind its typed facade; fails where a hook is misspelt or missing."""
        if cls.plugin is None:
            return Adapters().get(cls.adapter)
        return Adapter(cls.adapter, cls.plugin)

    @pytest.fixture(scope="class")
    @classmethod
    def local(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoreRunner]:
        folder = tmp_path_factory.mktemp("runner")
        runner = open_runner(folder / "scratch", folder / "cache")
        yield runner
        runner.close()

    @pytest.fixture
    def runner(self, local: CoreRunner) -> RecordingRunner:
        return RecordingRunner(local)

    @pytest.fixture(scope="class")
    @classmethod
    def toolchain(
        cls, hooks: Adapter, local: CoreRunner, tmp_path_factory: pytest.TempPathFactory
    ) -> Toolchain:
        target = cls.make_target(tmp_path_factory.mktemp("probe"), cls.program)
        return hooks.probe(local, target)

    @pytest.fixture(scope="class")
    @classmethod
    def workdir(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """The adapter's own folder, shared by the tests as by the runs of a campaign."""
        return tmp_path_factory.mktemp("builds")

    @pytest.fixture
    def build(
        self,
        hooks: Adapter,
        toolchain: Toolchain,
        workdir: Path,
        runner: RecordingRunner,
        tmp_path: Path,
    ) -> Build:
        """The good program, built."""
        target = self.make_target(tmp_path / "source", self.program)
        return hooks.build(target, toolchain, workdir, runner)

    # -- the toolchain ----------------------------------------------------------------------------

    def test_probe_is_stable(self, hooks: Adapter, runner: RecordingRunner) -> None:
        one, two = hooks.probe(runner), hooks.probe(runner)
        assert one == two, "two probes of one machine differ: fingerprints must not hold times"

    def test_probe_describes_a_program_that_is_there(self, toolchain: Toolchain) -> None:
        assert toolchain.adapter == self.adapter
        assert toolchain.program.is_absolute()
        assert toolchain.program.is_file(), f"{toolchain.program}: no such file"
        assert toolchain.language
        assert toolchain.version
        assert toolchain.fingerprint

    def test_a_missing_toolchain_says_how_to_get_it(
        self, hooks: Adapter, toolchain: Toolchain, tmp_path: Path
    ) -> None:
        target = self.make_target(tmp_path / "source", self.program)

        def make_it_without_any_program() -> None:
            found = hooks.probe(EmptyMachine(), target)
            hooks.build(target, found, tmp_path / "builds", EmptyMachine())

        with pytest.raises(ToolchainMissing) as caught:
            make_it_without_any_program()
        assert caught.value.hint, "a hint says what to install, or what to configure"

    # -- builds -----------------------------------------------------------------------------------

    def test_an_equal_build_is_made_once(
        self, hooks: Adapter, toolchain: Toolchain, runner: RecordingRunner, tmp_path: Path
    ) -> None:
        target = self.make_target(tmp_path / "source", self.program)
        first, second = (
            hooks.build(target, toolchain, tmp_path / "builds", runner) for _ in range(2)
        )
        assert not first.cached
        assert second == replace(first, cached=True), "the same build, but for `cached`"

    def test_a_damaged_cache_is_made_again(
        self, hooks: Adapter, toolchain: Toolchain, runner: RecordingRunner, tmp_path: Path
    ) -> None:
        target = self.make_target(tmp_path / "source", self.program)
        first = hooks.build(target, toolchain, tmp_path / "builds", runner)
        shutil.rmtree(first.workdir)
        again = hooks.build(target, toolchain, tmp_path / "builds", runner)
        assert again.digest == first.digest
        assert printed(hooks.run(again, TEN, runner)) == "55\n"

    def test_a_changed_source_is_another_build(
        self, hooks: Adapter, toolchain: Toolchain, runner: RecordingRunner, tmp_path: Path
    ) -> None:
        folder = tmp_path / "source"
        before = hooks.build(
            self.make_target(folder, self.program), toolchain, tmp_path / "builds", runner
        )
        after = hooks.build(
            self.make_target(folder, self.wrong), toolchain, tmp_path / "builds", runner
        )
        assert after.digest != before.digest
        assert not after.cached
        assert printed(hooks.run(after, TEN, runner)) != "55\n", "an old build was executed"

    def test_every_source_counts_for_a_build(
        self, hooks: Adapter, toolchain: Toolchain, runner: RecordingRunner, tmp_path: Path
    ) -> None:
        folder = tmp_path / "source"
        target = self.make_target(folder, self.program)
        beside = folder / f"beside{self.suffix}"
        both = replace(target, sources=(*target.sources, beside))
        digests = []
        for content in self.extra:
            beside.write_text(content, encoding="utf-8")
            digests.append(hooks.build(both, toolchain, tmp_path / "builds", runner).digest)
        assert digests[0] != digests[1], "the second source changed: put every one in the digest"

    def test_every_option_counts_for_a_build(
        self, hooks: Adapter, build: Build, workdir: Path, runner: RecordingRunner
    ) -> None:
        if self.option is not None:
            assert self.changes, "say in `changes` another value of each option"
        for name, value in self.changes:
            options = {**build.target.options, name: value}
            target = replace(build.target, options=options)
            other = hooks.build(target, build.toolchain, workdir, runner)
            assert other.digest != build.digest, f"the option {name!r} is not in the digest"

    def test_another_toolchain_is_another_build(
        self, hooks: Adapter, build: Build, workdir: Path, runner: RecordingRunner
    ) -> None:
        other = replace(build.toolchain, fingerprint="f" * 64)
        assert hooks.build(build.target, other, workdir, runner).digest != build.digest

    def test_equal_sources_elsewhere_are_the_same_build(
        self, hooks: Adapter, build: Build, workdir: Path, runner: RecordingRunner, tmp_path: Path
    ) -> None:
        copy = self.make_target(tmp_path / "another checkout", self.program)
        other = hooks.build(copy, build.toolchain, workdir, runner)
        assert other.digest == build.digest, "a digest must not depend on where the sources lie"
        assert printed(hooks.run(other, TEN, runner)) == "55\n"

    def test_a_build_lives_in_a_folder_of_its_own_below_workdir(
        self, build: Build, workdir: Path
    ) -> None:
        assert build.workdir.is_dir()
        assert build.workdir != workdir
        assert build.workdir.is_relative_to(workdir)
        assert build.target.root not in build.workdir.parents

    def test_a_broken_source_gives_the_toolchains_words_every_time(
        self, hooks: Adapter, toolchain: Toolchain, runner: RecordingRunner, tmp_path: Path
    ) -> None:
        if self.broken is None:
            pytest.skip("this adapter's programs are not built")
        assert self.broken_says, "say in `broken_says` what the toolchain says of `broken`"
        target = self.make_target(tmp_path / "source", self.broken)
        for _ in range(2):
            with pytest.raises(BuildFailed) as caught:
                hooks.build(target, toolchain, tmp_path / "builds", runner)
            assert self.broken_says in caught.value.message
            assert target.name in caught.value.message

    def test_an_unknown_option_is_refused(
        self, hooks: Adapter, toolchain: Toolchain, runner: RecordingRunner, tmp_path: Path
    ) -> None:
        misspelt = f"{self.option or 'no_such_option'}x"
        options = {**self.options, misspelt: "1"}
        target = self.make_target(tmp_path / "source", self.program, options=options)
        with pytest.raises(ConfigError) as caught:
            hooks.build(target, toolchain, tmp_path / "builds", runner)
        assert misspelt in caught.value.message
        if self.option is not None:
            assert repr(self.option) in caught.value.hint, "suggest the near one: read_options does"

    # -- outputs ----------------------------------------------------------------------------------

    def test_a_run_gives_the_output_of_its_case(
        self, hooks: Adapter, build: Build, runner: RecordingRunner
    ) -> None:
        assert printed(hooks.run(build, TEN, runner)) == "55\n"
        assert printed(hooks.run(build, THOUSAND, runner)) == "500500\n"

    def test_two_runs_give_the_same_bytes(
        self, hooks: Adapter, build: Build, runner: RecordingRunner
    ) -> None:
        one, two = (hooks.run(build, TEN, runner) for _ in range(2))
        assert one.digest == two.digest

    def test_a_wrong_output_is_caught(
        self, hooks: Adapter, build: Build, workdir: Path, runner: RecordingRunner, tmp_path: Path
    ) -> None:
        target = self.make_target(tmp_path / "wrong", self.wrong)
        other = hooks.build(target, build.toolchain, workdir, runner)
        right, wrong = (values_of(hooks.run(b, TEN, runner)) for b in (build, other))
        assert check_outputs(hooks, SUM, right, right).ok
        assert not check_outputs(hooks, SUM, right, wrong).ok

    def test_a_failing_program_raises_when_run_and_reports_when_timed(
        self, hooks: Adapter, toolchain: Toolchain, runner: RecordingRunner, tmp_path: Path
    ) -> None:
        target = self.make_target(tmp_path / "source", self.failing)
        build = hooks.build(target, toolchain, tmp_path / "builds", runner)
        with pytest.raises(TrialFailed):
            hooks.run(build, TEN, runner)
        trial = hooks.time(build, TEN, TrialPlan(), runner)
        assert (trial.status, trial.exit_code) == (TrialStatus.FAILED, 3)
        assert trial.message, "a failed trial says why"

    # -- timing -----------------------------------------------------------------------------------

    def test_a_trial_is_timed_by_the_parent(
        self, hooks: Adapter, build: Build, runner: RecordingRunner
    ) -> None:
        plan = TrialPlan(pad_bytes=64, timeout_ns=60_000_000_000)
        trial = hooks.time(build, TEN, plan, runner)
        assert trial.status is TrialStatus.OK, trial.message
        assert runner.plans == [plan], "one trial, by the plan that was given"
        assert trial.wall_ns == runner.trials[0].wall_ns > 0, "the launcher's figure, unchanged"
        assert trial.cpu_ns == runner.trials[0].cpu_ns
        assert trial.output is not None
        assert printed(trial.output) == "55\n"

    def test_a_target_s_limits_and_environment_hold(
        self, hooks: Adapter, toolchain: Toolchain, workdir: Path, runner: RecordingRunner,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        target = self.make_target(tmp_path / "source", self.program, env={"SUM_WORD": "kept"})
        build = hooks.build(target, toolchain, workdir, runner)
        hooks.run(build, TEN, runner)
        hooks.time(build, TEN, TrialPlan(), runner)
        for command in runner.commands:
            assert command.target == target, "Command(argv, env, target): it carries the limits"
            assert command.env.get("SUM_WORD") == "kept"

    def test_a_timeout_leaves_no_process(
        self, hooks: Adapter, toolchain: Toolchain, runner: RecordingRunner, tmp_path: Path
    ) -> None:
        mark = f"HARNESS_CONFORMANCE={tmp_path}"
        name, _, value = mark.partition("=")
        target = self.make_target(tmp_path / "source", self.hanging, env={name: value})
        build = hooks.build(target, toolchain, tmp_path / "builds", runner)
        trial = hooks.time(build, TEN, TrialPlan(timeout_ns=400_000_000), runner)
        assert trial.status is TrialStatus.TIMED_OUT
        assert processes_with(mark) == []

    # -- manners ----------------------------------------------------------------------------------

    def test_nothing_is_written_outside_workdir(
        self,
        hooks: Adapter,
        runner: RecordingRunner,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Sources are untouched, and so are the current folder, home and their like."""
        target = self.make_target(tmp_path / "source", self.program)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            monkeypatch.setenv(name, str(elsewhere))
        before = snapshot(target.root), snapshot(elsewhere)
        build = hooks.build(target, hooks.probe(runner, target), tmp_path / "builds", runner)
        hooks.run(build, TEN, runner)
        hooks.time(build, TEN, TrialPlan(), runner)
        assert changes_below(target.root, before[0]) == []
        assert changes_below(elsewhere, before[1]) == []

    def test_paths_may_hold_spaces_and_any_letter(
        self, hooks: Adapter, toolchain: Toolchain, runner: RecordingRunner, tmp_path: Path
    ) -> None:
        odd = tmp_path / "ein Ordner (für 'alles' & $HOME)"
        target = self.make_target(odd / "source", self.program)
        build = hooks.build(target, toolchain, odd / "builds", runner)
        assert printed(hooks.run(build, TEN, runner)) == "55\n"
        assert hooks.time(build, TEN, TrialPlan(), runner).ok
