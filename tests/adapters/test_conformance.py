"""Every adapter of this repository keeps the contract: the suite that third parties use too."""

import pytest

from harness.testing import suite_of


class TestC(suite_of("c")):
    """The programs are in `adapters/harness_c/sample.toml`."""


@pytest.mark.julia
class TestJulia(suite_of("julia")):
    """The programs are in `adapters/harness_julia/sample.toml`."""


class TestPython(suite_of("python")):
    """The programs are in `adapters/harness_python/sample.toml`."""


class TestCommand(suite_of("command")):
    """The programs are in `adapters/harness_command/sample.toml`."""
