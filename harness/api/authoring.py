"""For the authors of adapters: a package to begin with, and the conformance suite on one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import AdapterError

if TYPE_CHECKING:
    from harness.testing.checked import Check, CheckedAdapter
    from harness.testing.scaffolding import Kind, NewPackage


def new_adapter(name: str, kind: Kind = "compiled", into: Path | None = None) -> NewPackage:
    """Write the package of a new adapter; see `write_package`."""
    from harness.testing.scaffolding import write_package

    return write_package(name, kind, into)


def check_adapter(
    name: str, sample: Path | None = None, told: Callable[[Check], None] = lambda check: None
) -> CheckedAdapter:
    """Every check of the conformance suite on an installed adapter.

    `sample` names a TOML file with the programs; None: the one that the adapter ships. `told` hears
    of each check when it has ended. Raises AdapterError where pytest is not installed.
    """
    try:
        from harness.testing.examining import examine
    except ModuleNotFoundError as problem:
        if problem.name != "pytest":
            raise
        raise AdapterError(
            "the conformance suite needs pytest, which is not installed",
            hint="pip install pytest",
        ) from None
    return examine(name, sample, told)
