"""A command's envelope as an agent gets it: small, and nothing in it but data.

Names and texts of a project come from others. They stand in JSON alone, and what a terminal or a
reader would obey unseen (escapes, control and direction marks, invisible letters) is spelt out.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from harness.cli.served.tool_words import in_tool_words
from harness.cli.shared.escaping import visible
from harness.errors import HarnessError, UsageError
from harness.system.process.places import user_cache
from harness.system.store.files import write_atomically

MOST_CHARACTERS = 8000
"""The longest answer, as JSON text."""

_STEPS = ((2500, 40), (1000, 20), (400, 10), (160, 5), (80, 2))
"""How long texts may be and how many of a list are shown, tried until the answer is small."""

_TOLD_IN_WORDS = frozenset(
    {"bench", "campaign_start", "commit", "log", "optimise", "revert", "status", "test", "think"}
)
"""Tools whose result is for programs: digests and figures by the dozen. Agents get the words."""
_OF_A_RESULT = frozenset({"commit", "iteration", "outcome", "stored", "verdict", "warnings"})
"""What of such a result stands beside the words."""

_KEPT_ANSWERS = 100
_NAME = re.compile(r"[a-z_]{1,40}-[0-9a-f]{16}\.json")


def harmless(value: Any) -> Any:
    """The same JSON value with every text visible, keys too."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {visible(str(key)): harmless(item) for key, item in value.items()}
    if isinstance(value, list):
        return [harmless(item) for item in value]
    return value


def small_answer(tool: str, envelope: Mapping[str, Any], exit_code: int) -> dict[str, Any]:
    """The essentials of an envelope; where something is left out, `cut` says where the whole is."""
    whole = harmless({key: v for key, v in envelope.items() if key != "schema_version"})
    whole = {**whole, "exit_code": exit_code}
    if _length(whole) <= MOST_CHARACTERS:
        return dict(whole)
    pointer = {"cut": _kept(tool, whole)}
    for letters, items in _STEPS:
        made = {**_shortened(whole, letters, items), **pointer}
        if _length(made) <= MOST_CHARACTERS:
            return made
    return {**_shortened({**whole, "result": None}, *_STEPS[-1]), **pointer}


def told_answer(
    tool: str, envelope: Mapping[str, Any], exit_code: int, names: Collection[str]
) -> dict[str, Any]:
    """The same as `small_answer` in the words of tools; of a campaign's steps what people read."""

    def worded(value: Any) -> Any:
        if isinstance(value, list):
            return [worded(item) for item in value]
        return in_tool_words(value, names) if isinstance(value, str) else value

    spoken = ("error", "hint", "next_actions", "text")
    told = {key: worded(v) if key in spoken else v for key, v in envelope.items()}
    result, text = envelope.get("result"), told.pop("text", "")
    if tool == "next" and isinstance(result, Mapping):
        said = {key: worded(result[key]) for key in _SAID if key in result}
        short = {"one_call": _ONE_CALL} if result.get("action") in _OF_AN_ITERATION else {}
        told["result"] = {**short, **result, **said}
    if tool not in _TOLD_IN_WORDS or not text or not isinstance(result, Mapping):
        return small_answer(tool, told, exit_code)
    whole = harmless({**told, "exit_code": exit_code})
    told["result"] = {key: value for key, value in result.items() if key in _OF_A_RESULT}
    return {**small_answer(tool, {**told, "text": text}, exit_code), "cut": _kept(tool, whole)}


_SAID = ("command", "line", "text", "why", "instead", "first")
"""What of the answer of `next` speaks of commands."""


_OF_AN_ITERATION = ("IMPLEMENT", "TEST", "BENCHMARK")
_ONE_CALL = (
    'Once the code is changed: tool bench with then "auto" and the entry (surprise, notes, why,'
    " lesson) tests, measures, logs, and commits or reverts in one call."
)


def read_answer(name: str, offset: int) -> dict[str, Any]:
    """A piece of an answer that was kept; UsageError for any other name."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{visible(name)[:80]!r} is no answer's name", hint="See `cut.answer`.")
    try:
        with (_folder() / name).open("rb") as file:
            characters = os.fstat(file.fileno()).st_size  # it is ASCII: see `_kept`
            file.seek(offset)
            piece = file.read(MOST_CHARACTERS // 2)
    except OSError:
        raise UsageError(f"the answer {name} is not kept any more") from None
    end = offset + len(piece)
    return {
        "text": piece.decode("ascii", "replace"),
        "next_offset": end if end < characters else None,
        "characters": characters,
    }


def _length(document: Mapping[str, Any]) -> int:
    return len(json.dumps(document))


def _shortened(value: Any, letters: int, items: int) -> Any:
    if isinstance(value, str):
        left = len(value) - letters
        return value if left <= 0 else f"{value[:letters]} [... {left} characters more]"
    if isinstance(value, list):
        some = [_shortened(item, letters, items) for item in value[:items]]
        return [*some, f"[... {len(value) - items} more]"] if len(value) > items else some
    if isinstance(value, Mapping):
        pairs = list(value.items())
        # Of what is keyed by a project's own names there may be any number.
        kept = {key: _shortened(item, letters, items) for key, item in pairs[: 2 * items + 10]}
        return kept | ({"...": f"{len(pairs) - len(kept)} more"} if len(kept) < len(pairs) else {})
    return value


def _kept(tool: str, whole: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the whole answer, and of all the latest ones; where it is."""
    content = json.dumps(whole, indent=1).encode()
    path = _folder() / f"{tool}-{hashlib.sha256(content).hexdigest()[:16]}.json"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, content)
        others = sorted(path.parent.glob("*.json"), key=lambda p: p.stat().st_mtime)
        for old in others[:-_KEPT_ANSWERS]:
            old.unlink(missing_ok=True)
    except (OSError, HarnessError) as problem:
        return {"answer": None, "why": f"the whole cannot be kept: {visible(str(problem))}"}
    return {
        "answer": path.name,
        "file": str(path),
        "characters": len(content),
        "how": "The tool read_answer with this `answer` reads the whole, which is JSON.",
    }


def _folder() -> Path:
    return user_cache() / "answers"
