"""What a loop is asked for while it runs: a file that it looks at between its steps."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from time import sleep

from harness.errors import DataDamaged
from harness.project.state_folder import campaign_state
from harness.system.store.files import read_kept, storage_errors, write_atomically
from harness.system.store.lock import hold, is_held

_NAME = "request"
_LOOP = "loop"
"""Locked while a loop is at work."""
_LOOKED_S = 0.5


class LoopRequest(Enum):
    """What can be asked for."""

    STOP = "stop"
    """End after the iteration that is under way."""
    PAUSE = "pause"
    """Wait before the next step."""


@contextlib.contextmanager
def heeding_requests(root: Path, campaign: str) -> Iterator[None]:
    """What is asked for meanwhile is heeded; what was asked of an earlier loop is forgotten."""
    with hold(campaign_state(root, campaign) / _LOOP):
        forget_request(root, campaign)
        yield


def loop_is_at_work(root: Path, campaign: str) -> bool:
    """Is there a loop of the campaign that heeds what it is asked for?"""
    return is_held(campaign_state(root, campaign) / _LOOP)


def ask_loop(root: Path, campaign: str, request: LoopRequest) -> None:
    """Ask the loop of a campaign for something; a later request takes the place of an earlier."""
    path = _path(root, campaign)
    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, request.value.encode())


def asked_of_loop(root: Path, campaign: str) -> LoopRequest | None:
    """What is asked for now; what no one of us wrote is nothing."""
    with contextlib.suppress(OSError, ValueError, DataDamaged):
        return LoopRequest(read_kept(_path(root, campaign)).decode("utf-8"))
    return None


def forget_request(root: Path, campaign: str) -> bool:
    """Take back what was asked for; was there anything?"""
    path = _path(root, campaign)
    with storage_errors(path.parent):
        there = path.exists()
        path.unlink(missing_ok=True)
    return there


def wait_while_paused(root: Path, campaign: str) -> None:
    """Return once no pause is asked for."""
    while asked_of_loop(root, campaign) is LoopRequest.PAUSE:
        sleep(_LOOKED_S)


def stop_is_asked(root: Path, campaign: str) -> bool:
    """Is the loop to end before its next iteration? Once answered, it is not asked any more."""
    return asked_of_loop(root, campaign) is LoopRequest.STOP and forget_request(root, campaign)


def _path(root: Path, campaign: str) -> Path:
    return campaign_state(root, campaign) / _NAME
