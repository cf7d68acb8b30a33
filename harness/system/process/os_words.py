"""What the operating system refused, in words for people."""

from __future__ import annotations

import errno
import os
import re

_LONGEST = 160
"""Letters of a path that are shown; what is longer is left out in the middle."""

_WRITTEN = re.compile(r"\[Errno (\d+)\] ([^:]+)")
"""How Python writes an error of the system, where only its text is known."""

_ADVICE = {
    errno.ENAMETOOLONG: "a path has 4,095 bytes at most and a name in it 255: flatten the folders,"
    " or give them shorter names",
    errno.ENOENT: "was it renamed or removed meanwhile?",
    errno.ENOSPC: "free some space",
    errno.EACCES: "its mode is against it",
    errno.ELOOP: "links lead to one another",
}


def os_words(problem: OSError) -> str:
    """What failed, where, and what to do, in a line however long the path is.

    Of the many errors of a copied tree (`shutil.Error`) the first one, and how many more there are.
    """
    several = problem.args[0] if problem.args and isinstance(problem.args[0], list) else []
    if several:
        place, _, text = several[0]
        written = _WRITTEN.search(str(text))
        number = int(written[1]) if written else 0
        what = written[2] if written else str(text)
        more = f"; and {len(several) - 1} more like it" if len(several) > 1 else ""
        return f"{_line(what, place, number)}{more}"
    return _line(problem.strerror or str(problem), problem.filename, problem.errno or 0)


def shown_path(path: object) -> str:
    """A path as it is shown: without its middle where it is long."""
    text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else str(path)
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]}[{len(text) - 2 * half} letters]{text[-half:]}"


def _line(what: str, path: object, number: int) -> str:
    where = f": {shown_path(path)}" if path is not None else ""
    advice = f" ({_ADVICE[number]})" if number in _ADVICE else ""
    return f"{what}{where}{advice}"
