"""Regular expressions over what a program printed, within a time and a memory.

Python's matcher backtracks: `(a+)+b` over thirty letters takes minutes, and no call of it can be
given a time. A helper process searches, so that it can be ended; but a short text is searched here
for a pattern that cannot take long over it, since a process takes longer than a short program.
"""

from __future__ import annotations

import json
import re
import stat
import sys
from pathlib import Path

from harness.on_demand import pattern as lazily
from harness.system.process.calling import Call, StillRunningError, call

SECONDS = 20.0
"""For one search, in which a matcher that does not backtrack reads a gigabyte."""
MOST_MATCHES = 2_000_000

_HELPER = """
import json, re, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), resource.RLIM_INFINITY))
found = []
for match in re.finditer(sys.argv[1], sys.stdin.buffer.read().decode("utf-8", "replace"), re.M):
    found.append((match[1] if match.re.groups else match[0]) or "")
    if len(found) > int(sys.argv[3]):
        sys.exit(3)
json.dump(found, sys.stdout)
"""
_MEMORY_BYTES = 1_000_000_000
_ANSWER_BYTES = 2**28


_QUANTIFIERS = lazily(r"[*+?{]")
_MAY_TAKE_LONG = lazily(r"\)[*+?{]|\\[0-9]|\(\?P=|\[\[|--|&&|\|\||~~")
"""A repeated group, which may be tried in exponentially many ways, a group that is met again, and
what Python warns of."""
_MOST_STEPS = 2**24
_SHORT = 200
"""The longest pattern that is looked at."""


class TooHardError(Exception):
    """The search takes more than it may; says which."""


def find_all(pattern: str, file: Path) -> list[str]:
    """All matches in a text file, in their order: the first group where there is one.

    Raises TooHardError past SECONDS or MOST_MATCHES.
    """
    found = _found_here(pattern, file)
    return _found_by_helper(pattern, file) if found is None else found


def _found_here(pattern: str, file: Path) -> list[str] | None:
    """The same without a helper; None where it might take long, or is none of our business.

    With q repetitions, none within another one, a matcher that starts at each of n characters takes
    at most n^(q + 1) steps.
    """
    if len(pattern) > _SHORT or _MAY_TAKE_LONG.search(pattern):
        return None
    repeated = len(_QUANTIFIERS.findall(pattern))
    try:
        facts = file.stat()
        if not stat.S_ISREG(facts.st_mode) or (facts.st_size + 1) ** (repeated + 1) > _MOST_STEPS:
            return None
        text = file.read_bytes().decode("utf-8", "replace")
        matches = [*re.finditer(pattern, text, re.MULTILINE)]
    except (OSError, re.error):
        return None  # the helper's words tell
    if len(matches) > MOST_MATCHES:
        return None
    return [(match[1] if match.re.groups else match[0]) or "" for match in matches]


def _found_by_helper(pattern: str, file: Path) -> list[str]:
    """See `find_all`."""
    argv = [sys.executable, "-I", "-S", "-c", _HELPER, pattern, str(_MEMORY_BYTES)]
    argv += [str(MOST_MATCHES)]
    script = ["sh", "-c", 'exec "$@" <"$0"', str(file), *argv]
    try:
        done = call(Call(script, timeout_s=SECONDS, stdout_bytes=_ANSWER_BYTES))
    except StillRunningError:
        raise TooHardError(
            f"takes longer than {SECONDS:g} s over this text: it tries too many ways to match"
        ) from None
    if done.returncode == 3:
        raise TooHardError(f"has more than {MOST_MATCHES:,} matches")
    if done.returncode or done.cut_bytes:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise TooHardError(f"cannot be searched for: {words[-1] if words else done.returncode}")
    found: list[str] = json.loads(done.stdout)
    return found
