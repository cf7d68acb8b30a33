"""The plugin of pytest: the fixture `harness`, the marker, and a table of all comparisons.

    def test_it(harness):
        harness(new).not_slower_than(old, by="5%")

It is found by pytest wherever optim-harness is installed, and imports the harness when a test asks
for the fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.frontends.held_against import Measuring

_OPTION, _MARKER = "--harness", "harness"
_TOLD = pytest.StashKey[list[tuple[str, Any]]]()
"""The TestedPair of every comparison, by the test's name."""
_FROM_WORKERS = pytest.StashKey[list[tuple[str, Any]]]()
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

    measuring = Measuring(Path(request.config.rootpath), request.node.nodeid)
    yield measuring
    request.config.stash[_TOLD] += measuring.told


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
