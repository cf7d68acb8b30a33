"""The `harness.toml` of a single program: what `harness optimise` writes where there is none; pure.

The file says in its first line that it was written so, which is how a later call knows it again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field

from harness.frozen import dataclass
from harness.model import ParamValue
from harness.model.draws import Range
from harness.model.tasks import as_argument, with_placeholders
from harness.project.config_words import as_name, as_toml

_MARK = "# Written by `harness optimise`; docs/configuration.md says what else may stand here."


@dataclass(frozen=True, slots=True)
class CalledProgram:
    """A program as it is called; paths are relative to the folder of the configuration."""

    adapter: str
    sources: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    stdin: str | None = None
    seed: int | None = None
    """The case's seed, which `{seed}` in a word stands for; None: the words have none."""
    params: Mapping[str, ParamValue | Range] = field(default_factory=dict)
    """The case's parameters, which `{name}` in a word stands for: a value, or what looks draw."""
    objective: str = ""
    """The time that decides, `wall` or `cpu`; empty: the one that decides where none is said."""
    options: Mapping[str, ParamValue] = field(default_factory=dict)
    """The adapter's own, such as the interpreter."""

    @property
    def names(self) -> tuple[str, ...]:
        """What stands in braces for a value of the case; other braces are meant as they are."""
        return (*(["seed"] if self.seed is not None else []), *self.params)

    @property
    def name(self) -> str:
        """What task, target and campaign are called: the file's name, without what no name has."""
        return as_name(self.sources[0].rsplit("/", 1)[-1].partition(".")[0])


def config_text(subject: CalledProgram) -> str:
    """The configuration: one task with one case, one target, one campaign."""
    name = subject.name
    target = {
        "task": name,
        "adapter": subject.adapter,
        "sources": list(subject.sources),
        "args": [_escaped(word, subject.names) for word in subject.arguments],
        "inputs": list(subject.inputs),
        "stdin": subject.stdin,
    }
    lines = [f"{key} = {as_toml(value)}" for key, value in target.items() if value]
    lines += [f"{key} = {as_toml(value)}" for key, value in subject.options.items()]
    case = [] if subject.seed is None else [f"seed = {subject.seed}"]
    case += [f"params.{key} = {_value(value)}" for key, value in subject.params.items()]
    objective = [f"objective = {as_toml(subject.objective)}"] if subject.objective else []
    return "\n".join(
        (
            _MARK,
            f"[tasks.{name}.cases.default]",
            *case,
            "",
            f"[targets.{name}]",
            *lines,
            "",
            f"[campaigns.{name}]",
            f"target = {as_toml(name)}",
            *objective,
            "",
        )
    )


def _value(value: ParamValue | Range) -> str:
    if isinstance(value, Range):
        return f"{{ from = {as_toml(value.low)}, to = {as_toml(value.high)} }}"
    return as_toml(value)


def is_first_config(text: str) -> bool:
    """Was this file written by `config_text`? Then nobody's work is lost where it is replaced."""
    return text.startswith(_MARK)


def has_name(arguments: Sequence[str], name: str) -> bool:
    """Does one of the words hold the name in braces?"""
    return any(f"{{{name}}}" in word for word in arguments)


def _escaped(word: str, names: Sequence[str]) -> str:
    """A word as `args` has it: braces doubled, but for those around a name that has a value."""
    return with_placeholders(as_argument(word), names)


def looks_like_numbers(arguments: Sequence[str]) -> tuple[str, ...]:
    """The arguments that are whole numbers, one of which may be a seed."""
    return tuple(word for word in arguments if re.fullmatch(r"\d+", word))
