"""One call at a time: what every call that measures is held by, and how Ctrl-C ends it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from harness.errors import NotAllowed
from harness.project.config import Config
from harness.running.gate_results import CiResult
from harness.running.keywords import Place, Surroundings
from harness.running.listening import listener_of
from harness.running.named_figures import plugins_of
from harness.running.run_results import ComparisonResult, RunResult
from harness.running.session import Session, open_session
from harness.running.settings import Settings
from harness.running.table_results import TableResult

_AT_WORK = threading.Lock()


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, after everything measured so far was stored; `result` has it.

    `result` is None where there is nothing yet, or where nothing of the call is of use in part.
    """

    def __init__(
        self, result: RunResult | ComparisonResult | TableResult | CiResult | None = None
    ) -> None:
        words = "interrupted" if result is None else "interrupted; everything measured is kept"
        super().__init__(words)
        self.result = result


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Make every Ctrl-C an Interrupted, wherever in a call it comes."""
    try:
        yield
    except Interrupted:
        raise
    except KeyboardInterrupt as stop:
        raise Interrupted from stop


@contextlib.contextmanager
def measuring(
    config: Config, options: Surroundings, settings: Settings | None = None, *, apart: bool = False
) -> Iterator[Session]:
    """A session for one call; NotAllowed where another call measures in this process.

    Setup commands and builds that come before the run are in its jail, too.

    Two that measure at once would disturb each other, and a process's descendants are watched for
    the process as a whole.
    """
    with one_at_a_time():
        progress = options.get("progress")
        listener = listener_of(progress) if progress is not None else None
        results = cast(Place, options).get("results")
        folder = Path(results) if results is not None else None
        metrics = plugins_of(settings, config) if settings else ()
        with open_session(config, folder, listener, apart=apart, metrics=metrics) as session:
            if settings and settings.jail is not None:
                session.runner.jail = settings.jail
            yield session


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold what lets one call of this process measure; NotAllowed where another one does."""
    if not _AT_WORK.acquire(blocking=False):
        raise NotAllowed(
            "another call of harness measures in this process",
            hint="Wait for it: what runs at the same time disturbs what is timed.",
        )
    try:
        with interruptible():
            yield
    finally:
        _AT_WORK.release()
