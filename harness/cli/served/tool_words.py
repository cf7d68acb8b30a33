"""What a command says to people at a terminal, in the words of tools; pure.

Errors, hints and next actions name commands and options, which who has only tools cannot type.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_COMMAND = re.compile(r"\bharness ((?:campaign |config |adapters )?[a-z][a-z-]*)")
_HELP = re.compile(r"Try `harness [a-z -]+--help`[^.]*\.?")
_FORM = re.compile(r" ?--file[ =]-(?=$|[\s`'\"),.;])")
_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z0-9]*(?:-[a-z0-9]+)*)")
_DASHES = re.compile(r"the arguments after `--`|(?<= )after `--`")


def in_tool_words(text: str, names: Collection[str]) -> str:
    """The same text with tools and their properties in place of commands and options.

    `names` are those of the tools; what is none stays as it is.
    """

    def tool(match: re.Match[str]) -> str:
        words = match[1].split()
        for count in range(len(words), 0, -1):
            name = "_".join(words[:count]).replace("-", "_")
            if name in names:
                return " ".join((f"tool {name}", *words[count:]))
        return match[0]

    text = _HELP.sub("Its schema says what it takes.", text)
    text = _COMMAND.sub(tool, text)
    text = _FORM.sub(" with `form`", text)
    text = _DASHES.sub("in `arguments`", text)
    text = _OPTION.sub(lambda match: match[1].replace("-", "_"), text)
    return text.replace("standard input: ", "form: ")
