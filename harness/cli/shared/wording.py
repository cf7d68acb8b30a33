"""Messages of the Python API in the words of the command line.

What is wrong is said below the commands, once, in the API's words: a keyword argument stands in
backticks (`trials`, `adapter="c"`) or before the first colon (`input: no such file`), a call in
backticks (`harness.run("a.py")`). Here each becomes the option or the command of the same meaning.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator

from harness.cli.shared.common_options import DECLARED

OWN_WORDS = {
    "tool": "--with",
    "format": "--export-format",
    "arguments": "what follows `--`",
}
"""Keyword arguments that the command line has under another name."""

KEYWORDS = frozenset(
    {
        *DECLARED,
        *OWN_WORDS,
        *("adapter", "input", "task", "case", "config", "results", "executor", "since"),
        *("cases", "by", "function", "memory", "against", "campaign", "target", "full_case"),
        *("prepare", "conclude", "shell", "ignore_output", "tag", "sweep", "matrix", "resume"),
        *("yes", "anew", "base", "stored", "hosts", "point"),
    }
)

_LEADING = re.compile(r"^(\w+)(?=: )")
_QUOTED = re.compile(r"`([^`\n]+)`")
_ASSIGNED = re.compile(r"(\w+)(?:=(.+))?")


def in_flags(text: str) -> str:
    """The text with every keyword argument and every call of the API as the command line has it."""
    led = _LEADING.sub(lambda m: flag_of(m[1]) if m[1] in KEYWORDS else m[0], text)
    return _QUOTED.sub(lambda m: _translated(m[1]) or m[0], led)


def flag_of(keyword: str) -> str:
    """`--max-trials` of `max_trials`."""
    return OWN_WORDS.get(keyword, "--" + keyword.replace("_", "-"))


def _translated(quoted: str) -> str | None:
    """An option or a command, of what stands between backticks; None of anything else."""
    if quoted.startswith("harness."):
        words = _command(quoted)
        return None if words is None else f"`{words}`"
    found = _ASSIGNED.fullmatch(quoted)
    if found is None or found[1] not in KEYWORDS:
        return None
    if found[2] is None:
        return flag_of(found[1])
    return " ".join([flag_of(found[1]), *_words(found[2])])


def _words(source: str) -> Iterator[str]:
    """A value as Python writes it, as words; True needs none, and what is no value stays."""
    try:
        value = ast.literal_eval(source)
    except (ValueError, SyntaxError):
        yield source
        return
    if value is not True:
        yield shlex.quote(",".join(map(str, value)) if isinstance(value, list) else str(value))


def _command(source: str) -> str | None:
    """`harness run a.py` of a call of the API; None of what is none."""
    try:
        call = ast.parse(source, mode="eval").body
    except SyntaxError:
        return None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    words = ["harness", call.func.attr.replace("_", "-")]
    for keyword in call.keywords:
        words += [flag_of(keyword.arg or ""), *_words(ast.unparse(keyword.value))]
    for argument in call.args:
        if isinstance(argument, ast.List):  # a program with its own arguments
            words += ["--adapter", "command", "--"]
            words += [word for each in argument.elts for word in _words(ast.unparse(each))]
        else:
            words += _words(ast.unparse(argument))
    return " ".join(words)
