"""How a sentence says on which values something is wrong, and how they are read again; pure."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from harness.errors import UsageError

_WORD = "given "


def given_words(given: str, what: str) -> str:
    """What is wrong, with the values that it is wrong on; the same words where nothing is drawn.

    `given`: the values of what was drawn, as a JSON object.
    """
    return f"{_WORD}{given}: {what}" if given else what


def json_object(value: Any, name: str) -> str:
    """Reads the text of a JSON object, or a mapping, as such a text; UsageError otherwise."""
    text = json.dumps(dict(value)) if isinstance(value, Mapping) else value
    with contextlib.suppress(TypeError, ValueError):
        if text == "" or isinstance(json.loads(text), dict):
            return str(text)
    raise UsageError(f'{name}: want a JSON object such as {{"seed": 12}}, got {value!r}')


def given_in(text: str) -> str:
    """The values that a sentence begins with, as the JSON object that it says; empty: none."""
    at = text.find(f"{_WORD}{{")
    if at < 0:
        return ""
    rest = text[at + len(_WORD) :]
    try:
        _, end = json.JSONDecoder().raw_decode(rest)
    except ValueError:
        return ""
    return rest[:end]
