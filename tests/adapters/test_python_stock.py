"""The bytecode of the interpreter's own folders, linked or made once for all builds."""

import importlib.util
import py_compile
import sys
from pathlib import Path

from harness_python import stock


def test_whole_folders_are_linked_and_what_was_not_compiled_is_made(tmp_path: Path) -> None:
    site, cache = tmp_path / "site", tmp_path / "cache"
    for name in ("one.py", "pkg/two.py", "pkg/sub/three.py", "pkg/tests/four.py"):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("X = 1\n")
        if name != "one.py":
            py_compile.compile(str(site / name))
    found = stock.modules_below(str(site))
    assert [Path(place).name for place, _ in found] == ["site", "pkg", "sub"]
    for place, modules in found:
        stock.stock(place, modules, place.endswith("sub"), str(cache))
    here = cache / str(site).lstrip("/")
    tag = sys.implementation.cache_tag
    assert (here / "pkg" / "sub").readlink() == site / "pkg" / "sub" / "__pycache__"
    two = here / "pkg" / f"two.{tag}.pyc"
    installed = Path(importlib.util.cache_from_source(str(site / "pkg" / "two.py")))
    assert two.resolve() == installed.resolve()
    assert (here / f"one.{tag}.pyc").is_file()
    assert not (here / f"one.{tag}.pyc").is_symlink()
