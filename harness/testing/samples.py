"""Samples: what the suite has to know of a language, as a TOML file beside its adapter.

The keys are the attributes of `AdapterConformance` (but for `adapter` and `plugin`); the programs
are sources in the language. An adapter that ships one is checked by `harness adapters check NAME`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ConfigError, UsageError
from harness.model import Target
from harness.model.suggesting import did_you_mean
from harness.plugins import Adapters
from harness.project.config_text import read_text, read_toml
from harness.testing.conformance import AdapterConformance

SAMPLE = "sample.toml"
FILL_IN = "FILL IN:"
"""Stands where the author of an adapter has something to write."""
NEEDED = ("program", "wrong", "failing", "hanging", "broken")
TEXTS = (*NEEDED, "suffix", "option", "broken_says", "reading", "marked", "threaded")
SWITCHES = ("steady", "gets_faster")
LISTS = ("changes", "extra")
HELP = "docs/writing-an-adapter.md lists the keys, and `harness adapters new` writes an example."


def suite_of(adapter: str, sample: Path | None = None) -> type[AdapterConformance]:
    """The conformance suite of an installed adapter, with the programs of a sample file.

    `sample`: None for the `sample.toml` that stands beside the adapter's module. Subclass it in a
    test module with a name that begins with `Test`. A check whose program is still to be written is
    skipped, and says what to write. Raises AdapterNotFound, UsageError where there
    is no sample, ConfigError where it cannot be used.
    """
    path = sample if sample is not None else shipped_sample(adapter)
    values = read_sample(path)

    def make_target(
        cls: type[AdapterConformance], /, folder: Path, source: str, **kw: Any
    ) -> Target:
        if FILL_IN in source:
            pytest.skip(f"{path.name}: {source.strip()}")
        return super(made, cls).make_target(folder, source, **kw)

    methods = {"adapter": adapter, "make_target": classmethod(make_target)}
    made: type[AdapterConformance] = type(
        "SampledConformance", (AdapterConformance,), {**values, **methods}
    )
    return made


def shipped_sample(adapter: str) -> Path:
    """The sample file that stands beside an installed adapter's module."""
    Adapters().get(adapter)  # names the near one where there is none
    module = next(each.module for each in Adapters().installed() if each.name == adapter)
    found = find_spec(module.partition(":")[0])
    path = Path(found.origin).with_name(SAMPLE) if found and found.origin else Path(SAMPLE)
    if not path.is_file():
        raise UsageError(
            f"adapter {adapter!r} ships no sample programs ({path} is not there)",
            hint=f"Name a file by --language-sample FILE. {HELP}",
        )
    return path


def read_sample(path: Path) -> dict[str, Any]:
    """The attributes that a sample file gives; ConfigError names the key that cannot be used."""
    values = read_toml(path)
    known = (*TEXTS, *SWITCHES, *LISTS, "options")
    for key, value in values.items():
        if key not in known:
            near = did_you_mean(key, known)
            raise ConfigError(f"{path}: unknown key {key!r}", hint=f"{near} {HELP}".strip())
        wanted = _kind_wanted(key)
        if not isinstance(value, wanted[0]):
            raise ConfigError(f"{path}: {key}: {wanted[1]} is wanted, not {value!r:.60}", hint=HELP)
    missing = [key for key in NEEDED if key not in values]
    if missing:
        raise ConfigError(f"{path}: {', '.join(missing)}: missing", hint=HELP)
    _check_lists(path, values)
    return {**values, "broken": values["broken"] or None}


def left_to_fill_in(path: Path) -> list[str]:
    """`line: ...` of everything in a sample that its author has still to write."""
    lines = enumerate(read_text(path).splitlines(), start=1)
    return [f"{number}: {line.strip()}" for number, line in lines if FILL_IN in line]


def _kind_wanted(key: str) -> tuple[type, str]:
    if key in TEXTS:
        return str, "a text"
    if key in SWITCHES:
        return bool, "true or false"
    return (list, "a list") if key in LISTS else (dict, "a table")


def _check_lists(path: Path, values: Mapping[str, Any]) -> None:
    for pair in values.get("changes", ()):
        if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str)):
            raise ConfigError(
                f'{path}: changes: {pair!r:.60} is no pair ["option", value]', hint=HELP
            )
    extra = values.get("extra", ["", ""])
    if len(extra) != 2 or not all(isinstance(each, str) for each in extra):
        raise ConfigError(f"{path}: extra: two texts are wanted", hint=HELP)
