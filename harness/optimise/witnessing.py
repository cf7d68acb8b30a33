"""Writes down outside of the tree what a campaign's chain is, and reads it again."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from harness.campaign.events import Event
from harness.campaign.witness import Seen, parse_witness, witness_line
from harness.errors import DataDamaged
from harness.project.config import CampaignSection, Config
from harness.project.state_folder import state_folder
from harness.system.process.places import expanded
from harness.system.store.files import read_kept

_OURS = "optim-harness"


def witness_of(config: Config, name: str, section: CampaignSection) -> Path:
    """The witness of a campaign: `witness` in harness.toml, or one in the user's state folder.

    That is named after the campaign and the place of its project. A user without a home has it in
    `.harness/`.
    """
    if section.witness:
        return config.root / expanded(section.witness)
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():
        try:
            state = Path.home() / ".local" / "state"
        except RuntimeError:
            state = state_folder(config.root)
    place = hashlib.sha256(os.fsencode(config.root.resolve())).hexdigest()[:12]
    return state / _OURS / "witnesses" / f"{name}-{place}.txt"


def bear_witness(path: Path, event: Event) -> str:
    """Add an event to the witness; returns why that was not possible, in words."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            begins = "\n" if _was_torn(path) else ""
            file.write(f"{begins}{witness_line(event)}\n".encode())
    except OSError as problem:
        return f"the witness of the campaign cannot be written: {problem}"
    return ""


def _was_torn(path: Path) -> bool:
    """Does the last line lack its end, such as where the disk was full?"""
    with contextlib.suppress(OSError), path.open("rb") as file:  # it may be ours to write alone
        file.seek(max(0, path.stat().st_size - 1))
        return file.read() not in (b"", b"\n")
    return False


def read_witness(path: Path) -> list[Seen]:
    """What a witness has seen; FileNotFoundError where there is none, DataDamaged for nonsense."""
    try:
        text = read_kept(path).decode("utf-8", errors="replace")
    except FileNotFoundError:
        raise
    except OSError as problem:
        raise DataDamaged(f"{path}: cannot be read: {problem}") from None
    return parse_witness(text, str(path))
