"""A place to build and run small programs with the real adapters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.model import Build, Case, Target
from harness.plugins import Adapter, Adapters
from harness.system.process.runner import LocalRunner
from harness.testing import make_target

CASE = Case("only", seed=1)


@dataclass(frozen=True)
class Workshop:
    """Writes sources below `root`, builds them below `builds`, runs them."""

    adapter: Adapter
    runner: LocalRunner
    folder: Path
    root: Path = field(init=False)
    builds: Path = field(init=False)

    def __post_init__(self) -> None:
        for name in ("root", "builds"):
            object.__setattr__(self, name, self.folder / name)
            (self.folder / name).mkdir()

    def write(self, name: str, text: str, mode: int = 0o644) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def target(self, *names: str, **changes: Any) -> Target:
        """A target of the files `names`; other `changes` are options of the adapter."""
        fields = {key for key in changes if key in Target.__dataclass_fields__}
        return make_target(
            self.root,
            adapter=self.adapter.name,
            sources=tuple(self.root / name for name in names),
            options={key: value for key, value in changes.items() if key not in fields},
            **{key: changes[key] for key in fields},
        )

    def build(self, *names: str, **changes: Any) -> Build:
        return self.make(self.target(*names, **changes))

    def make(self, target: Target) -> Build:
        """Probe for the target and build it, as the orchestrator does."""
        toolchain = self.adapter.probe(self.runner, target)
        return self.adapter.build(target, toolchain, self.builds, self.runner)

    def says(self, build: Build, case: Case = CASE) -> str:
        """What a build prints."""
        output = self.adapter.run(build, case, self.runner)
        return output.stdout.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def local_runner(
    tmp_path_factory: pytest.TempPathFactory, launcher_cache: Path
) -> Iterator[LocalRunner]:
    runner = LocalRunner(tmp_path_factory.mktemp("runner") / "scratch", launcher_cache)
    yield runner
    runner.close()


@pytest.fixture
def workshop_of(local_runner: LocalRunner, tmp_path: Path) -> Any:
    """`workshop_of("c")`: a Workshop with that adapter."""
    return lambda name: Workshop(Adapters().get(name), local_runner, tmp_path)
