"""One executor behind a typed facade."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from harness.errors import PluginFailed
from harness.hookspecs import ExecutorSpec, Runner
from harness.model.shards import Shard
from harness.plugins.single import SinglePlugin


class Executor(SinglePlugin):
    """One executor's hook as an ordinary typed method."""

    KIND: ClassVar = "executor"
    GROUP: ClassVar = "harness.executors"
    SPEC: ClassVar = ExecutorSpec
    REQUIRED: ClassVar = ("harness_execute",)

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
