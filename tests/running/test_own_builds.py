"""A target's own build runs in a copy of the tree, once for every state of the code."""

import dataclasses
import os
import shutil

import pytest

import harness
from harness.errors import BuildFailed, ConfigError, StorageFailed
from harness.project.config import load_config
from harness.project.revisions import target_at
from harness.running import own_builds
from harness.running.copies import private_copy, settle
from harness.running.session import open_session

TOML = """
[tasks.t.cases.fast]
[targets.p]
task = "t"
adapter = "command"
build = {build}
program = "build/p"
"""
MAKE = '["make", "-s", "build/p"]'
MAKEFILE = "build/p: p.sh\n\tmkdir -p build; cp p.sh build/p; chmod +x build/p\n"
PROGRAM = '#!/bin/sh\ncat "$(dirname "$0")"/../{}\n'


@pytest.fixture
def built(project):
    """A project whose Makefile copies a script into a folder that git ignores."""
    project.write(".gitignore", "build/\n")
    project.write("p.sh", PROGRAM.format("word"))
    project.write("word", "one\n")
    project.write(
        "Makefile", "build/p: p.sh\n\tmkdir -p build; cp p.sh build/p; chmod +x build/p\n"
    )
    project.write("harness.toml", TOML.format(build=MAKE))
    project.commit()
    return project


def made(project, **changes):
    """The target as its adapter is handed it, what it prints, and what was said meanwhile."""
    config = load_config(project.path / "harness.toml")
    with open_session(config, apart=True) as session:
        target = dataclasses.replace(config.target("p"), **changes)
        target = session.orchestrator.set_up(target)
        adapter, build = session.orchestrator.build(target)
        case = config.task("t").case()
        output = session.orchestrator.run_once(adapter, build, case)
        printed = output.stdout.read_text()
        session.orchestrator.runner.discard(output)
        return target, printed


def test_the_tree_of_the_user_stays_as_it_is(built):
    target, printed = made(built)
    assert printed == "one\n"
    assert not (built.path / "build").exists()
    assert target.root.name == "tree"
    assert target.build == ()


def test_an_equal_state_is_built_once(built):
    first, _ = made(built)
    (first.root / "build" / "mark").touch()
    second, _ = made(built)
    assert second.root == first.root
    assert (second.root / "build" / "mark").exists()


def test_a_build_that_changes_its_sources_is_named_in_the_results_each_time(built):
    """One that was made before, too: what it is made of is not what the tree says."""
    built.write("Makefile", MAKEFILE.replace("cp p.sh", "echo '# stamp' >> p.sh; cp p.sh"))
    for _ in range(2):
        result = harness.run("p", config=built.path / "harness.toml", trials=1)
        said = [words for words in result.warnings if "changed its own sources (p.sh)" in words]
        assert len(said) == 1
    assert (built.path / "p.sh").read_text() == PROGRAM.format("word")


def test_another_state_is_built_apart(built):
    first, _ = made(built)
    built.write("word", "two\n")
    second, printed = made(built)
    assert printed == "two\n"
    assert second.root != first.root
    assert (first.root / "word").read_text() == "one\n"


def test_what_git_ignores_in_the_tree_of_the_user_is_not_copied(built):
    built.write("build/p", "#!/bin/sh\necho stale\n")
    (built.path / "build" / "p").chmod(0o755)
    assert made(built)[1] == "one\n"


def test_an_interrupted_build_is_made_anew(built):
    target, _ = made(built)
    folder = target.private_copy[1].parent
    (folder / own_builds.RECORD).unlink()
    (target.root / "build" / "p").write_text("#!/bin/sh\necho half\n")
    assert made(built)[1] == "one\n"


def test_a_build_that_fails_gives_its_words(built):
    built.write("Makefile", "build/p:\n\t@echo no such luck >&2; exit 3\n")
    with pytest.raises(BuildFailed, match="no such luck"):
        made(built)


def test_a_build_that_makes_another_program_says_which(built):
    built.write("harness.toml", TOML.format(build=MAKE).replace('build/p"\n', 'build/q"\n'))
    with pytest.raises(BuildFailed, match=r"without making build/q: it made build/p"):
        made(built)


def test_a_build_that_makes_nothing_says_so(built):
    built.write("harness.toml", TOML.format(build='["true"]'))
    with pytest.raises(BuildFailed, match="it made no program at all"):
        made(built)


def test_several_commands_run_in_turn(built):
    commands = '[["mkdir", "-p", "build"], ["cp", "p.sh", "build/p"], ["chmod", "+x", "build/p"]]'
    built.write("harness.toml", TOML.format(build=commands))
    assert made(built)[1] == "one\n"


def test_a_command_among_lists_is_refused(built):
    built.write("harness.toml", TOML.format(build='["make", ["make"]]'))
    with pytest.raises(ConfigError, match="one command or a list of commands"):
        load_config(built.path / "harness.toml")


def test_a_folder_without_git_is_copied_whole_but_for_our_own(built):
    built.sh("rm -rf .git")
    built.write(".harness/results/x", "not copied")
    target, printed = made(built)
    assert printed == "one\n"
    assert not (target.root / ".harness").exists()


def test_a_tree_too_large_to_copy_is_refused(built, monkeypatch):
    monkeypatch.setattr(own_builds, "MOST_BYTES", 10)
    with pytest.raises(ConfigError, match="files that git does not ignore"):
        made(built)


def test_sources_that_the_build_changes_are_told(built):
    built.write("Makefile", MAKEFILE + "\techo two >word\n")
    target, printed = made(built)
    assert printed == "two\n"
    assert (built.path / "word").read_text() == "one\n"
    record = (target.private_copy[1].parent / own_builds.RECORD).read_text()
    assert '"changed": ["word"]' in record
    assert own_builds.own_build_ns(target) > 0


def test_few_builds_are_kept(built, monkeypatch):
    monkeypatch.setattr(own_builds, "KEPT", 1)
    first, _ = made(built)
    old = first.private_copy[1].parent
    os.utime(old / own_builds.RECORD, (0, 0))
    built.write("word", "two\n")
    second, _ = made(built)
    assert not old.exists()
    assert second.root.is_dir()


def test_two_revisions_are_built_side_by_side(built):
    first = built.sh("git rev-parse HEAD")
    built.write("word", "two\n")
    built.commit("second")
    config = load_config(built.path / "harness.toml")
    with open_session(config, apart=True) as session:
        roots = []
        for revision in (first, "HEAD"):
            with private_copy(session, config, revision) as copy:
                target = settle(session, copy, target_at(config, "p", copy.root), revision)
            roots.append(target.root)
    assert [(root / "word").read_text() for root in roots] == ["one\n", "two\n"]
    assert all((root / "build" / "p").is_file() for root in roots)


def test_another_compiler_of_the_environment_is_another_build(built, monkeypatch):
    built.write("Makefile", MAKEFILE + "\techo $(CC) >word\n")
    monkeypatch.setenv("CC", "one-cc")
    assert made(built)[1] == "one-cc\n"
    monkeypatch.setenv("CC", "other-cc")
    assert made(built)[1] == "other-cc\n"


def test_a_tree_that_changes_while_it_is_copied_is_not_built(built, monkeypatch):
    copy_to = own_builds.SourceTree.copy_to

    def edited_first(tree, folder):
        built.write("word", "two\n")
        copy_to(tree, folder)

    monkeypatch.setattr(own_builds.SourceTree, "copy_to", edited_first)
    with pytest.raises(BuildFailed, match="changed while they were copied"):
        made(built)
    monkeypatch.undo()
    built.write("word", "one\n")
    assert made(built)[1] == "one\n"


def test_builds_that_failed_are_removed_too(built, monkeypatch):
    monkeypatch.setattr(own_builds, "KEPT", 1)
    built.write("Makefile", "build/p:\n\t@exit 3\n")
    with pytest.raises(BuildFailed):
        made(built)
    (failed,) = (built.path / ".harness" / "builds" / "own").iterdir()
    os.utime(failed, (0, 0))
    built.write("Makefile", MAKEFILE)
    made(built)
    assert not failed.exists()


def test_who_waited_for_a_build_that_is_removed_locks_its_successor(tmp_path, monkeypatch):
    folder = tmp_path / "build"
    wait_for_lock = own_builds.wait_for_lock
    waits = []

    def removed_meanwhile(file):
        wait_for_lock(file)
        waits.append(file)
        if len(waits) == 1:
            shutil.rmtree(folder)

    monkeypatch.setattr(own_builds, "wait_for_lock", removed_meanwhile)
    file = own_builds._locked(folder)
    try:
        assert len(waits) == 2
        assert os.path.samestat(os.fstat(file), (folder / own_builds.LOCK).stat())
    finally:
        os.close(file)


def test_a_pipe_in_the_tree_is_left_out(built):
    built.sh("rm -rf .git")
    os.mkfifo(built.path / "pipe")
    assert made(built)[1] == "one\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_cannot_be_read_is_named(built):
    built.write("closed", "secret")
    (built.path / "closed").chmod(0)
    with pytest.raises(StorageFailed, match=r"cannot copy .*closed"):
        made(built)


def test_a_compiler_upgraded_in_place_is_another_build(built, tmp_path, monkeypatch):
    tools = tmp_path / "tools"
    tools.mkdir()
    compiler = tools / "cc"
    compiler.write_text("#!/bin/sh\n# version 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    first, _ = made(built)
    assert made(built)[0].root == first.root
    compiler.write_text("#!/bin/sh\n# version 2, in the same place\n")
    assert made(built)[0].root != first.root


def test_the_build_of_the_user_s_own_is_what_the_build_took(built):
    config = load_config(built.path / "harness.toml")
    with open_session(config, apart=True) as session:
        _, build = session.orchestrator.once.made(config.target("p"))
    assert build.build_ns == own_builds.own_build_ns(build.target) > 0


def test_the_tree_is_read_once_for_all_cases_and_modes_of_a_run(built, monkeypatch):
    config, seen = load_config(built.path / "harness.toml"), []
    states = own_builds.SourceTree.states
    monkeypatch.setattr(
        own_builds.SourceTree, "states", lambda tree, at=None: seen.append(at) or states(tree, at)
    )
    with open_session(config, apart=True) as session:
        once = session.orchestrator.once
        first = once.made(config.target("p"))
        read = len(seen)
        assert once.made(config.target("p")) is first
        assert len(seen) == read
        once.forget()
        once.made(config.target("p"))
        assert len(seen) == read + 1
