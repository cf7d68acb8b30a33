"""Runs the conformance suite on an installed adapter, without showing that pytest does it."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import AdapterError, ConfigError, HarnessError
from harness.testing.checked import Check, CheckedAdapter, CheckOutcome
from harness.testing.promises import PROMISES
from harness.testing.samples import left_to_fill_in, shipped_sample, suite_of

MODULE = """\
from pathlib import Path
from harness.testing.samples import suite_of

class TestAdapter(suite_of({adapter!r}, Path({sample!r}))):
    pass
"""
Told = Callable[[Check], None]


def examine(adapter: str, sample: Path | None, told: Told) -> CheckedAdapter:
    """Every check of the suite on an adapter, with the programs of a sample file.

    `told` hears of each check when it has ended. Raises what `suite_of` raises.
    """
    path = (sample if sample is not None else shipped_sample(adapter)).absolute()
    suite_of(adapter, path)  # a sample that cannot be used is told before anything runs
    if left := left_to_fill_in(path):
        raise ConfigError(
            f"{path} is still to be written; line " + "\n  ".join(left),
            hint="Write these, take the words FILL IN away, and check again.",
        )
    with tempfile.TemporaryDirectory(prefix="harness-check-") as folder:
        listener = _Listener(told)
        # A name of its own: Python keeps modules by their names, and this one of an earlier call.
        module = Path(folder, f"test_{Path(folder).name.replace('-', '_')}.py")
        module.write_text(MODULE.format(adapter=adapter, sample=str(path)), encoding="utf-8")
        with _quietly() as printed:
            code = pytest.main(_words(module), plugins=[listener])
    if not listener.checks:
        raise AdapterError(f"the suite did not run (pytest ended with {int(code)}):\n{printed()}")
    order = list(PROMISES)
    checks = sorted(listener.checks.values(), key=lambda check: order.index(check.name))
    return CheckedAdapter(adapter, str(path), tuple(checks))


def _words(module: Path) -> list[str]:
    """No configuration and no plugins of a project that we may stand in."""
    folder = module.parent
    settings = folder / "pytest.ini"
    settings.write_text("[pytest]\n", encoding="utf-8")
    off = [word for name in ("cacheprovider", "xdist") for word in ("-p", f"no:{name}")]
    places = ["-c", str(settings), "--rootdir", str(folder), "--basetemp", str(folder / "tmp")]
    return ["-q", *off, *places, "--import-mode=importlib", str(module)]


@contextlib.contextmanager
def _quietly() -> Iterator[Callable[[], str]]:
    """Nothing of pytest's reaches the terminal, and no options of the user's reach pytest."""
    said = io.StringIO()
    options = os.environ.pop("PYTEST_ADDOPTS", None)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            yield said.getvalue
    finally:
        if options is not None:
            os.environ["PYTEST_ADDOPTS"] = options


class _Listener:
    """Hears how each check ended: a check that cannot be set up has failed, or was skipped."""

    def __init__(self, told: Told) -> None:
        self.checks: dict[str, Check] = {}
        self._told = told

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        if report.when == "call" or report.outcome != "passed":
            known = self.checks.get(item.name)
            if known is None or known.outcome is CheckOutcome.PASSED:
                check = Check(item.name, CheckOutcome(report.outcome), reason_of(call))
                self.checks[item.name] = check
                self._told(check)
        return report


def reason_of(call: pytest.CallInfo[None]) -> str:
    """Why a check failed or was skipped, in words for the author of the adapter."""
    if call.excinfo is None:
        return ""
    problem = call.excinfo.value
    if isinstance(problem, HarnessError):
        return "\n".join(filter(None, (problem.message, problem.hint)))
    if isinstance(problem, (pytest.fail.Exception, pytest.skip.Exception)):
        return str(problem.msg)
    if isinstance(problem, AssertionError):
        return f"{problem}".strip() or f"it does not hold that {_asserted(problem)}"
    last = traceback.extract_tb(problem.__traceback__)[-1]
    return f"{type(problem).__name__}: {problem}\n{last.filename}:{last.lineno}: {last.line}"


def _asserted(problem: AssertionError) -> str:
    """The line of the suite that holds the assertion."""
    frames = traceback.extract_tb(problem.__traceback__)
    return (frames[-1].line or "").removeprefix("assert ").strip()
