"""The OCaml adapter keeps the contract."""

import pytest

from harness.testing import suite_of

pytestmark = pytest.mark.needs("ocamlopt")


class TestOCaml(suite_of("ocaml")):
    """The programs are in `adapters/harness_ocaml/sample.toml`."""
