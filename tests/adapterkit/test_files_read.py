"""What a build's identity is made of: the files that its program may be made of, by their names."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.adapterkit import sources_below
from harness.plugins import Adapters
from harness.system.process.runner import LocalRunner
from harness.testing import make_target


class Tree:
    """A folder of sources, and the digest of what an adapter makes of it."""

    def __init__(self, folder: Path, runner: LocalRunner) -> None:
        self.root, self.builds, self._runner = folder / "root", folder / "builds", runner
        self.builds.mkdir()

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def digest(self, name: str, first: str) -> str:
        adapter = Adapters().get(name)
        target = make_target(self.root, adapter=name, sources=(self.root / first,))
        toolchain = adapter.probe(self._runner, target)
        return adapter.build(target, toolchain, self.builds, self._runner).digest


@pytest.fixture
def tree(tmp_path: Path, launcher_cache: Path) -> Iterator[Tree]:
    runner = LocalRunner(tmp_path / "scratch", launcher_cache)
    yield Tree(tmp_path, runner)
    runner.close()


def test_what_is_hidden_or_installed_is_no_source(tmp_path: Path):
    for name in ("a.js", "lib/b.js", "lib/c.txt", ".harness/d.js", "node_modules/e/f.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    found = sources_below(tmp_path, {".js"})
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["a.js", "lib/b.js"]


@pytest.mark.needs("node")
def test_a_module_in_a_folder_below_is_part_of_an_interpreted_program(tree: Tree):
    tree.write("main.js", "console.log(require('./lib/part'))\n")
    tree.write("lib/part.js", "module.exports = 1\n")
    before = tree.digest("javascript", "main.js")
    assert tree.digest("javascript", "main.js") == before
    tree.write("lib/part.js", "module.exports = 2\n")
    assert tree.digest("javascript", "main.js") != before


@pytest.mark.needs("rustc")
def test_copies_in_the_state_of_the_harness_are_no_part_of_a_crate(tree: Tree):
    tree.write("main.rs", "fn main() {}\n")
    before = tree.digest("rust", "main.rs")
    tree.write(".harness/worktrees/one/main.rs", "fn main() { }\n")
    assert tree.digest("rust", "main.rs") == before


@pytest.mark.needs("javac")
def test_another_name_of_a_file_is_another_build(tree: Tree):
    tree.write("Main.java", "class Main { public static void main(String[] a) {} }\n")
    tree.write("Other.java", "class Part {}\n")
    before = tree.digest("java", "Main.java")
    (tree.root / "Other.java").rename(tree.root / "Part.java")
    assert tree.digest("java", "Main.java") != before
