"""The C++ adapter keeps the contract."""

import pytest

from harness.testing import suite_of

pytestmark = pytest.mark.needs("c++")


class TestCpp(suite_of("cpp")):
    """The programs are in `adapters/harness_cpp/sample.toml`."""
