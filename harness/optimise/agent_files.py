"""What is written into a project for the agents that work there, and never over a user's text.

A file that is a skill is ours as long as nobody changed it: its last line holds the digest of all
before. In an AGENTS.md and its like, which belong to the user, our words stand between two marks,
of which the first holds the digest of what is between. What was changed by hand stays.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Any

from harness.errors import ExitCode, NotAllowed, UsageError
from harness.frozen import dataclass
from harness.model.jsonable import jsonable
from harness.optimise.agent_texts import AGENTS, COMPARE, OPTIMISE
from harness.optimise.campaign import Campaign
from harness.system.store.files import read_given, storage_errors, write_atomically

_SKILLS = {"harness-optimise": OPTIMISE, "harness-compare": COMPARE}
_FOLDERS = {"agents": ".agents/skills", "claude": ".claude/skills"}
_NOTES = {
    "agents": "AGENTS.md",
    "claude": "CLAUDE.md",
    "copilot": ".github/copilot-instructions.md",
    "gemini": "GEMINI.md",
}

AGENT_NAMES = tuple(_NOTES)
"""Whom files can be written for; `agents` is what most of them read: AGENTS.md."""

_BLOCK = re.compile(r"<!-- harness ([0-9a-f]{16}) -->\n(.*?)<!-- /harness -->\n?", re.DOTALL)
_SEAL = re.compile(r"(.*)<!-- harness skills install ([0-9a-f]{16}) -->\n?", re.DOTALL)
_MOST_BYTES = 4 * 2**20


class Fate(Enum):
    """What became of a file."""

    WRITTEN = "written"
    UPDATED = "updated"
    UNCHANGED = "as it should be"
    LEFT = "left alone"


@dataclass(frozen=True, slots=True)
class AgentFile:
    """A file for agents, and what became of it."""

    path: str
    """Below the project's folder."""
    fate: Fate
    why: str = ""
    """Why it was left alone."""


@dataclass(frozen=True, slots=True)
class AgentFiles:
    """What one call of `harness skills install` did."""

    folder: Path
    files: tuple[AgentFile, ...]

    @property
    def left(self) -> tuple[AgentFile, ...]:
        """Those that were left alone."""
        return tuple(file for file in self.files if file.fate is Fate.LEFT)

    @property
    def exit_code(self) -> ExitCode:
        """1 where something is not there as it should be."""
        return ExitCode.ANSWER_IS_NO if self.left else ExitCode.FINE

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness skills install --json`."""
        return {"folder": str(self.folder), "files": jsonable(self.files)}

    def __str__(self) -> str:
        rows = (filter(None, (f.path, f.fate.value, f.why)) for f in self.files)
        return "\n".join(": ".join(row) for row in rows)


def install(folder: Path, agents: Iterable[str] = ("agents",)) -> AgentFiles:
    """Write the instructions and skills of these agents into a project's folder."""
    root = folder.resolve()
    if not root.is_dir():
        raise UsageError(f"{folder}: no such folder")
    done: dict[Path, AgentFile] = {}
    with storage_errors(root):
        for agent in dict.fromkeys(agents):
            for name, text in _files_of(agent).items():
                place = (root / name).resolve()
                if place not in done:  # CLAUDE.md is often a link to AGENTS.md
                    done[place] = _put(root, name, text)
    return AgentFiles(root, tuple(done.values()))


def _files_of(agent: str) -> dict[str, str]:
    """What is written for an agent: path and words."""
    if agent not in AGENT_NAMES:
        raise UsageError(f"no agent {agent!r} is known: {', '.join(AGENT_NAMES)}")
    skills = _FOLDERS.get(agent)
    made = {f"{skills}/{name}/SKILL.md": text for name, text in _SKILLS.items()} if skills else {}
    return {_NOTES[agent]: AGENTS, **made}


def _put(root: Path, name: str, text: str) -> AgentFile:
    path = root / name
    if not path.resolve().is_relative_to(root):
        return AgentFile(name, Fate.LEFT, "it is a link that leads out of the project")
    try:
        old: str | None = read_given(path, _MOST_BYTES + 1).decode("utf-8")
    except FileNotFoundError:
        old = None
    except (OSError, ValueError) as problem:
        return AgentFile(name, Fate.LEFT, f"it cannot be read: {problem}")
    if old is not None and len(old) > _MOST_BYTES:
        return AgentFile(name, Fate.LEFT, "it is very long")
    whole = name.endswith("/SKILL.md")
    new = _whole_file(old, text) if whole else _with_block(old or "", text)
    if new is None:
        return AgentFile(name, Fate.LEFT, "what it says of the harness was changed by hand")
    if new == old:
        return AgentFile(name, Fate.UNCHANGED)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path.resolve(), new.encode("utf-8"))
    return AgentFile(name, Fate.WRITTEN if old is None else Fate.UPDATED)


def _whole_file(old: str | None, text: str) -> str | None:
    """The file, sealed; None where the old one is somebody else's."""
    if old is not None:
        found = _SEAL.fullmatch(old)
        if (found is None or _digest(found[1]) != found[2]) and old != text:
            return None
    return f"{text}<!-- harness skills install {_digest(text)} -->\n"


def _with_block(old: str, text: str) -> str | None:
    """The user's file with our block; None where there is one that was changed by hand.

    A file of an earlier version has our words without marks: they are marked where they stand.
    """
    block = f"<!-- harness {_digest(text)} -->\n{text}<!-- /harness -->\n"
    found = _BLOCK.search(old)
    if found is None:
        if "<!-- harness " in old or "<!-- /harness -->" in old:
            return None
        if text in old:
            return old.replace(text, block, 1)
        return f"{old.rstrip()}\n\n{block}" if old.strip() else block
    if _digest(found[2]) != found[1] or len(_BLOCK.findall(old)) > 1:
        return None
    return old[: found.start()] + block + old[found.end() :]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def write_agent_files(campaign: Campaign) -> list[Path]:
    """Write the files and commit them, since a campaign starts from a clean tree.

    What a user wrote or changed there stays. Raises NotAllowed where a tracked file differs from
    HEAD.
    """
    dirty = campaign.checkout.dirty()
    if dirty:
        raise NotAllowed(
            f"the agent files are committed, and that wants a clean tree: {', '.join(dirty[:5])}",
            hint="Commit the changes, or put them away with git stash.",
        )
    made = install(campaign.config.root)
    changed = (Fate.WRITTEN, Fate.UPDATED)
    written = [made.folder / file.path for file in made.files if file.fate in changed]
    if written:
        paths = [campaign.git.below_top(path) for path in written]
        campaign.git.commit_paths(paths, "Say how an agent drives a performance campaign")
    return written
