"""Waiting in tests: for what is so, and not for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(ready: Callable[[], Found], limit_s: float = 60.0, pause_s: float = 0.01) -> Found:
    """Wait for something that is sure to come, and give it; fail where it does not."""
    end = time.monotonic() + limit_s
    while not (found := ready()):
        assert time.monotonic() < end, "it does not come"
        time.sleep(pause_s)
    return found
