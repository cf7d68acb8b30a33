"""What decides beside the code: taken at the start, held at every step, its changes on record."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness.campaign.events import Kind
from harness.campaign.folding import fold, states_after
from harness.campaign.logs import optimization_log, summary
from harness.campaign.moves import Tree
from harness.campaign.status import status_text
from harness.campaign.takeover import takeover_text
from harness.errors import NotAllowed
from harness.optimise import Campaign, next_action, plan, start, think, trusting
from harness.optimise.verify import verify
from harness.project.config import load_config
from harness.system.launcher import launching, made_of, protocol


def test_the_start_takes_what_decides(started) -> None:
    trusted = started.campaign.state.trusted
    assert {"harness", "launcher", "python", "startup", "loader", "git config"} <= set(trusted.held)
    assert trusted.held["harness"].digest
    assert trusted.notes == ()
    assert verify(started.campaign, started.bench).ok


def refused(world, words: str, idea) -> None:
    """The next step is refused with these words, and nothing is written."""
    count = len(world.campaign.events)
    with pytest.raises(NotAllowed, match=words) as caught:
        think(world.campaign, idea)
    assert "harness trust --reason" in (caught.value.hint or "")
    assert len(world.campaign.events) == count
    assert any(
        "what decides has changed" in p for p in verify(world.campaign, world.bench).problems
    )


def test_a_filter_of_gits_is_refused_until_it_is_accepted(started, thought, planned) -> None:
    started.shell("config", "filter.evil.smudge", "sed s/100/1/")
    refused(started, "git's settings that change contents", thought())
    advice = next_action(started.campaign)
    assert (advice.action, advice.command.partition(" --")[0]) == ("TRUST", "harness trust")
    assert "git's settings that change contents" in advice.why
    trusting.accept(started.campaign, "large files are kept by it")
    assert next_action(started.campaign).action == "THINK"
    think(started.campaign, thought())
    plan(started.campaign, planned())
    state = started.campaign.state
    assert [change.reason for change in state.trust_changes] == ["large files are kept by it"]
    for text in (optimization_log(state), summary(state)):
        assert (
            "## What decides\n- git changes contents by filters: filter.evil.smudge\n- changed: git"
            in text
        )
        assert "(accepted: large files are kept by it)" in text
    assert "what decides: changed: git config" in status_text(state, next_action(started.campaign))
    found = verify(started.campaign, started.bench)
    assert found.ok
    assert any("changed: git config" in remark for remark in found.remarks)


def test_a_filter_that_is_taken_away_again_is_nothing(started, thought) -> None:
    started.shell("config", "filter.evil.smudge", "sed s/100/1/")
    refused(started, "git's settings", thought())
    started.shell("config", "--remove-section", "filter.evil")
    think(started.campaign, thought())
    assert started.campaign.state.trust_changes == ()


def test_settings_that_decide_nothing_may_change(started, thought) -> None:
    started.shell("config", "user.name", "Somebody Else")
    started.shell("config", "color.ui", "never")
    think(started.campaign, thought())
    assert started.campaign.state.trust_changes == ()


def test_a_hook_is_recorded(started, thought) -> None:
    hook = started.root / ".git" / "hooks" / "post-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o755)
    think(started.campaign, thought())
    assert [e.kind for e in started.campaign.events[-2:]] == [Kind.TRUSTED, Kind.THOUGHT]
    assert "changed: git hooks: git's hooks" in optimization_log(started.campaign.state)
    plan_count = len(started.campaign.state.trust_changes)
    trusting.check(started.campaign)
    assert len(started.campaign.state.trust_changes) == plan_count == 1


def test_a_plugin_of_somebody_elses_is_named(
    started, thought, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = tmp_path / "site" / "stranger-1.2.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.2\n")
    (facts / "entry_points.txt").write_text("[harness.plugins]\nstrange = stranger\n")
    (facts.parent / "stranger.py").write_text("")
    monkeypatch.syspath_prepend(str(facts.parent))
    refused(started, "plugin stranger: it was not there before", thought())
    trusting.accept(started.campaign, "it measures energy")
    state = started.campaign.state
    standing = takeover_text(state, next_action(started.campaign), Tree(""))
    assert "what decides: plugins of other packages are installed: plugin stranger" in standing
    found = verify(started.campaign, started.bench)
    assert found.ok
    assert (
        "in force here, and not the harness's own: plugin stranger 1.2 (stranger)" in found.remarks
    )


def test_a_replaced_launcher_is_refused(
    world, thought, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "SHIPPED", tmp_path)
    launcher = tmp_path / made_of.launcher_name(os.uname().machine)
    works = f"#!/bin/sh\necho {protocol.VERSION}\n"
    launcher.write_text(works)
    launcher.chmod(0o755)
    start(world.campaign, world.bench)
    launcher.write_text(f"{works}# and more\n")
    with pytest.raises(NotAllowed, match="the launcher, which starts and times every trial"):
        trusting.check(world.campaign)
    launcher.write_text(works)
    trusting.check(world.campaign)


def test_a_compiler_earlier_on_path_is_refused_and_an_upgraded_one_is_recorded(
    world, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, says in (("usual", "tool 1"), ("earlier", "tool 1")):
        path = tmp_path / name / "tool"
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\necho {says}\n")
        path.chmod(0o755)
    usual = f"{tmp_path / 'usual'}:{os.environ['PATH']}"
    monkeypatch.setenv("PATH", usual)
    monkeypatch.setattr(world.bench, "programs", lambda: ("tool",), raising=False)
    start(world.campaign, world.bench)
    monkeypatch.setenv("PATH", f"{tmp_path / 'earlier'}:{usual}")
    with pytest.raises(NotAllowed, match=r"program tool: .*/usual/tool -> .*/earlier/tool"):
        trusting.check(world.campaign)
    monkeypatch.setenv("PATH", usual)
    (tmp_path / "usual" / "tool").write_text("#!/bin/sh\n# swapped\necho tool 1\n")
    with pytest.raises(NotAllowed, match="a program of the toolchain changed"):
        trusting.check(world.campaign)
    (tmp_path / "usual" / "tool").write_text("#!/bin/sh\necho tool 2\n")
    trusting.check(world.campaign)
    (change,) = world.campaign.state.trust_changes
    assert change.changes == ("program tool: a program of the toolchain: tool 1 -> tool 2",)


def test_code_from_pythonpath_is_refused(world, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    with pytest.raises(NotAllowed, match="would run inside of the harness"):
        start(world.campaign, world.bench)
    monkeypatch.delenv("PYTHONPATH")
    start(world.campaign, world.bench)
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    with pytest.raises(NotAllowed, match="would run inside of the harness"):
        trusting.check(world.campaign)


def test_another_machine_takes_it_anew(started, monkeypatch: pytest.MonkeyPatch) -> None:
    here = trusting.read_host()
    monkeypatch.setattr(trusting, "read_host", lambda: replace(here, id="another"))
    trusting.check(started.campaign)
    (change,) = started.campaign.state.trust_changes
    assert "on another machine" in change.changes[0]
    assert started.campaign.state.trusted.host == "another"


def test_a_campaign_of_before_has_nothing_to_be_held_against(started) -> None:
    campaign = started.campaign
    first = campaign.events[0]
    without = {key: value for key, value in first.data.items() if key != "trusted"}
    old = [replace(first, data=without)]
    campaign.events, campaign.progress = old, fold(old)
    started.shell("config", "filter.evil.smudge", "sed s/100/1/")
    trusting.check(campaign)
    assert states_after(old)[-1].trusted is None
    assert "What decides" not in optimization_log(campaign.state)
    with pytest.raises(NotAllowed, match="begun before"):
        trusting.accept(campaign, "why")


def test_there_is_nothing_to_accept_where_nothing_changed(started) -> None:
    with pytest.raises(NotAllowed, match="nothing to accept"):
        trusting.accept(started.campaign, "why")


def test_another_configuration_is_refused(started, thought) -> None:
    other = started.root / "other.toml"
    shutil.copy(started.root / "harness.toml", other)
    campaign = Campaign(load_config(other), "work")
    with pytest.raises(NotAllowed, match=r"the configuration .*: harness.toml -> other.toml"):
        think(campaign, thought())


def with_data(world, declared: str) -> None:
    """The campaign's target with data that git ignores or does not have."""
    config = world.root / "harness.toml"
    config.write_text(config.read_text().replace("sources =", f"{declared}\nsources ="))
    (world.root / ".gitignore").write_text(".harness/\ndata/\n")
    (world.root / "data").mkdir()
    (world.root / "data" / "stars.csv").write_text("1\n")
    world.shell("add", "-A")
    world.shell("commit", "-q", "-m", "data")


def test_ignored_data_that_are_swapped_are_refused(world, thought) -> None:
    with_data(world, 'inputs = ["data/stars.csv"]')
    start(world.campaign, world.bench)
    (world.root / "data" / "stars.csv").write_text("2\n")
    with pytest.raises(NotAllowed, match="inputs: data that the target reads"):
        trusting.check(world.campaign)
    (world.root / "data" / "stars.csv").write_text("1\n")
    trusting.check(world.campaign)


def test_data_beside_a_setup_are_recorded(world) -> None:
    with_data(world, 'inputs = ["data/stars.csv"]\nsetup = [["true"]]')
    start(world.campaign, world.bench)
    (world.root / "data" / "stars.csv").write_text("2\n")
    trusting.check(world.campaign)
    assert "made inputs" in world.campaign.state.trust_changes[0].changes[0]


def test_what_a_link_leads_to_outside_of_the_tree_is_held(world, tmp_path: Path) -> None:
    (tmp_path / "table.h").write_text("one")
    (world.root / "table.h").symlink_to(tmp_path / "table.h")
    world.shell("add", "-A")
    world.shell("commit", "-q", "-m", "a link")
    start(world.campaign, world.bench)
    (tmp_path / "table.h").write_text("two")
    with pytest.raises(NotAllowed, match="links lead to outside of the tree"):
        trusting.check(world.campaign)


def test_a_file_that_was_untracked_at_the_start_may_change_and_that_is_recorded(world) -> None:
    (world.root / "mine.txt").write_text("one")
    start(world.campaign, world.bench)
    (world.root / "mine.txt").write_text("two")
    (world.root / "new.txt").write_text("of the iteration")
    trusting.check(world.campaign)
    (change,) = world.campaign.state.trust_changes
    assert change.changes[0].startswith("untracked: files that were untracked at the start changed")


def test_what_both_sides_load_is_held_and_what_is_gone_is_not_missed(
    world, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock = tmp_path / "stock"
    stock.mkdir()
    (stock / "string.pyc").write_text("as it was")
    monkeypatch.setattr(world.bench, "libraries", lambda: {"bytecode": (stock,)})
    start(world.campaign, world.bench)
    trusting.check(world.campaign)
    (stock / "string.pyc").write_text("it waits!")
    with pytest.raises(NotAllowed, match="bytecode: the bytecode of the interpreter's own folders"):
        trusting.check(world.campaign)
    stock.rename(tmp_path / "gone")
    trusting.check(world.campaign)
    assert not world.campaign.state.trust_changes
