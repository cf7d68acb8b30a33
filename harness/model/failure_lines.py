"""Which lines of what a failed program printed say why: one choice for all who show them."""

from __future__ import annotations

from harness.on_demand import pattern

LAST_LINES = 5

_ERROR = pattern(
    r"(?i:\b(?:error|exception|panic(?:ked)?|fatal|traceback|assertion|abort(?:ed)?)\b)"
    r"|\b\w+(?:Error|Exception)\b"
)


def telling_lines(text: str, last: int = LAST_LINES) -> list[str]:
    """The first line that names an error, where it is not among the last ones, and the last ones.

    A stack trace may stand below its reason (Julia) or above it (Python). Where lines between are
    left out, a line says how many.
    """
    lines = text.rstrip().splitlines()
    if len(lines) <= last:
        return lines
    end = len(lines) - last
    first = next((i for i, line in enumerate(lines[:end]) if _ERROR.search(line)), None)
    if first is None:
        return lines[end:]
    left_out = end - first - 1
    between = [f"[{left_out} line{'s' * (left_out != 1)} left out]"] if left_out else []
    return [lines[first], *between, *lines[end:]]
