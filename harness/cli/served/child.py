"""`python -m harness.cli.served.child SERVER WORDS`: a command that ends with its server.

A server that is killed can end nothing that it started, and a command that lives on alone would
hold the project's lock and go on to record and commit what nobody asked for any more.
"""

from __future__ import annotations

import sys

from harness.cli import main
from harness.cli.shared.base import SERVED
from harness.errors import ExitCode
from harness.system.process.descent import be_interrupted_with

if __name__ == "__main__":
    _, _server, *_words = sys.argv
    if not be_interrupted_with(int(_server)):
        sys.exit(int(ExitCode.INTERRUPTED))
    SERVED.set()
    sys.argv = ["harness", *_words]
    main()
