"""The part of the suite that is about builds under bad conditions: together, stopped, very loud."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from harness.errors import BuildFailed, ConfigError
from harness.hookspecs import Runner
from harness.model import Build, Completed, PathKind, Target, Toolchain
from harness.plugins import Adapter
from harness.testing.fakes import RecordingRunner
from harness.testing.sums import TEN, printed
from harness.testing.traces import changes_below, snapshot

LOUD = "sum: note: this line says nothing\n" * (10 * 2**20 // 34)
"""10 MB of a compiler's words."""
MEETING_S = 2.0
"""How long a build waits for the other one to come as far."""
OWN_PROGRAM = '#!/bin/sh\nn="$1"\necho $((n * (n + 1) / 2))\n'
"""What a user's own build may make, on any machine."""


class ChangedTools(RecordingRunner):
    """A real Runner whose calls of tools go through `around`, which is handed the real call."""

    def __init__(self, runner: Runner, around: Callable[[Callable[[], Completed]], Completed]):
        super().__init__(runner)
        self._around = around

    def tool(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 600.0,
    ) -> Completed:
        """Call a tool, as `around` wants it."""
        plain = super().tool
        return self._around(lambda: plain(argv, cwd=cwd, env=env, timeout_s=timeout_s))


def stopped_after(calls: int, folder: Path) -> Callable[[Callable[[], Completed]], Completed]:
    """Ctrl-C while a tool is called for the `calls`th time: what it was writing is half there."""
    left = calls

    def around(call: Callable[[], Completed]) -> Completed:
        nonlocal left
        left -= 1
        before = snapshot(folder)
        said = call()
        if left == 0:
            for name in changes_below(folder, before):
                path = folder / name
                # Python writes its own cache by a rename: no half of it is ever there.
                if path.is_file() and path.suffix != ".pyc":
                    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
            raise KeyboardInterrupt
        return said

    return around


class BuildingChecks:
    """Checks of `AdapterConformance`, which says what the attributes are."""

    program: ClassVar[str]
    broken: ClassVar[str | None]
    broken_says: ClassVar[str]
    options: ClassVar[Mapping[str, Any]]

    @classmethod
    def make_target(cls, folder: Path, source: str, **changes: Any) -> Target:
        """A target made of one source."""
        raise NotImplementedError

    def test_two_builds_at_once_make_one(
        self, hooks: Adapter, toolchain: Toolchain, runner: RecordingRunner, tmp_path: Path
    ) -> None:
        """Both come as far as their first call of the compiler before either goes on."""
        target = self.make_target(tmp_path / "source", self.program)
        meeting = threading.Barrier(2)

        def around(call: Callable[[], Completed]) -> Completed:
            with contextlib.suppress(threading.BrokenBarrierError):
                meeting.wait(MEETING_S)
            return call()

        def build(_: int) -> Build:
            one = ChangedTools(runner, around)
            return hooks.build(target, toolchain, tmp_path / "builds", one)

        with ThreadPoolExecutor(2) as pool:
            one, two = pool.map(build, range(2))
        assert one.digest == two.digest
        for made in (one, two):
            assert printed(hooks.run(made, TEN, runner)) == "55\n", "one build spoilt the other"

    def test_a_stopped_build_leaves_nothing_half(
        self, hooks: Adapter, toolchain: Toolchain, runner: RecordingRunner, tmp_path: Path
    ) -> None:
        target = self.make_target(tmp_path / "source", self.program)
        counted = RecordingRunner(runner)
        whole = hooks.build(target, toolchain, tmp_path / "whole", counted)
        calls = len(counted.tool_calls)
        if not calls:
            pytest.skip("this adapter calls no tool to build")
        for call in sorted({1, calls}):
            builds = tmp_path / f"stopped at {call}"
            builds.mkdir()
            stopped = ChangedTools(runner, stopped_after(call, builds))
            with pytest.raises(KeyboardInterrupt):
                hooks.build(target, toolchain, builds, stopped)
            again = hooks.build(target, toolchain, builds, runner)
            assert again.digest == whole.digest
            said = "half of a build was taken for a whole one: make it in a private folder, by keep"
            assert not again.cached, said
            assert printed(hooks.run(again, TEN, runner)) == "55\n", said

    def test_a_compiler_may_print_ten_megabytes(
        self, hooks: Adapter, toolchain: Toolchain, runner: RecordingRunner, tmp_path: Path
    ) -> None:
        def around(call: Callable[[], Completed]) -> Completed:
            said = call()
            return replace(said, stderr=f"{said.stderr}{LOUD}")

        loud = ChangedTools(runner, around)
        target = self.make_target(tmp_path / "source", self.program)
        build = hooks.build(target, toolchain, tmp_path / "builds", loud)
        said = "warnings are no failure: go by the exit code of the compiler"
        assert printed(hooks.run(build, TEN, runner)) == "55\n", said
        if self.broken is not None:
            target = self.make_target(tmp_path / "broken", self.broken)
            with pytest.raises(BuildFailed) as caught:
                hooks.build(target, toolchain, tmp_path / "builds", loud)
            assert self.broken_says in caught.value.message

    def test_a_program_of_the_user_s_own_build_is_executed_as_it_is(
        self, hooks: Adapter, toolchain: Toolchain, runner: RecordingRunner, tmp_path: Path
    ) -> None:
        options = {**self.options, "program": "made/sum"}
        target = self.make_target(tmp_path / "source", self.program, options=options)
        with contextlib.suppress(ConfigError):  # one that knows no such option says so below
            kinds = {named.option: named.kind for named in hooks.paths(target)}
            if kinds.get("program") is PathKind.TOOL:
                pytest.skip("this adapter's `program` is the interpreter")
        path = target.root / "made" / "sum"
        path.parent.mkdir()
        digests: list[str] = []
        for content in (OWN_PROGRAM, f"{OWN_PROGRAM}# changed\n"):
            path.write_text(content)
            path.chmod(0o755)
            try:
                build = hooks.build(target, toolchain, tmp_path / "builds", runner)
            except ConfigError as problem:
                if "program" in problem.message and digests == []:
                    pytest.skip("this adapter has no option `program`")
                raise
            digests.append(build.digest)
            assert printed(hooks.run(build, TEN, runner)) == "55\n"
        assert digests[0] != digests[1], "another program is another build: digest its bytes"
