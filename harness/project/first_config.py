"""The `harness.toml` of a single program: what `harness optimise` writes where there is none; pure.

The file says in its first line that it was written so, which is how a later call knows it again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from harness.frozen import dataclass

_MARK = "# Written by `harness optimise`; docs/configuration.md says what else may stand here."


@dataclass(frozen=True, slots=True)
class CalledProgram:
    """A program as it is called; paths are relative to the folder of the configuration."""

    adapter: str
    sources: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    stdin: str | None = None

    @property
    def name(self) -> str:
        """What task, target and campaign are called: the file's name, without what no name has."""
        stem = self.sources[0].rsplit("/", 1)[-1].partition(".")[0]
        return re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-") or "program"


def config_text(subject: CalledProgram) -> str:
    """The configuration: one task with one case, one target, one campaign."""
    name = subject.name
    target = {
        "task": name,
        "adapter": subject.adapter,
        "sources": list(subject.sources),
        "args": [word.replace("{", "{{").replace("}", "}}") for word in subject.arguments],
        "inputs": list(subject.inputs),
        "stdin": subject.stdin,
    }
    lines = [f"{key} = {_toml(value)}" for key, value in target.items() if value]
    return "\n".join(
        (
            _MARK,
            f"[tasks.{name}.cases.default]",
            "",
            f"[targets.{name}]",
            *lines,
            "",
            f"[campaigns.{name}]",
            f"target = {_toml(name)}",
            "",
        )
    )


def is_first_config(text: str) -> bool:
    """Was this file written by `config_text`? Then nobody's work is lost where it is replaced."""
    return text.startswith(_MARK)


def _toml(value: object) -> str:
    """A text or a list of texts as TOML: its basic strings are JSON's but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def looks_like_numbers(arguments: Sequence[str]) -> tuple[str, ...]:
    """The arguments that are whole numbers, one of which may be a seed."""
    return tuple(word for word in arguments if re.fullmatch(r"\d+", word))
