"""What a measuring command works with: folders, runner, orchestrator; cleaned up at its end."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.errors import StorageFailed
from harness.frozen import dataclass
from harness.plugins import Adapters, demand_metrics
from harness.project.config import Config
from harness.project.state_folder import WORKTREES, results_of, state_folder
from harness.project.workload import OPTIM_FOLDER
from harness.running import Listener, Orchestrator
from harness.system.jail.grounds import GIT, Grounds
from harness.system.process.opening import CoreRunner, open_runner
from harness.system.process.places import launcher_cache, may_execute, user_cache
from harness.system.process.scratch import scratch_in_memory
from harness.system.store.files import storage_errors


@dataclass(frozen=True, slots=True)
class Session:
    """One command's world; use `open_session`."""

    config: Config
    state: Path
    """What the harness keeps on this machine, beside the configuration."""
    results: Path
    orchestrator: Orchestrator
    runner: CoreRunner
    places: tuple[Path, Path]
    """Where its runner has its scratch, and the compiled launcher."""
    apart: Path | None = None
    """A folder of this user's outside of the project; for sessions that were opened apart."""

    def tell(self, words: str) -> None:
        """Say at once what people should know."""
        self.orchestrator.telling.remark(words)

    @contextlib.contextmanager
    def another_runner(self) -> Iterator[CoreRunner]:
        """A runner like the session's own, for what runs at the same time and is not timed."""
        runner = open_runner(*self.places)
        own = self.runner
        runner.cpus, runner.jail, runner.grounds = own.cpus, own.jail, own.grounds
        try:
            yield runner
        finally:
            runner.close()

    @property
    def worktrees(self) -> Path:
        """Where private worktrees are made."""
        return (self.apart or self.state) / WORKTREES


@contextlib.contextmanager
def open_session(
    config: Config,
    results: Path | None = None,
    listener: Listener | None = None,
    *,
    apart: bool = False,
    metrics: Sequence[str] = (),
) -> Iterator[Session]:
    """Make the folders, a runner and an orchestrator; clean up the scratch at the end.

    Trials run in memory where there is room. `apart`: else they run outside of the project (below
    TMPDIR) too, from where no relative path leads to what is stored in it. `metrics` names metric
    plugins that take part beside those of the configuration; AdapterError where one cannot serve.
    """
    demand_metrics(metrics)
    adapters = Adapters(metrics=dict.fromkeys((*config.metrics, *metrics)))
    state = state_folder(config.root)
    results = results.absolute() if results else results_of(config.root)
    with storage_errors(state):
        state.mkdir(exist_ok=True)
        ignore = state / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    away = folder_apart(config.root) if apart else None
    scratch = scratch_in_memory(otherwise=(away or state) / "scratch")
    places = scratch, launcher_cache(otherwise=state / "cache")
    runner = open_runner(*places)
    runner.grounds = Grounds((GIT, state.name, OPTIM_FOLDER), state / "builds")
    try:
        orchestrator = Orchestrator(adapters, runner, state / "builds", listener)
        yield Session(config, state, results, orchestrator, runner, places, away)
    finally:
        runner.close()


def folder_apart(root: Path) -> Path:
    """This user's own folder for a project, outside of it: always the same one.

    So that the next command clears away what a killed one left in it. Raises StorageFailed where
    another user has taken its name.
    """
    name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]
    folder = _place_apart() / f"harness-{os.getuid()}-{name}"
    with storage_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.lstat()
    if facts.st_uid != os.getuid() or not stat.S_ISDIR(facts.st_mode):
        raise StorageFailed(f"{folder} belongs to somebody else", hint="Set TMPDIR elsewhere.")
    folder.chmod(0o700)
    return folder


def _place_apart() -> Path:
    """TMPDIR, unless programs must not be executed there."""
    place = Path(tempfile.gettempdir())
    return place if may_execute(place) else user_cache()
