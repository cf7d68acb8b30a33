"""What is written for agents: beside a user's words, never over them."""

from __future__ import annotations

import pytest

from harness.errors import ExitCode, UsageError
from harness.optimise.agent_files import AGENT_NAMES, Fate, install
from harness.optimise.agent_texts import AGENTS, COMPARE, OPTIMISE


def fates(made):
    return {file.path: file.fate for file in made.files}


def test_a_bare_project_gets_notes_and_skills_and_a_second_call_changes_nothing(tmp_path):
    made = install(tmp_path, ["agents", "claude"])
    assert set(fates(made).values()) == {Fate.WRITTEN}
    assert len(made.files) == 6
    assert AGENTS in (tmp_path / "AGENTS.md").read_text()
    assert AGENTS in (tmp_path / "CLAUDE.md").read_text()
    for name, text in (("harness-optimise", OPTIMISE), ("harness-compare", COMPARE)):
        skill = (tmp_path / f".claude/skills/{name}/SKILL.md").read_text()
        assert skill.startswith(f"---\nname: {name}\n")
        assert text in skill
    again = install(tmp_path, ["agents", "claude"])
    assert set(fates(again).values()) == {Fate.UNCHANGED}
    assert again.exit_code is ExitCode.FINE


def test_a_user_s_words_stay_around_the_block(tmp_path):
    notes = tmp_path / "AGENTS.md"
    notes.write_text("# Ours\n\nUse tabs.\n")
    assert fates(install(tmp_path))["AGENTS.md"] is Fate.UPDATED
    notes.write_text(notes.read_text() + "\nAnd never sleep.\n")
    assert fates(install(tmp_path))["AGENTS.md"] is Fate.UNCHANGED
    assert notes.read_text().startswith("# Ours\n\nUse tabs.\n\n<!-- harness ")
    assert notes.read_text().endswith("<!-- /harness -->\n\nAnd never sleep.\n")


def test_an_older_text_of_ours_is_replaced(tmp_path, monkeypatch):
    notes = tmp_path / "AGENTS.md"
    notes.write_text("# Ours\n")
    with monkeypatch.context() as patch:
        patch.setattr("harness.optimise.agent_files.AGENTS", "# Older\n")
        patch.setattr("harness.optimise.agent_files._SKILLS", {"harness-compare": "older\n"})
        install(tmp_path)
    notes.write_text(notes.read_text() + "more\n")
    made = fates(install(tmp_path))
    assert made["AGENTS.md"] is made[".agents/skills/harness-compare/SKILL.md"] is Fate.UPDATED
    text = notes.read_text()
    assert text.startswith("# Ours\n")
    assert text.endswith("more\n")
    assert "# Older" not in text
    assert text.count("<!-- harness ") == 1


def test_notes_of_an_earlier_version_without_marks_are_not_doubled(tmp_path):
    (tmp_path / "AGENTS.md").write_text(f"# Ours\n\n{AGENTS}\n# More\n")
    install(tmp_path)
    assert (tmp_path / "AGENTS.md").read_text().count(AGENTS) == 1


@pytest.mark.parametrize("changed", ["AGENTS.md", ".agents/skills/harness-compare/SKILL.md"])
def test_what_was_changed_by_hand_stays(tmp_path, changed):
    install(tmp_path)
    path = tmp_path / changed
    path.write_text(path.read_text().replace("drift", "DRIFT"))
    before = path.read_text()
    made = install(tmp_path)
    assert fates(made)[changed] is Fate.LEFT
    assert path.read_text() == before
    assert made.exit_code is ExitCode.ANSWER_IS_NO


def test_a_skill_of_somebody_else_s_stays(tmp_path):
    path = tmp_path / ".agents/skills/harness-optimise/SKILL.md"
    path.parent.mkdir(parents=True)
    path.write_text("mine\n")
    assert fates(install(tmp_path))[".agents/skills/harness-optimise/SKILL.md"] is Fate.LEFT
    assert path.read_text() == "mine\n"


@pytest.mark.parametrize(
    "text",
    [
        "<!-- harness 0123456789abcdef -->\nx\n",
        "x\n<!-- /harness -->\n",
        "<!-- harness 0123456789abcdef -->\nx\n<!-- /harness -->\n",
    ],
)
def test_broken_marks_are_left_alone(tmp_path, text):
    (tmp_path / "AGENTS.md").write_text(text)
    assert fates(install(tmp_path))["AGENTS.md"] is Fate.LEFT
    assert (tmp_path / "AGENTS.md").read_text() == text


def test_a_link_to_the_other_notes_is_written_once_and_stays_a_link(tmp_path):
    (tmp_path / "AGENTS.md").write_text("# Ours\n")
    (tmp_path / "CLAUDE.md").symlink_to("AGENTS.md")
    made = install(tmp_path, ["agents", "claude"])
    assert "CLAUDE.md" not in fates(made)
    assert (tmp_path / "CLAUDE.md").is_symlink()
    assert (tmp_path / "AGENTS.md").read_text().count("<!-- harness ") == 1


def test_nothing_is_written_out_of_the_project(tmp_path):
    outside = tmp_path / "outside.md"
    project = tmp_path / "project"
    project.mkdir()
    (project / "AGENTS.md").symlink_to(outside)
    (project / ".agents").symlink_to(tmp_path)
    made = install(project)
    assert set(fates(made).values()) == {Fate.LEFT}
    assert not outside.exists()
    assert not (tmp_path / "skills").exists()


def test_what_is_no_text_and_no_file_is_left_alone(tmp_path):
    (tmp_path / "AGENTS.md").write_bytes(b"\xff\xfe")
    (tmp_path / "CLAUDE.md").mkdir()
    made = fates(install(tmp_path, ["agents", "claude"]))
    assert made["AGENTS.md"] is made["CLAUDE.md"] is Fate.LEFT
    assert (tmp_path / "AGENTS.md").read_bytes() == b"\xff\xfe"


def test_every_agent_can_be_asked_for_and_no_other(tmp_path):
    assert install(tmp_path, AGENT_NAMES).exit_code is ExitCode.FINE
    with pytest.raises(UsageError):
        install(tmp_path, ["nobody"])
