"""The examples of docs/adapters.md: each is executed as it stands there.

Those of docs/writing-an-adapter.md are files of examples/adapter, which has tests of its own; that
the page shows them is checked beside the other pages.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import harness_perl
from harness.errors import BuildFailed, ConfigError
from harness.hookspecs import CONTRACT, hookimpl
from harness.model import NamedPath, PathKind, declared_paths, path_option
from harness.plugins.found import check_contract
from harness.testing import FakeRunner, completed, make_target

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "adapters.md").read_text(encoding="utf-8")
WRITTEN = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def executed(part: str, **around: Any) -> dict[str, Any]:
    """The one example that has these words, executed with the names that its page has told."""
    (code,) = (example for example in WRITTEN if part in example)
    # Without the annotations of this file, which are texts: the page imports nothing of the kind.
    module = types.ModuleType("example_of_the_docs")
    module.__dict__.update(around)
    exec(compile(code, f"docs/adapters.md: {part}", "exec", dont_inherit=True), module.__dict__)
    return vars(module)


def paths_of_options() -> None:
    told = {
        "dataclass": dataclass,
        "path_option": path_option,
        "PathKind": PathKind,
        "hookimpl": hookimpl,
        "declared_paths": declared_paths,
    }
    hook = executed("def harness_paths", **told)["harness_paths"]
    target = make_target(Path("/p"), options={"interpreter": "bin/perl", "libraries": ["lib"]})
    assert hook(target) == (
        NamedPath("interpreter", "bin/perl", PathKind.TOOL),
        NamedPath("libraries", "lib", PathKind.CODE),
    )
    with pytest.raises(ConfigError, match="interpreters"):
        hook(make_target(Path("/p"), options={"interpreters": "perl"}))


def version_of_the_contract() -> None:
    plugin = types.SimpleNamespace(**executed("HARNESS_CONTRACT"))
    assert plugin.HARNESS_CONTRACT <= CONTRACT
    check_contract("the example", plugin, None)


EXAMPLES: dict[str, Callable[[], None]] = {
    "def harness_paths": paths_of_options,
    "HARNESS_CONTRACT": version_of_the_contract,
}
ELSEWHERE = {"def harness_time(build)": "tests/test_docs.py", "FakeRunner(": "below"}


@pytest.mark.parametrize("part", EXAMPLES)
def test_an_example_does_what_the_page_says(part: str):
    EXAMPLES[part]()


def test_the_test_with_a_fake_runner_passes(tmp_path: Path):
    told = {
        "FakeRunner": FakeRunner,
        "completed": completed,
        "make_target": make_target,
        "harness_perl": harness_perl,
        "pytest": pytest,
        "BuildFailed": BuildFailed,
    }
    space = executed("FakeRunner(", **told)
    space["test_a_syntax_error_is_said_in_perls_words"](tmp_path)


def test_no_example_of_the_page_is_left_out():
    known = (*EXAMPLES, *ELSEWHERE)
    assert [code for code in WRITTEN if not any(part in code for part in known)] == []
