"""The Fortran adapter keeps the contract."""

import pytest

from harness.testing import suite_of

pytestmark = pytest.mark.needs("gfortran")


class TestFortran(suite_of("fortran")):
    """The programs are in `adapters/harness_fortran/sample.toml`."""
