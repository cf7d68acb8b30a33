"""Packages whose names are loaded when they are used hand out what their imports say."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from harness.on_demand import loaded_when_used, pattern

ROOT = Path(__file__).parents[1]
LAZY = sorted(
    path
    for path in (ROOT / "harness").rglob("__init__.py")
    if "loaded_when_used" in path.read_text(encoding="utf-8")
)


def module_of(path: Path) -> str:
    return ".".join(path.parent.relative_to(ROOT).parts)


def test_there_are_such_packages():
    assert len(LAZY) >= 5


@pytest.mark.parametrize("path", LAZY, ids=module_of)
def test_what_is_loaded_is_what_type_checkers_are_told(path: Path):
    package = import_module(module_of(path))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    told = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert told
    for name, home in told.items():
        assert getattr(package, name) is getattr(import_module(str(home)), name), name
    assert set(told) <= set(package.__all__)


@pytest.mark.parametrize("path", LAZY, ids=module_of)
def test_no_name_is_a_module_of_the_package_too(path: Path):
    """Whoever imports the module first would be handed the module in place of the function."""
    modules = {module.stem for module in path.parent.glob("*.py")}
    assert sorted(modules & set(import_module(module_of(path)).__all__)) == []


def test_every_name_that_is_handed_out_is_there():
    for path in LAZY:
        package = import_module(module_of(path))
        assert [name for name in package.__all__ if not hasattr(package, name)] == []


def test_a_name_that_is_not_there_is_an_attribute_error():
    load = loaded_when_used("harness.model", {"trials": "Trial"})
    with pytest.raises(AttributeError, match=r"'harness\.model' has no attribute 'Trail'"):
        load("Trail")


def test_a_single_trial_needs_no_numbers_library(tmp_path: Path):
    script = (
        "import sys, harness\n"
        "result = harness.run(adapter='command', arguments=['/bin/true'], trials=1,"
        f" results={str(tmp_path)!r})\n"
        "assert result.ok, result.failures\n"
        "print([n for n in ('numpy', 'scipy', 'pyarrow', 'pandas') if n in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.strip() == "[]"


def test_a_pattern_does_what_a_compiled_one_does():
    lazy, compiled = (
        pattern(r"(\w+)=(\d+)", re.IGNORECASE),
        re.compile(r"(\w+)=(\d+)", re.IGNORECASE),
    )
    assert lazy.findall("a=1 B=2") == compiled.findall("a=1 B=2")
    assert lazy.flags == compiled.flags
    assert lazy.search("none") is None


def test_a_pattern_is_compiled_when_it_is_first_used():
    wrong = pattern("(")
    with pytest.raises(re.error):
        wrong.search("anything")
