"""What git answered is known for the length of a command, until something may have changed it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.model import Command
from harness.system.git.listing import listing_here
from harness.system.git.program import GitProgram
from harness.system.git.remembering import Reach, reach, remembering
from harness.system.git.writing import Git
from harness.system.process.calling import Call, call
from harness.system.store.files import write_atomically


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that git was really called with, as they come."""
    seen: list[str] = []
    called = GitProgram._called

    def counted(self, arguments, *others):
        seen.append(arguments[0])
        return called(self, arguments, *others)

    monkeypatch.setattr(GitProgram, "_called", counted)
    return seen


def test_git_is_asked_once_for_what_nothing_has_changed(repository, asked: list[str]) -> None:
    git = Git(repository.path)
    with remembering():
        first = git.changes(), git.head(), git.refs("refs/"), listing_here(git)
        count = len(asked)
        assert (git.changes(), git.head(), git.refs("refs/"), listing_here(git)) == first
        assert (Git(repository.path).resolve("HEAD"), len(asked)) == (first[1], count + 1)
        assert (git.resolve("HEAD"), len(asked)) == (first[1], count + 1)
    git.resolve("HEAD")
    assert len(asked) == count + 2


def _by_a_program(path: Path) -> None:
    call(Call(("sh", "-c", 'echo changed > "$0"', str(path))))


def _by_us(path: Path) -> None:
    write_atomically(path, b"changed\n")


@pytest.mark.parametrize("change", [_by_a_program, _by_us])
def test_a_file_that_is_written_meanwhile_is_seen(
    repository, change: Callable[[Path], None]
) -> None:
    git = Git(repository.path)
    with remembering():
        assert git.changes().tracked == ()
        before = listing_here(git)
        change(repository.path / "a")
        assert git.changes().tracked == ("a",)
        assert listing_here(git) != before


def test_what_a_trial_changes_is_seen(repository, local_runner) -> None:
    git = Git(repository.path)
    with remembering():
        head, hidden = git.head(), git.hidden()
        words = f"cd {repository.path} && echo x > a && git commit -qam x && git update-index"
        local_runner.output(Command(("sh", "-c", f"{words} --assume-unchanged a")))
        assert git.head() != head
        assert git.hidden() != hidden == {}


def test_what_git_itself_changes_is_seen(repository) -> None:
    git = Git(repository.path)
    with remembering():
        assert git.refs("refs/x") == {}
        git.update_ref("refs/x", git.head())
        assert list(git.refs("refs/x")) == ["refs/x"]
        repository.write("a", "new\n")
        assert git.commit_paths(["a"], "new") == git.head()
        assert git.changes().clean


def test_an_answer_of_no_is_asked_again(repository) -> None:
    git = Git(repository.path)
    made = git.snapshot("made before")
    with remembering():
        tree = git.line("write-tree", env={"GIT_INDEX_FILE": str(repository.path / "none")})
        assert not git.has_commit("1" * 40)
        assert git.has_commit(made)
        assert git.line("cat-file", "-t", tree) == "tree"


@pytest.mark.parametrize(
    ("arguments", "env", "wanted"),
    [
        (("for-each-ref", "refs/"), None, Reach.REPOSITORY),
        (("worktree", "list"), None, Reach.REPOSITORY),
        (("worktree", "prune"), None, Reach.CHANGES),
        (("status",), None, Reach.FILES),
        (("ls-files", "--stage"), {"GIT_INDEX_FILE": "x"}, Reach.NOTHING),
        (("add", "--all"), {"GIT_INDEX_FILE": "x"}, Reach.NOTHING),
        (("add", "--all"), None, Reach.CHANGES),
        (("-c", "core.hooksPath=/dev/null", "commit"), None, Reach.CHANGES),
        (("update-ref", "refs/x", "0"), None, Reach.CHANGES),
    ],
)
def test_reach(arguments: tuple[str, ...], env: dict[str, str] | None, wanted: Reach) -> None:
    assert reach(arguments, env) is wanted


def test_what_objects_are_is_asked_once_whatever_ran_since(repository, asked: list[str]) -> None:
    git = Git(repository.path)
    with remembering():
        head = git.head()
        first = git.read_file(head, "a"), git.files_at(head)
        repository.write("a", "new\n")
        assert git.commit_paths(["a"], "new") != head
        asked.clear()
        assert (git.read_file(head, "a"), git.files_at(head)) == first
        assert asked == []
        assert git.read_file("HEAD", "a") == b"new\n"


def test_a_ref_of_ours_that_is_moved_leaves_files_as_they_were(
    repository, asked: list[str]
) -> None:
    git = Git(repository.path)
    with remembering():
        first = git.changes(), listing_here(git)
        git.update_ref("refs/harness/tested/x", git.head())
        asked.clear()
        assert (git.changes(), listing_here(git)) == first
        assert asked == []
        assert list(git.refs("refs/harness/")) == ["refs/harness/tested/x"]


@pytest.mark.parametrize(
    ("words", "settled"),
    [
        (("ls-tree", "-r", "a" * 40, "--", "optim"), True),
        (("cat-file", "blob", f"{'a' * 40}:x"), True),
        (("cat-file", "-e", "a" * 40), False),
        (("cat-file", "blob", "main:x"), False),
        (("diff-tree", "-r", "a" * 40, "main"), False),
        (("rev-parse", "--verify", "HEAD"), False),
        (("rev-parse", "--show-toplevel"), True),
    ],
)
def test_only_what_full_ids_say_is_settled(words: tuple[str, ...], settled: bool) -> None:
    assert (reach(words, None) is Reach.SETTLED) == settled
