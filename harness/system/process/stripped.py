"""A program's content without what only debuggers read.

Debug information holds the folder that it was compiled in and the lines of all sources: with `-g`
the builds of two trees differ by it where the program is the same. Whatever is loaded when the
program runs, strings with paths among it, is compared as it is.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.errors import HarnessError
from harness.system.process.runner import call_tool
from harness.system.process.trees import file_digest

_LONGEST_S = 60.0
_OF_ALL_BYTES = ("--remove-section=.note.gnu.build-id", "--remove-section=.gnu_debuglink")
"""What the linker makes of the whole file, debug information included."""


def stripped_digest(path: Path) -> bytes:
    """SHA-256 of a copy without debug information; of the file itself where binutils has no say.

    That is where there is no `objcopy`, and where it does not know the file. Raises OSError.
    """
    tool = shutil.which("objcopy")
    if tool is None:
        return file_digest(path)
    with TemporaryDirectory(prefix="harness-stripped-") as folder:
        copy = Path(folder, "program")
        words = [tool, "--strip-debug", *_OF_ALL_BYTES, str(path.resolve()), str(copy)]
        try:
            ended = call_tool(words, None, dict(os.environ), _LONGEST_S)
        except HarnessError:
            return file_digest(path)
        return file_digest(copy if ended.exit_code == 0 and copy.is_file() else path)
