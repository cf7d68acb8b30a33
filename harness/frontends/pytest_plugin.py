"""The plugin of pytest: the fixture `harness`, the marker, and a table of all comparisons.

    def test_it(harness):
        harness(new).not_slower_than(old, by="5%")

It is found by pytest wherever optim-harness is installed, and imports the harness when a test asks
for the fixture.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.frontends.held_against import Measuring

_OPTION, _MARKER = "--harness", "harness"
_TOLD = pytest.StashKey[list[tuple[str, Any]]]()
"""The TestedPair of every comparison, by the test's name."""
_FROM_WORKERS = pytest.StashKey[list[tuple[str, Any]]]()
_EVERY_S = 5.0
"""How often the terminal is told what goes on, at most."""
_SENT = "harness_told"
"""How a worker of pytest-xdist calls what it sends home."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("harness", "comparisons of speed (optim-harness)")
    group.addoption(
        _OPTION,
        action="store_true",
        help="run tests that are only benchmarks, too: those marked with @pytest.mark.harness",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"{_MARKER}: a test that is only a benchmark; it is run with {_OPTION} alone"
    )
    config.stash[_TOLD] = []
    config.stash[_FROM_WORKERS] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave those that are only benchmarks out, unless they are asked for."""
    if config.getoption(_OPTION):
        return
    left_out = [item for item in items if item.get_closest_marker(_MARKER)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def harness(request: pytest.FixtureRequest) -> Iterator[Measuring]:
    """Compares functions, commands and targets: `harness.compare(old, new)`."""
    from harness.frontends.held_against import Measuring

    measuring = Measuring(
        Path(request.config.rootpath), request.node.nodeid, progress=_Telling(request.config)
    )
    yield measuring
    request.config.stash[_TOLD] += measuring.told


class _Telling:
    """Tells the live log (`--log-cli-level=INFO`) what goes on, and with `-v` the terminal.

    The terminal every few seconds: tests take long that compare, and look as if they hung.
    """

    def __init__(self, config: pytest.Config) -> None:
        plugins = config.pluginmanager
        self._log = logging.getLogger("harness")
        verbose = config.get_verbosity() > 0
        self._terminal = plugins.get_plugin("terminalreporter") if verbose else None
        self._captured = plugins.get_plugin("capturemanager")
        self._last_s = time.monotonic()

    def __call__(self, event: object) -> None:
        words = getattr(event, "what", "") or getattr(event, "words", "")
        if not words:
            return
        self._log.info(words)
        if self._terminal is None or time.monotonic() - self._last_s < _EVERY_S:
            return
        self._last_s = time.monotonic()
        aside = self._captured.global_and_fixture_disabled() if self._captured else nullcontext()
        with aside:
            self._terminal.ensure_newline()
            self._terminal.write_line(f"harness: {words}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """From a worker of pytest-xdist: send home what was told."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        told = session.config.stash[_TOLD]
        output[_SENT] = [(test, outcome.line) for test, outcome in told]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """A line for each comparison, by test."""
    own = ((test, outcome.line) for test, outcome in config.stash[_TOLD])
    lines = [*own, *config.stash[_FROM_WORKERS]]
    if not lines:
        return
    terminalreporter.section("harness: comparisons")
    width = max(len(test) for test, _ in lines)
    for test, line in lines:
        terminalreporter.write_line(f"{test:<{width}}  {line}")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """From pytest-xdist: a worker has ended, and says what was told there."""
    config: pytest.Config = node.config  # type: ignore[attr-defined]
    sent = getattr(node, "workeroutput", {}).get(_SENT, [])
    home = config.stash[_FROM_WORKERS]
    home.extend((test, line) for test, line in sent)
