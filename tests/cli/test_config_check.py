"""`harness config check`: what targets say to their adapters is read as well."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFIG = """
[tasks.t]
[targets.a]
task = "t"
adapter = "{adapter}"
sources = ["a.c"]
{option}
"""


@pytest.mark.parametrize(
    ("adapter", "option", "code", "words"),
    [
        ("c", 'flags = ["-O2"]', 0, ""),
        ("c", 'flgas = ["-O2"]', 2, "Did you mean 'flags'?"),
        ("python", "intrepreter = 1", 2, "has no option 'intrepreter'"),
        ("suite", 'kind = "catch3"', 2, "Did you mean 'catch2'?"),
        ("rust", "edition = 2021", 2, "targets.a.edition: want a string, got 2021"),
        ("rusty", "", 3, "Did you mean 'rust'?"),
        (
            "go",
            "layouts = 8",
            2,
            "targets in C, C++, Fortran and Rust are linked in several layouts",
        ),
    ],
)
def test_an_option_that_the_adapter_refuses_is_refused(
    harness, folder: Path, adapter: str, option: str, code: int, words: str
):
    (folder / "a.c").write_text("int main(void) { return 0; }\n")
    (folder / "harness.toml").write_text(CONFIG.format(adapter=adapter, option=option))
    said = harness("config", "check")
    assert said.code == code
    assert words in said.err
