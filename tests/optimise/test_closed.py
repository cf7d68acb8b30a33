"""Records that may not be read: what is said names the file and the way in, and nothing is lost.

Nothing is closed to root: there a child process gives its rights up first.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from harness.errors import DataClosed, HarnessError
from harness.optimise import abandon, next_action
from harness.optimise.verify import verify
from harness.project.config import load_config
from tests.optimise.conftest import World, copy_of, name_the_author

NOBODY = 65534


@pytest.fixture
def open_world(templates, monkeypatch):
    """A campaign in a folder that every user may enter."""
    name_the_author(monkeypatch)
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("XDG_STATE_HOME", str(place / "state"))
    yield copy_of(templates["started"], place / "repo")
    shutil.rmtree(place)


def as_a_user(world: World, action) -> HarnessError | None:
    """The error of an action by a user who owns the project and is not root."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            if os.geteuid() == 0:
                for path in (world.root.parent, *world.root.parent.rglob("*")):
                    os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            try:
                action(world)
            except HarnessError as problem:
                words = f"{type(problem).__name__}\0{problem.message}\0{problem.hint}"
                os.write(write, words.encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as file:
        said = file.read().decode()
    os.waitpid(child, 0)
    if not said:
        return None
    name, message, hint = said.split("\0")
    error = {"DataClosed": DataClosed}.get(name, HarnessError)(message, hint=hint)
    error.add_note(name)
    return error


ACTIONS = {
    "verify": lambda world: verify(world.reader, world.bench),
    "next": lambda world: next_action(world.reader),
    "abandon": lambda world: abandon(load_config(world.root / "harness.toml"), "work"),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("folder", ["optim", "optim/runs", ".harness/campaigns/work"])
def test_a_closed_folder_is_named_with_the_way_in_and_nothing_is_touched(
    open_world, folder, action
):
    closed = open_world.root / folder
    closed.mkdir(exist_ok=True)
    (closed / "kept").write_text("kept\n")
    verify(open_world.reader, open_world.bench)  # what is imported late is there afterwards
    before = sorted(open_world.root.rglob("*"))
    closed.chmod(0o000)
    problem = as_a_user(open_world, ACTIONS[action])
    assert isinstance(problem, DataClosed), problem
    assert str(closed) in problem.message
    assert problem.hint.endswith(f"chmod u+rwX {closed}")
    closed.chmod(0o755)
    assert [p for p in before if not p.exists()] == []
    assert (closed / "kept").read_text() == "kept\n"


def test_a_closed_journal_is_kept_by_abandon_and_not_called_damaged_before(open_world):
    journal = open_world.root / "optim" / "events.jsonl"
    content = journal.read_bytes()
    verify(open_world.reader, open_world.bench)
    journal.chmod(0o000)
    problem = as_a_user(open_world, ACTIONS["next"])
    assert isinstance(problem, DataClosed), problem
    assert problem.hint == (
        f"Nothing says that it is damaged. Make it readable: chmod u+rwX {journal}"
    )
    assert as_a_user(open_world, ACTIONS["abandon"]) is None
    kept = open_world.root / ".harness" / "abandoned" / "work-1" / "records" / "events.jsonl"
    kept.chmod(0o600)
    assert kept.read_bytes() == content


def test_a_closed_repository_is_not_called_none(open_world):
    verify(open_world.reader, open_world.bench)
    closed = open_world.root / ".git"
    closed.chmod(0o000)
    for action in ("verify", "next"):
        problem = as_a_user(open_world, ACTIONS[action])
        assert isinstance(problem, DataClosed), problem
        assert problem.hint == f"Make it readable: chmod u+rwX {closed}"
    closed.chmod(0o755)


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("optim/baseline.json", "next"),
        ("optim/optimization_log.md", "next"),
        ("optim/optimization_log.md", "verify"),
        ("work.txt", "next"),
    ],
)
def test_a_single_closed_file_is_named_with_the_way_in(open_world, name, action):
    """Of what git says, too, the error counts, and not its warnings of other files."""
    closed = open_world.root / name
    verify(open_world.reader, open_world.bench)
    closed.write_text(f"{closed.read_text()}\n")  # git reads what is not as it knows it
    closed.chmod(0o000)
    problem = as_a_user(open_world, ACTIONS[action])
    assert isinstance(problem, DataClosed), problem and (problem.__notes__, problem)
    assert f"chmod u+rwX {name}" in problem.hint or f"chmod u+rwX {closed}" in problem.hint
