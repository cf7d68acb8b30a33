"""The package of a new adapter: it installs, its tests say what to write, and pass once it is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.testing.samples import shipped_sample
from harness.testing.scaffolding import write_package


@pytest.fixture
def call(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Install the package in `tmp_path/package` beside this environment's; call a module of it."""
    site = tmp_path / "site"
    words = ["install", "-q", "--no-deps", "--no-build-isolation", "--no-index", "--target", site]

    def run(*words: object, check: bool = False) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *map(str, words)],
            cwd=tmp_path / "package",
            env={**os.environ, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=check,
        )

    def called(*asked: object) -> subprocess.CompletedProcess[str]:
        if not site.exists():
            run("pip", *words, tmp_path / "package", check=True)
        return run(*asked)

    return called


def fill_in(path: Path, **texts: str) -> None:
    """Replace each line (or text between quotes) that has a key's words, and drop the comments."""
    text = path.read_text()
    for line, new in texts.items():
        text = re.sub(rf"^(\s*){re.escape(line)}\b.*$", rf"\1{new}", text, flags=re.MULTILINE)
    path.write_text(re.sub(r"^\s*# FILL IN.*\n", "", text, flags=re.MULTILINE))


def written_for_sh(folder: Path) -> None:
    """What an author of an adapter for the Bourne shell writes."""
    write_package("bourne", "interpreted", folder)
    fill_in(
        folder / "harness_bourne" / "__init__.py",
        names='names=("sh",),',
        install='install="Every Unix has it",',
        version='version=("-c", "echo sh 1"),',
        check='check = ("-n",)',
    )
    sample = shipped_sample("command").read_text()
    programs = sample[sample.index("program = ") : sample.index("broken = ")]
    (folder / "harness_bourne" / "sample.toml").write_text(
        'suffix = ".bourne"\noption = "flags"\nchanges = [["flags", ["-u"]]]\n'
        f'{programs}broken = "if\\n"\nbroken_says = "yntax error"\n'
    )
    (folder / "example" / "sum.bourne").write_text("echo $(($1 * ($1 + 1) / 2))\n")


@pytest.mark.parametrize("kind", ["compiled", "interpreted"])
def test_the_tests_of_a_new_package_fail_only_where_something_is_to_be_written(
    call, tmp_path, kind
):
    made = write_package("zig", kind, tmp_path / "package")
    assert any(line.startswith("harness_zig/sample.toml:") for line in made.left)
    said = call("pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist").stdout
    failed = re.findall(r"^FAILED \S+::(\S+)", said, re.MULTILINE)
    assert "ERROR" not in said
    left = {
        f"test_nothing_is_left_to_fill_in[{n}]" for n in ("__init__.py", "sample.toml", "sum.zig")
    }
    assert set(failed) - {"test_probe_is_stable"} == left
    assert "__init__.py:" in said
    checked = call("harness", "adapters", "check", "zig")
    assert checked.returncode == 2
    assert "sample.toml is still to be written; line 4: # FILL IN: the suffix" in checked.stderr


@pytest.mark.parametrize("kind", ["compiled", "interpreted"])
def test_all_that_is_to_be_filled_in_is_listed_where_it_is_written(tmp_path, kind):
    made = write_package("zig", kind, tmp_path / "package")
    listed = {line.split(": ")[0] for line in made.left}
    looked_at = [name for name in made.files if "test_" not in name and not name.endswith(".md")]
    says_so = {
        f"{name}:{number}"
        for name in looked_at
        for number, line in enumerate((made.folder / name).read_text().splitlines(), start=1)
        if "FILL IN" in line
    }
    assert says_so == listed


def test_a_package_that_was_filled_in_keeps_the_contract(call, tmp_path):
    written_for_sh(tmp_path / "package")
    said = call("pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")
    assert said.returncode == 0, said.stdout
    checked = call("harness", "adapters", "check", "bourne")
    assert checked.returncode == 0, checked.stdout
    ran = call("harness", "run", "--config", "example/harness.toml", "--trials", "2")
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("name", ["Zig", "zig-x", "../zig", "", "9lives", "größe"])
def test_a_name_that_cannot_be_one_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match="cannot be the name of an adapter") as caught:
        write_package(name, "compiled", tmp_path / "package")
    assert "such as zig" in caught.value.hint
    assert not (tmp_path / "package").exists()


def test_the_name_of_an_installed_adapter_is_refused(tmp_path):
    with pytest.raises(UsageError, match="'lua' is installed already, by optim-harness"):
        write_package("lua", "compiled", tmp_path / "package")


def test_nothing_is_ever_overwritten(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"is not empty: it has mine.txt"):
        write_package("zig", "compiled", tmp_path)
    with pytest.raises(UsageError, match="is not a folder"):
        write_package("zig", "compiled", tmp_path / "mine.txt")
    with pytest.raises(UsageError, match=r"mine.txt is not a folder"):
        write_package("zig", "compiled", tmp_path / "mine.txt" / "below")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
