"""The kernel's lock on an open file or folder, which ends with the process that holds it."""

from __future__ import annotations

import fcntl
import time

_TRIES, _PAUSE_S = 10, 0.01


def try_lock(file: int, *, shared: bool = False) -> bool:
    """Lock at once; False where another has it. OSError on a file system without locks.

    `shared`: for those who only ask whether it is held, and do not want to look like a holder.
    """
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def take_lock(file: int) -> bool:
    """Lock for ourselves; False where another holds it.

    Whoever only asks whether it is held has it for a moment, so that one refusal says nothing.
    """
    for _ in range(_TRIES):
        if try_lock(file):
            return True
        time.sleep(_PAUSE_S)
    return False


def wait_for_lock(file: int) -> None:
    """Lock for ourselves, however long another has it."""
    fcntl.flock(file, fcntl.LOCK_EX)
