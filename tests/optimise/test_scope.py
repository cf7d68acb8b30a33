"""A campaign in a part of a monorepo: edits elsewhere do not block it, and are not its own."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest

from harness.campaign.state import Step
from harness.errors import ConfigError
from harness.optimise import (
    BenchOptions,
    abandon,
    bench_candidate,
    check_candidate,
    commit,
    decide,
    finish,
    log,
    next_action,
    plan,
    restore,
    revert,
    run_profile,
    start,
    think,
)
from harness.optimise.terms import terms_of
from harness.project.config import load_config
from harness.system.git.writing import Git
from tests.optimise.conftest import (
    CONFIG,
    FakeWorkbench,
    World,
    begin,
    make_plan,
    make_thought,
    parse,
)


@pytest.fixture
def mono(world, tmp_path, monkeypatch):
    """A repository with a neighbour, and the campaign in the folder `svc`."""
    top = tmp_path / "mono"
    (top / "svc").mkdir(parents=True)
    (top / "other").mkdir()
    (top / "other" / "code.txt").write_text("as committed\n")
    subprocess.run(["git", "init", "-q", "--initial-branch=main"], cwd=top, check=True)
    made = World(top / "svc", FakeWorkbench(top / "svc"))
    begin(made)
    shutil.rmtree(top / "svc" / ".git")
    made.shell("add", "-A", "..")
    made.shell("commit", "--quiet", "-m", "The neighbour")

    def below(bench, revision):
        return parse(Git(bench.root).read_file(revision, "svc/work.txt").decode())

    monkeypatch.setattr(FakeWorkbench, "at", below)
    return made


def elsewhere(world):
    return world.root.parent / "other" / "code.txt"


def edit_elsewhere(world, text="edited by a colleague\n"):
    elsewhere(world).write_text(text)
    (world.root.parent / "other" / "new.txt").write_text("new\n")


def kept(world, note, **changes):
    run_profile(world.campaign, world.bench)
    think(world.campaign, make_thought())
    plan(world.campaign, make_plan())
    world.write(**changes)
    check_candidate(world.campaign, world.bench, full=False)
    bench_candidate(world.campaign, world.bench, BenchOptions())
    log(world.campaign, note)


def test_edits_elsewhere_neither_block_nor_are_committed_nor_lost(mono, note):
    edit_elsewhere(mono)
    start(mono.campaign, mono.bench)
    assert mono.campaign.state.agreed.scope == ("svc",)
    edit_elsewhere(mono, "edited again\n")
    mono.shell("add", ":/other/code.txt")
    kept(mono, note, time=50, full=500)
    commit(mono.campaign)
    decide(mono.campaign, exhausted="enough")
    done = finish(mono.campaign, mono.bench)
    assert done.merged
    changed = mono.shell("diff", "--name-only", "pre-optimization", "HEAD", "--", ":/other").split()
    assert changed == []
    assert elsewhere(mono).read_text() == "edited again\n"
    assert (elsewhere(mono).parent / "new.txt").read_text() == "new\n"


def test_what_is_staged_elsewhere_stays_staged_and_is_no_part_of_an_attempt(mono, note):
    start(mono.campaign, mono.bench)
    edit_elsewhere(mono)
    mono.shell("add", ":/other")
    run_profile(mono.campaign, mono.bench)
    think(mono.campaign, make_thought())
    plan(mono.campaign, make_plan())
    mono.write(output="wrong")
    check_candidate(mono.campaign, mono.bench, full=False)
    log(mono.campaign, note)
    revert(mono.campaign)
    assert mono.campaign.state.step is Step.DECIDE
    attempt = mono.campaign.state.iterations[0].attempt
    assert mono.git.diff_names("HEAD~1", attempt) == ("svc/work.txt",)
    assert set(mono.git.staged()) == {"other/code.txt", "other/new.txt"}
    assert elsewhere(mono).read_text() == "edited by a colleague\n"


def test_restore_and_the_advice_speak_of_the_scope_alone(mono):
    start(mono.campaign, mono.bench)
    edit_elsewhere(mono)
    assert next_action(mono.campaign).action == "PROFILE"
    mono.write(time=70)
    assert next_action(mono.campaign).action == "RESTORE"
    assert restore(mono.campaign).paths == ("svc/work.txt",)
    assert elsewhere(mono).read_text() == "edited by a colleague\n"


def test_a_start_cleans_its_own_files_alone(mono):
    edit_elsewhere(mono)
    mono.write(time=90)
    advice = next_action(mono.reader)
    assert advice.action == "CLEAN"
    subprocess.run(["sh", "-c", advice.command], cwd=mono.root, check=True)
    assert mono.git.changes().tracked == ("other/code.txt",)
    assert next_action(mono.reader).action == "START"


def test_what_the_merge_would_overwrite_elsewhere_is_put_away_first(mono, note):
    start(mono.campaign, mono.bench)
    kept(mono, note, time=50, full=500)
    commit(mono.campaign)
    decide(mono.campaign, exhausted="enough")
    finish(mono.campaign, mono.bench, merge=False)
    mono.shell("switch", "--quiet", "main")
    edit_elsewhere(mono, "main goes on\n")
    mono.shell("commit", "--quiet", "-am", "Meanwhile")
    mono.shell("switch", "--quiet", "optimization")
    edit_elsewhere(mono, "mine\n")
    advice = next_action(mono.reader)
    assert advice.action == "CLEAN"
    assert "other/code.txt" in advice.why
    assert shlex.split(advice.command)[:3] == ["git", "stash", "push"]
    subprocess.run(["sh", "-c", advice.command], cwd=mono.root, check=True)
    assert next_action(mono.reader).action == "FINISH"
    assert finish(mono.campaign, mono.bench).merged
    assert mono.shell("show", "stash@{0}:other/code.txt") == "mine\n"


def test_abandoning_leaves_edits_elsewhere_where_they_are(mono):
    start(mono.campaign, mono.bench)
    edit_elsewhere(mono)
    mono.write(time=60)
    abandon(load_config(mono.root / "harness.toml"), "work")
    assert mono.git.branch() == "main"
    assert elsewhere(mono).read_text() == "edited by a colleague\n"
    assert mono.bench.here()["time"] == "100"


def test_what_is_run_around_trials_is_protected(world):
    (world.root / "reset.sh").write_text("rm -f cache\n")
    text = CONFIG.replace(
        'sources = ["work.txt"]', 'sources = ["work.txt"]\nprepare = [["sh", "reset.sh"]]'
    )
    (world.root / "harness.toml").write_text(text)
    assert "reset.sh" in terms_of(world.reader).protect


class TestWhatTheScopeIs:
    def scope(self, world, extra="", target=""):
        text = CONFIG.replace('sources = ["work.txt"]', f'sources = ["work.txt"]\n{target}')
        (world.root / "harness.toml").write_text(text + extra)
        return terms_of(world.reader).scope

    def test_the_folder_of_the_configuration_by_default(self, mono):
        assert self.scope(mono) == ("svc",)

    def test_the_whole_repository_where_the_configuration_lies_at_its_top(self, world):
        assert self.scope(world) == ()

    @pytest.mark.parametrize(
        "target",
        [
            'inputs = ["../other/code.txt"]',
            'setup = [["make", "-C", "../other"]]',
            'env = { LIBRARY = "x:../other" }',
        ],
    )
    def test_the_whole_repository_where_the_target_names_what_lies_elsewhere(self, mono, target):
        assert self.scope(mono, target=target) == ()

    def test_what_harness_toml_says(self, mono):
        assert self.scope(mono, 'scope = [".", "../other"]') == ("svc", "other")
        assert self.scope(mono, 'scope = [".."]') == ()

    def test_a_source_outside_of_it_is_refused(self, mono):
        with pytest.raises(ConfigError, match=r"svc/work\.txt, a source"):
            self.scope(mono, 'scope = ["../other"]')

    def test_a_path_outside_of_the_repository_is_refused(self, mono):
        with pytest.raises(ConfigError, match="leads out of the repository"):
            self.scope(mono, 'scope = ["../.."]')
