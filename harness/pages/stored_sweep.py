"""What a sweep keeps beside its run, for the page of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.running.sweep_results import SWEEP_VERSION
from harness.running.sweeping import SWEEP_NAME
from harness.system.store.files import damaged, from_newer, read_kept
from harness.system.store.run_file import StoredRun


def swept_document(stored: StoredRun) -> Mapping[str, Any]:
    """The content of `sweep.json`; empty for a run that is no sweep, or one that is not finished.

    DataDamaged where it is not what was written, MadeByNewer for a later version.
    """
    path = stored.folder / SWEEP_NAME
    if not path.exists():
        return {}
    try:
        content: dict[str, Any] = json.loads(read_kept(path))
        version = int(content["schema_version"])
        if version <= SWEEP_VERSION:
            for key in ("rows", "axes", "growths", "crossings", "scalings", "comparisons"):
                _ = content[key]
    except (ValueError, LookupError, TypeError, OSError) as problem:
        raise damaged(path, f"{type(problem).__name__}: {problem}") from None
    if version > SWEEP_VERSION:
        raise from_newer(path, version, SWEEP_VERSION)
    return content
