"""One executor behind a typed facade."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

from harness.errors import PluginFailed, UsageError
from harness.hookspecs import ExecutorSpec, Runner
from harness.model.engines import ClusterNode, JobState, Limits, Work
from harness.model.shards import Shard
from harness.plugins.found import Installed
from harness.plugins.single import SinglePlugin

SCHEDULING = (
    *("harness_script", "harness_limits", "harness_submit", "harness_jobs", "harness_cancel"),
)
"""What stands for a scheduler implements all of these."""


class Executor(SinglePlugin):
    """One executor's hooks as ordinary typed methods."""

    KIND: ClassVar = "executor"
    GROUP: ClassVar = "harness.executors"
    SPEC: ClassVar = ExecutorSpec
    REQUIRED: ClassVar = ()

    def __init__(self, name: str, plugin: object, origin: Installed | None = None) -> None:
        super().__init__(name, plugin, origin)
        lacking = [hook for hook in SCHEDULING if not self._has(hook)]
        if not self._has("harness_execute") and lacking:
            raise PluginFailed(
                f"executor {name!r} implements neither harness_execute nor all of"
                f" {', '.join(SCHEDULING)}",
                hint=f"See {self.DOCS}.",
            )

    @property
    def schedules(self) -> bool:
        """Does it stand for a scheduler, which takes jobs, rather than run shards by itself?"""
        return not self._has("harness_execute")

    def _has(self, hook: str) -> bool:
        return bool(getattr(self._hooks, hook).get_hookimpls())

    def execute(
        self, shards: Sequence[Shard], results: Path, here: Callable[[], Path], runner: Runner
    ) -> tuple[Path, ...]:
        """Run all shards; the folders of the stored runs. KeyboardInterrupt passes through."""
        arguments = {"shards": shards, "results": results, "here": here, "runner": runner}
        folders = self._required("harness_execute", (list, tuple), **arguments)
        if not folders or not all(isinstance(folder, Path) for folder in folders):
            raise PluginFailed(
                f"executor {self.name!r}: harness_execute gave {folders!r},"
                " want the folders of stored runs"
            )
        return tuple(folders)

    def script(self, work: Work, options: Mapping[str, Any]) -> str:
        """What is submitted for these jobs."""
        return str(self._required("harness_script", str, work=work, options=options))

    def limits(self, options: Mapping[str, Any], runner: Runner) -> Limits:
        """How many jobs the scheduler takes; ToolchainMissing where there is none."""
        return cast(
            Limits, self._required("harness_limits", Limits, options=options, runner=runner)
        )

    def submit(self, work: Work, options: Mapping[str, Any], runner: Runner) -> bool:
        """Submit jobs; False where that should be tried again later."""
        return bool(self._call("harness_submit", bool, work=work, options=options, runner=runner))

    def jobs(
        self, name: str, options: Mapping[str, Any], runner: Runner
    ) -> Sequence[JobState] | None:
        """The jobs that are not over; None where the scheduler does not answer."""
        return cast(
            "Sequence[JobState] | None",
            self._call("harness_jobs", (list, tuple), name=name, options=options, runner=runner),
        )

    def nodes(self, options: Mapping[str, Any], runner: Runner) -> Sequence[ClusterNode]:
        """The nodes that jobs may run on; UsageError where the executor does not say."""
        if not self._has("harness_nodes"):
            raise UsageError(f"executor {self.name!r} does not say which nodes it has")
        return cast(
            "Sequence[ClusterNode]",
            self._required("harness_nodes", (list, tuple), options=options, runner=runner),
        )

    def cancel(self, name: str, options: Mapping[str, Any], runner: Runner) -> bool:
        """End all jobs of that name; False where the scheduler does not answer."""
        return bool(self._call("harness_cancel", bool, name=name, options=options, runner=runner))
