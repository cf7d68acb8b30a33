"""The Go adapter keeps the contract."""

import pytest

from harness.testing import suite_of

pytestmark = pytest.mark.needs("go")


class TestGo(suite_of("go")):
    """The programs are in `adapters/harness_go/sample.toml`."""
