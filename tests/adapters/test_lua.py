"""The Lua adapter keeps the contract."""

import pytest

from harness.testing import suite_of

pytestmark = pytest.mark.needs("luajit")


class TestLua(suite_of("lua")):
    """The programs are in `adapters/harness_lua/sample.toml`."""
