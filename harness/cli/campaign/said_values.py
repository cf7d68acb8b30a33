"""The values that `harness optimise` is given as NAME=VALUE: parameters, and adapter's options."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.errors import UsageError
from harness.model import ParamValue
from harness.model.draws import Range

_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})", re.ASCII)
_TRUTH = {"true": True, "false": False}


def params_said(given: Sequence[str]) -> dict[str, ParamValue | Range]:
    """The parameters by name: numbers where they are whole, FROM..TO as what looks draw from."""
    hint = "Such as --param size=1000 or --param size=900..1100, with '{size}' after `--`."
    found: dict[str, ParamValue | Range] = {}
    for name, value in _pairs("--param", given, hint):
        if name == "seed":
            raise UsageError("--param seed: a seed is --seed's to say", hint=hint)
        ends = _RANGE.fullmatch(value)
        found[name] = _whole(value) if ends is None else _range(name, ends[1], ends[2])
    return found


def options_said(given: Sequence[str]) -> dict[str, ParamValue]:
    """The options of an adapter by name; numbers and truth values as such, all else as a text."""
    hint = "Such as --option python=.venv/bin/python or --option 'flags=-O3 -march=native'."
    pairs = _pairs("--option", given, hint)
    return {name: _TRUTH.get(value, _whole(value)) for name, value in pairs}


def _pairs(option: str, given: Sequence[str], hint: str) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        plain = name.isascii() and name.isidentifier()
        if not equals or not plain or name in found:
            raise UsageError(f"{option} {text!r}: want NAME=VALUE, each name once", hint=hint)
        found[name] = value
    return list(found.items())


def _whole(value: str) -> ParamValue:
    """As a number only where it is written back the same: 007 stays a text."""
    whole = value.isascii() and value.isdecimal() and str(int(value)) == value
    return int(value) if whole else value


def _range(name: str, low: str, high: str) -> Range:
    try:
        whole = all(re.fullmatch(r"[-+]?\d+", end) for end in (low, high))
        return Range(int(low), int(high)) if whole else Range(float(low), float(high))
    except ValueError as problem:
        raise UsageError(f"--param {name}={low}..{high}: {problem}") from None
