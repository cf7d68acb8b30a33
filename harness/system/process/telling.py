"""What a program that failed said: the lines that tell why, and where the whole is kept."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from harness.errors import HarnessError
from harness.model.failure_lines import telling_lines
from harness.system.process.places import user_cache
from harness.system.process.trial_folder import Opened
from harness.system.store.files import write_atomically

_SAID_BYTES = 2**19
_KEPT_TEXTS = 100
_WORDS_MOST = 16_384
"""Characters of a command's own words that an error carries."""
_WORDS_LINES = 100
_WORDS_COLUMNS = 300
_TAIL_COLUMNS = 300


def tail_of(printed: Opened) -> str:
    """What a program said last, on standard error, else on standard output, and its first error.

    Where that is not all, the whole is kept in a file that is named.
    """
    for file, title in ((printed.stderr, "standard error"), (printed.stdout, "standard output")):
        text = said_in(file).rstrip()
        if text:
            chosen = telling_lines(text)
            lines = [printable(line)[:_TAIL_COLUMNS] for line in chosen]
            says = "ends with" if chosen == text.splitlines()[-len(chosen) :] else "says"
            whole = keep_whole(text) if len(text.splitlines()) > len(chosen) else None
            kept = [f"(the whole: {whole})"] if whole else []
            return "\n  ".join([f"; its {title} {says}", *lines, *kept])
    return "; it printed nothing"


def said_in(file: int) -> str:
    """The beginning and the end of what was printed; all of it where it is short."""
    size = os.fstat(file).st_size
    if size <= 2 * _SAID_BYTES:
        return os.pread(file, size, 0).decode("utf-8", "replace")
    parts = [os.pread(file, _SAID_BYTES, at) for at in (0, size - _SAID_BYTES)]
    return f"\n[{size - 2 * _SAID_BYTES} bytes left out]\n".join(
        part.decode("utf-8", "replace") for part in parts
    )


def telling_words(said: str) -> str:
    """What a compiler or a command said, whole.

    Of what would fill many screens the lines that tell why are given, and a file that has it all.
    """
    text = said.rstrip()
    if len(text) <= _WORDS_MOST:
        return text
    whole = keep_whole(text)
    chosen = "\n".join(line[:_WORDS_COLUMNS] for line in telling_lines(text, _WORDS_LINES))
    return f"{chosen}\n(the whole: {whole})" if whole else chosen


def keep_whole(text: str) -> Path | None:
    """Keep what a failed program said, for its user to read; None where no file can be written.

    The same text is kept once, and of all texts the latest few.
    """
    content = text.encode("utf-8", "replace")
    folder = user_cache() / "failures"
    path = folder / f"{hashlib.sha256(content).hexdigest()[:16]}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
        for old in sorted(folder.glob("*.txt"), key=lambda p: p.stat().st_mtime)[:-_KEPT_TEXTS]:
            old.unlink(missing_ok=True)
    except (OSError, HarnessError):
        return None
    return path


def printable(line: str) -> str:
    """A line that does nothing to a terminal: what is not printable becomes U+FFFD."""
    return "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in line)
