"""`python -m harness.cli.served.child SERVER WORDS`: a command that ends with its server.

A server that is killed can end nothing that it started, and a command that lives on alone would
hold the project's lock and go on to record and commit what nobody asked for any more.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from harness.cli import main
from harness.errors import ExitCode

_PR_SET_PDEATHSIG = 1  # prctl(2); it outlasts execve(2), by which the command may start anew


def be_interrupted_with(server: int) -> bool:
    """Have this process interrupted, as by Ctrl-C, when its server ends; False where it has."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
    return os.getppid() == server


if __name__ == "__main__":
    _, _server, *_words = sys.argv
    if not be_interrupted_with(int(_server)):
        sys.exit(int(ExitCode.INTERRUPTED))
    sys.argv = ["harness", *_words]
    main()
