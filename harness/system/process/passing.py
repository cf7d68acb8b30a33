"""Private folders that pass: for one call, and gone after it, or with the next one after a kill."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness.system.process.places import is_ours
from harness.system.store.files import storage_errors
from harness.system.store.lock import hold, is_held


@contextlib.contextmanager
def passing_folder(purpose: str) -> Iterator[Path]:
    """An empty folder below TMPDIR that nobody else may read.

    Those of the same purpose whose process was killed are removed first.
    """
    parent = Path(tempfile.gettempdir()) / f"harness-{purpose}-{os.getuid()}"
    with storage_errors(parent):
        parent.mkdir(mode=0o700, exist_ok=True)
    if not is_ours(parent):
        with tempfile.TemporaryDirectory(prefix=f"harness-{purpose}-") as made:
            yield Path(made)
        return
    clear_passing(parent)
    folder = parent / f"{os.getpid()}-{secrets.token_hex(4)}"
    lock = _lock_of(folder)
    with hold(lock):
        try:
            folder.mkdir(mode=0o700)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)


def clear_passing(parent: Path) -> None:
    """Remove what killed processes left in the folder of a purpose."""
    for lock in parent.glob("*.lock"):
        if not is_held(lock):
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
            lock.unlink(missing_ok=True)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")
