"""The JavaScript adapter keeps the contract."""

import pytest

from harness.testing import suite_of

pytestmark = pytest.mark.needs("node")


class TestJavaScript(suite_of("javascript")):
    """The programs are in `adapters/harness_javascript/sample.toml`."""
