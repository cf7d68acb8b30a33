"""What is written into a configuration, as TOML wants it; pure."""

from __future__ import annotations

import json
import re


def as_toml(value: object) -> str:
    """A text, number or list as TOML: its strings are JSON's but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def as_name(words: str) -> str:
    """What may be the name of a target, task, case or campaign."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", words).strip("-") or "program"
