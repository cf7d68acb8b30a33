"""What was printed, as a text where it is one."""

from __future__ import annotations


def text_or_bytes(content: bytes) -> str | bytes:
    """UTF-8 as text, anything else as it is."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content
