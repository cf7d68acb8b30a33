"""What the harness keeps beside `harness.toml` on this machine: `.harness/`, which git ignores."""

from __future__ import annotations

from pathlib import Path

STATE_FOLDER = ".harness"
"""Its name, below the project's root."""

PROFILES = "profiles"
"""The folder of stored profiles within it."""

WORKTREES = "worktrees"
"""The folder of private worktrees within it."""


def state_folder(root: Path) -> Path:
    """The folder of a project's state."""
    return root / STATE_FOLDER


def builds_of(root: Path) -> Path:
    """Where what is made of a project's targets is kept, a folder for each adapter."""
    return state_folder(root) / "builds"


def results_of(root: Path) -> Path:
    """Where a project's runs are stored unless somebody says otherwise."""
    return state_folder(root) / "results"


def campaign_state(root: Path, campaign: str) -> Path:
    """What one campaign keeps here, apart from what is committed."""
    return state_folder(root) / "campaigns" / campaign


def lock_of(root: Path) -> Path:
    """The lock that everything takes that measures or changes a campaign of this project."""
    return state_folder(root) / "lock"
