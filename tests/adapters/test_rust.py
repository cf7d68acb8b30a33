"""The Rust adapter keeps the contract."""

import pytest

from harness.testing import suite_of

pytestmark = pytest.mark.needs("rustc")


class TestRust(suite_of("rust")):
    """The programs are in `adapters/harness_rust/sample.toml`."""
