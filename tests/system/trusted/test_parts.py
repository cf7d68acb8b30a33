"""Each part of the trusted side: what is seen of it, and what is read again."""

import importlib
import importlib.util
import os
import py_compile
import sys
import time
from pathlib import Path

import pytest

from harness.model.held import IN_TREE, Held
from harness.system.launcher import launching, made_of, protocol
from harness.system.trusted import parts, stamps
from harness.system.trusted.parts import (
    Earlier,
    compile_packages,
    folders_held,
    installed_held,
    launcher_held,
    loader_held,
    packages_held,
    place_of_folders,
    program_held,
    startup_held,
)
from harness.system.trusted.stamps import content_digest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `judged` with a module, on Python's path."""
    folder = tmp_path / "lib" / "judged"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "rules.py").write_text("LIMIT = 1\n")
    monkeypatch.syspath_prepend(str(folder.parent))
    importlib.invalidate_caches()
    return folder


def later() -> int:
    """A time for which all files of now are old."""
    return time.time_ns() + 3600 * 10**9


def held(tree: Path, earlier: Earlier | None = None, version: str = "1"):
    return packages_held("harness", ("judged",), version, tree, earlier or Earlier({}))


def test_a_package_is_known_by_its_files(package: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    before = held(tree)
    assert held(tree) == before
    (package / "rules.py").write_text("LIMIT = 2\n")
    changed = held(tree)
    assert changed.digest != before.digest
    (package / "more.py").write_text("")
    assert held(tree).digest != changed.digest


def test_a_change_that_keeps_size_and_time_is_seen(package: Path, tmp_path: Path) -> None:
    rules = package / "rules.py"
    facts = rules.stat()
    before = held(tmp_path / "tree")
    taken = Earlier({"harness": before}, time.time_ns())
    rules.write_text("LIMIT = 2\n")
    os.utime(rules, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert rules.stat().st_mtime_ns == facts.st_mtime_ns
    assert held(tmp_path / "tree", taken).digest != before.digest


def test_what_cannot_have_changed_is_not_read_again(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = held(tmp_path / "tree")
    monkeypatch.setattr(stamps, "content_digest", lambda path: pytest.fail(f"reads {path}"))
    assert held(tmp_path / "tree", Earlier({"harness": before}, later())) == before


def test_bytecode_that_is_not_of_its_source_is_seen(package: Path, tmp_path: Path) -> None:
    rules = package / "rules.py"
    compile_packages(["judged"])
    before = held(tmp_path / "tree")
    cached = Path(importlib.util.cache_from_source(str(rules)))
    assert cached.is_file()
    taken = Earlier({"harness": before}, time.time_ns() - 10**10)
    assert held(tmp_path / "tree", taken) == before
    evil = tmp_path / "evil.py"
    evil.write_text("LIMIT = 9\n")
    py_compile.compile(str(evil), str(tmp_path / "evil.pyc"))
    cached.write_bytes(cached.read_bytes()[:16] + (tmp_path / "evil.pyc").read_bytes()[16:])
    assert importlib.import_module("judged.rules").LIMIT == 9
    for name in ("judged.rules", "judged"):
        sys.modules.pop(name)
    assert held(tmp_path / "tree", taken).digest != before.digest


def test_looking_writes_no_bytecode(package: Path, tmp_path: Path) -> None:
    held(tmp_path / "tree")
    assert not list(package.rglob("__pycache__"))


def test_bytecode_that_python_passes_over_is_no_change_until_it_would_be_used(
    package: Path, tmp_path: Path
) -> None:
    rules = package / "rules.py"
    before = held(tmp_path / "tree")
    taken = Earlier({"harness": before}, time.time_ns() - 10**10)
    text, facts = rules.read_bytes(), rules.stat()
    # Another process that had read an earlier source writes its bytecode now.
    rules.write_text("LIMIT = 7\n")
    os.utime(rules, ns=(10**18, 10**18))
    py_compile.compile(str(rules))
    rules.write_bytes(text)
    os.utime(rules, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert held(tmp_path / "tree", taken).digest == before.digest
    os.utime(rules, ns=(10**18, 10**18))
    assert importlib.import_module("judged.rules").LIMIT == 7
    for name in ("judged.rules", "judged"):
        sys.modules.pop(name)
    assert held(tmp_path / "tree", taken).digest != before.digest


def test_bytecode_that_is_being_written_or_has_no_source_is_nothing(
    package: Path, tmp_path: Path
) -> None:
    before = held(tmp_path / "tree")
    folder = package / "__pycache__"
    folder.mkdir()
    tag = sys.implementation.cache_tag
    (folder / f"rules.{tag}.pyc.139871234567").write_bytes(b"half")
    (folder / f"gone.{tag}.pyc").write_bytes(b"of a source that is there no more")
    taken = Earlier({"harness": before}, time.time_ns() - 10**10)
    assert held(tmp_path / "tree", taken) == before


def test_a_package_in_the_tree_says_so(package: Path, tmp_path: Path) -> None:
    assert held(tmp_path / "tree").version == "1"
    assert held(tmp_path).version == IN_TREE


def test_the_launcher_is_known_by_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "SHIPPED", tmp_path)
    name = made_of.launcher_name(os.uname().machine)
    assert launcher_held(tmp_path / "cache", Earlier({})).digest == ""

    def launcher(path: Path, more: str = "") -> Path:
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(("#!/bin/sh", more or f"echo {protocol.VERSION}", "")))
        path.chmod(0o755)
        return path

    launcher(tmp_path / name)
    before = launcher_held(tmp_path / "cache", Earlier({}))
    launcher(tmp_path / name, f"# two\necho {protocol.VERSION}")
    after = launcher_held(tmp_path / "cache", Earlier({"launcher": before}, time.time_ns()))
    assert (before.version, after.version) == (name, name)
    assert before.digest != after.digest
    used = launcher(tmp_path / "cache" / name)
    launcher(tmp_path / name, "exit 1")
    assert str(used) in launching.get_launcher(tmp_path / "cache").command
    held = launcher_held(tmp_path / "cache", Earlier({}))
    assert held.digest == content_digest(str(used))


def test_a_program_is_known_by_its_place_its_content_and_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tool(folder: str, says: str) -> Path:
        path = tmp_path / folder / "tool"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\necho {says}\n")
        path.chmod(0o755)
        return path

    first = tool("one", "tool 1")
    monkeypatch.setenv("PATH", f"{tmp_path}/two:{tmp_path}/one:/usr/bin:/bin")
    before = program_held("tool", Earlier({}))
    assert before is not None
    assert (before.place, before.version) == (str(first), "tool 1")
    earlier = Earlier({"program tool": before}, time.time_ns())
    assert program_held("tool", earlier) == before
    tool("one", "tool 2")
    upgraded = program_held("tool", earlier)
    assert upgraded is not None
    assert (upgraded.place, upgraded.version) == (str(first), "tool 2")
    second = tool("two", "tool 1")
    moved = program_held("tool", Earlier({"program tool": before}, later()))
    assert moved is not None
    assert moved.place == str(second)
    assert program_held("no-such-tool", earlier) is None


def test_what_the_system_loads_into_every_program_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_LOADER_FILE", tmp_path / "ld.so.preload")
    for name in ("LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH"):
        monkeypatch.delenv(name, raising=False)
    assert loader_held().digest == ""
    (tmp_path / "ld.so.preload").write_text("/tmp/evil.so\n")
    by_file = loader_held()
    assert by_file.digest
    monkeypatch.setenv("LD_PRELOAD", "/tmp/evil.so")
    assert loader_held().digest not in ("", by_file.digest)


def test_what_python_runs_first_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = startup_held()
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "evil.pth").write_text("import evil\n")
    assert startup_held() != before


def test_an_installed_plugin_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = installed_held(Earlier({}))
    info = tmp_path / "other-1.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[console_scripts]\nx = y:z\n")
    assert installed_held(Earlier({})) == before
    second = tmp_path / "evil-1.dist-info"
    second.mkdir()
    (second / "entry_points.txt").write_text("[harness.plugins]\nevil = evil\n")
    assert installed_held(Earlier({"plugins": before}, later())) != before


def test_folders_are_held_with_all_below_them_and_links_by_where_they_lead(tmp_path: Path) -> None:
    folder, other = tmp_path / "depot", tmp_path / "other"
    (folder / "packages").mkdir(parents=True)
    other.mkdir()
    (folder / "packages" / "Sums.jl").write_text("one")
    (folder / "compiled").symlink_to(other)
    known = Held("", place=place_of_folders([folder, tmp_path / "none"]))
    first = folders_held(known, None, 0)
    assert first == folders_held(known, None, 0)
    assert first.place == known.place
    (other / "unseen").write_text("what a link leads to is not looked at")
    assert folders_held(known, None, 0) == first
    (folder / "compiled").unlink()
    (folder / "compiled").symlink_to(tmp_path)
    moved = folders_held(known, None, 0)
    assert moved.names == first.names
    assert moved.digest != first.digest
    (folder / "packages" / "More.jl").write_text("")
    assert folders_held(known, None, 0).names != first.names


def test_of_large_files_in_folders_the_size_and_the_times_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamps, "_LARGE", 2)
    (tmp_path / "large").write_text("one")
    known = Held("", place=str(tmp_path))
    first = folders_held(known, None, 0)
    assert folders_held(known, None, 0) == first
    os.utime(tmp_path / "large", ns=(0, 0))
    assert folders_held(known, None, 0).digest != first.digest
