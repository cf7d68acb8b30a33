"""What would hide a change from git hides none from the harness."""

import os
import time
import zlib
from pathlib import Path

import pytest

from harness.system.git.in_force import in_force
from harness.system.git.listing import listing_at, listing_here
from harness.system.git.objects import damaged_objects
from harness.system.git.writing import Git


@pytest.mark.parametrize("flag", ["--skip-worktree", "--assume-unchanged"])
def test_flags_of_the_index_hide_no_change(repository, flag: str) -> None:
    repository.sh(f"git update-index {flag} a s/b")
    repository.write("a", "changed\n")
    git = Git(repository.path)
    assert repository.sh("git status --porcelain") == ""
    assert git.changes().tracked == ("a",)
    assert listing_here(git)["a"] != listing_at(git, "HEAD")["a"]
    assert git.tree() != repository.sh("git rev-parse HEAD^{tree}")
    commit = git.commit_paths(["a"], "kept")
    assert git.read_file(commit, "a") == b"changed\n"
    assert git.changes().clean


def test_a_sparse_checkout_is_no_change(repository) -> None:
    repository.sh("git sparse-checkout set --no-cone /a")
    git = Git(repository.path)
    assert not (repository.path / "s").exists()
    assert git.changes().clean
    assert listing_here(git) == listing_at(git, "HEAD")


@pytest.mark.parametrize(
    "setting", ["core.trustctime=false", "core.checkStat=minimal", "core.ignoreStat=true"]
)
def test_a_change_with_the_old_size_and_time_is_seen(repository, setting: str) -> None:
    path = repository.path / "a"
    os.utime(path, ns=(10**18, 10**18))
    repository.sh(f"git config {setting.replace('=', ' ')} && git update-index --refresh")
    known = int(path.stat().st_ctime)
    while int(path.stat().st_ctime) == known:  # git compares whole seconds
        time.sleep(0.05)
        path.write_text("two\n")
        os.utime(path, ns=(10**18, 10**18))
    assert Git(repository.path).changes().tracked == ("a",)


def test_replace_refs_and_grafts_are_ignored(repository) -> None:
    first = repository.head()
    repository.write("a", "two\n")
    second = repository.commit()
    blob = repository.sh("git rev-parse HEAD:a")
    other = repository.sh("echo evil | git hash-object -w --stdin")
    repository.sh(f"git replace {blob} {other}")
    (repository.path / ".git" / "info" / "grafts").write_text(f"{second}\n")
    git = Git(repository.path)
    assert repository.sh("git show HEAD:a 2>/dev/null") == "evil"
    assert git.read_file("HEAD", "a") == b"two\n"
    assert git.is_ancestor(first, second)


def overwrite(repository, name: str, kind: str, content: bytes) -> None:
    path: Path = repository.path / ".git" / "objects" / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_bytes(zlib.compress(f"{kind} {len(content)}\0".encode() + content))


def test_an_overwritten_object_is_named(repository) -> None:
    git = Git(repository.path)
    assert damaged_objects(git, [repository.head()]) == {}
    blob = repository.sh("git rev-parse HEAD:s/b")
    overwrite(repository, blob, "blob", b"evil\n")
    assert repository.sh("git show HEAD:s/b") == "evil"
    assert damaged_objects(git, [repository.head()]) == {
        blob: "s/b: its content is that of another object"
    }


def test_an_object_that_cannot_be_unpacked_is_named(repository) -> None:
    blob = repository.sh("git rev-parse HEAD:s/b")
    path = repository.path / ".git" / "objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    path.write_bytes(b"no zlib")
    (words,) = damaged_objects(Git(repository.path), [repository.head()]).values()
    assert words.startswith("s/b: ")


def test_the_objects_of_a_repository_of_sha256_are_looked_at_too(tmp_path, git_settings) -> None:
    git = Git(tmp_path)
    git.run("init", "--quiet", "--object-format=sha256", str(tmp_path))
    (tmp_path / "a").write_text("one\n")
    git.run("add", "a")
    git.run("commit", "--quiet", "-m", "first")
    assert len(git.head()) == 64
    assert damaged_objects(git, [git.head()]) == {}


def test_what_makes_and_checks_signatures_is_in_force_by_content(repository, tmp_path) -> None:
    git = Git(repository.path)
    seen = {in_force(git)["git config"]}
    program, keys = tmp_path / "ssh-keygen", tmp_path / "keys"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    keys.write_text("ada ssh-ed25519 AAAA\n")
    repository.sh("git config gpg.format ssh")
    repository.sh("git config user.signingKey ~/.ssh/id")
    repository.sh(f"git config gpg.ssh.program {program}")
    repository.sh(f"git config gpg.ssh.allowedSignersFile {keys}")
    seen.add(in_force(Git(repository.path))["git config"])
    program.write_text("#!/bin/sh\nexit 1\n")
    seen.add(in_force(Git(repository.path))["git config"])
    keys.write_text("eve ssh-ed25519 BBBB\n")
    seen.add(in_force(Git(repository.path))["git config"])
    repository.sh("git config gpg.format openpgp")
    seen.add(in_force(Git(repository.path))["git config"])
    assert len(seen) == 5


def test_what_is_in_force_is_known_to_a_user_without_a_home(repository, monkeypatch) -> None:
    git = Git(repository.path)
    (git.common_dir / "info").mkdir(exist_ok=True)
    (git.common_dir / "info" / "attributes").write_text("* -text\n")

    def no_entry(_: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", no_entry)
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    (attributes,) = in_force(git)["git attributes"]
    assert attributes.endswith("* -text\n")
