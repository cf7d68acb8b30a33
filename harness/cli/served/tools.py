"""Every command of the command line as a tool: its JSON schema, and the words that call it.

A tool's schema is made from what click knows of the command, so that there is one declaration. What
an agent gives never meets a shell: an option and its value are one word (`--case=-x`), and names
stand behind `--`, or begin with no dash.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import click

from harness.cli.command_names import COMMANDS
from harness.cli.root import cli, commands_below
from harness.cli.run import DashedCommand
from harness.cli.shared.common_options import ShareType
from harness.errors import UsageError
from harness.frozen import dataclass

NOT_SERVED = frozenset({"completion", "mcp", "redteam", "skills", "watch"})
"""Commands for people alone, or that never end by themselves."""

_NEVER = frozenset({"as_json", "quiet", "verbose", "help"})
"""Options that the server gives itself."""

_CHANGE_NOTHING = frozenset(
    {"next", "status", "campaign_status", "campaign_list", "surprises", "config_schema"}
)

_OF_CAMPAIGNS = ("baseline", "test", "bench", "profile", "try", "report", "doctor", "init")

FORM = "form"
"""The property that holds what a command reads from standard input by `--file -`."""

PROGRAM_ARGUMENTS = "arguments"
"""The property that holds what follows `--` on the command line."""

_ARGUMENTS = {
    "init.folder": "The project's folder; left out: the server's own.",
    "optimise.sources": "The program's sources, or a script: files of the project.",
    "profile.name": "A target or a file; left out in a campaign: the campaign's own step.",
    "report.what": "A run (the beginning of its id is enough) or a campaign; else what was last.",
    "skip.bottleneck": "The row of the profile that is left alone from now on.",
    "acknowledge.flag": "The name of the flag, such as suspicious-speed-up.",
    "surprises.words": "What is searched for; left out: everything.",
    "take_back.iteration": "The number of a kept iteration.",
    "think.why": "What limits the bottleneck, and why: the same as `hypothesis`.",
    "try.variants": "Variants of the target: folders with changed sources, patches, revisions.",
}
"""What arguments mean, of which click has no help."""

_SETTLED = frozenset(
    {
        *("target", "case", "full_case", "against", "stored", "startup", "trials", "max_trials"),
        *("seed", "cpus", "jail", "metric", "confidence", "threshold", "guard", "results"),
    }
)
"""Properties of `bench` that a campaign refuses."""

_PREDICTED = {"predicted_low": "low", "predicted_high": "high"}
"""As the form of `think` calls its options."""

_STRINGS = {"type": "array", "items": {"type": "string"}}


@dataclass(frozen=True, slots=True)
class ServedCommand:
    """One command, as agents see it."""

    name: str
    words: tuple[str, ...]
    command: click.Command

    @property
    def description(self) -> str:
        """The first paragraph of the command's help."""
        text = inspect.cleandoc(self.command.help or "").split("\n\n")[0]
        return " ".join(text.split())

    @property
    def changes_nothing(self) -> bool:
        """Does it only look?"""
        return self.name in _CHANGE_NOTHING

    def schema(self) -> dict[str, Any]:
        """The JSON schema of its arguments."""
        properties = {name: _schema_of(p) for name, p in self._parameters().items()}
        for name, kind in properties.items():
            if said := _ARGUMENTS.get(f"{self.name}.{name}"):
                properties[name] = {**kind, "description": said}
            elif self.name == "bench" and name in _SETTLED:
                words = f"Not in a campaign, which settles it. {kind.get('description', '')}"
                properties[name] = {**kind, "description": words.strip()}
        if self.name == "think":
            properties |= {
                name: {"type": "number", "description": f"The same as `{short}`."}
                for name, short in _PREDICTED.items()
            }
        if _reads_form(self.command):
            said = "The filled-in form itself: an object, or TOML or JSON; instead of `file`."
            properties[FORM] = {"type": ["string", "object"], "description": said}
        if isinstance(self.command, DashedCommand):
            said = "The program's own arguments."
            properties[PROGRAM_ARGUMENTS] = {**_STRINGS, "description": said}
        required = [name for name, p in self._parameters().items() if p.required]
        return {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
            **({"required": required} if required else {}),
        }

    def line(self, arguments: Mapping[str, Any]) -> tuple[list[str], bytes]:
        """The words after `harness` that call it, and its standard input.

        `arguments` fit the schema. Raises UsageError for what no command line can hold.
        """
        given = {
            _PREDICTED.get(name, name) if self.name == "think" else name: value
            for name, value in arguments.items()
        }
        form = given.pop(FORM, None)
        rest = [_word(value) for value in given.pop(PROGRAM_ARGUMENTS, ())]
        options, names = ["--json"], []
        for name, parameter in self._parameters().items():
            if given.get(name) is None:
                continue
            if isinstance(parameter, click.Option):
                options += _option_words(parameter, given[name])
            else:
                value = given[name]
                names += [_word(item) for item in (value if isinstance(value, list) else [value])]
        if form is not None:
            if "file" in given:
                raise UsageError(f"`{FORM}` and `file`: want one of the two")
            options.append("--file=-")
        names = self._apart(names, rest)
        text = json.dumps(form) if isinstance(form, dict) else form or ""
        return [*self.words, *options, *names], text.encode("utf-8")

    def _apart(self, names: list[str], rest: list[str]) -> list[str]:
        """The names, where no option can be meant, and the program's arguments after them."""
        if not isinstance(self.command, DashedCommand):
            return ["--", *names] if names else []
        if bad := next((name for name in names if name.startswith("-")), None):
            raise UsageError(
                f"{bad!r}: no target's name begins with a dash",
                hint=f"A file is written ./{bad}; a program's own arguments go in"
                f" `{PROGRAM_ARGUMENTS}`.",
            )
        return [*names, "--", *rest] if rest else names

    def _parameters(self) -> dict[str, click.Parameter]:
        """What an agent may give, by the name of the property."""
        return {
            property_name(parameter): parameter
            for parameter in self.command.params
            if parameter.name not in _NEVER and not getattr(parameter, "hidden", False)
        }


@functools.cache
def tools(chosen: str = "all") -> Mapping[str, ServedCommand]:
    """The tools by their names, in the order of `harness --help`; `campaign`: what one wants."""
    served = (
        ServedCommand("_".join(words).replace("-", "_"), words, command)
        for words, command in commands_below(cli, without=NOT_SERVED)
        if not isinstance(command, click.Group)
    )
    found = {tool.name: tool for tool in served if chosen == "all" or _of_campaigns(tool)}
    return MappingProxyType(found)


def _of_campaigns(tool: ServedCommand) -> bool:
    name = tool.words[0]
    return name in _OF_CAMPAIGNS or COMMANDS[name][0].startswith("campaign.")


def property_name(parameter: click.Parameter) -> str:
    """`full_case` of `--full-case`; of an argument its own name."""
    if not isinstance(parameter, click.Option):
        return parameter.name or ""
    return max(parameter.opts, key=len).lstrip("-").replace("-", "_")


def _schema_of(parameter: click.Parameter) -> dict[str, Any]:
    kind = _kind_of(parameter)
    several = parameter.nargs == -1 or parameter.multiple
    made: dict[str, Any] = {"type": "array", "items": kind} if several else kind
    if words := getattr(parameter, "help", None):
        made = {**made, "description": " ".join(words.split())}
    shown = getattr(parameter, "show_default", False)
    if shown and isinstance(parameter.default, str | int | float):
        made = {**made, "default": parameter.default}
    return made


def _kind_of(parameter: click.Parameter) -> dict[str, Any]:
    kind = parameter.type
    if _is_switch(parameter):
        return {"type": "boolean"}
    if _may_be_bare(parameter):
        return {"type": ["string", "boolean"]}
    if isinstance(kind, click.Choice):
        return {"type": "string", "enum": [str(choice) for choice in kind.choices]}
    if isinstance(kind, click.types.IntParamType):  # a range is one, too
        return {"type": "integer", **_bounds(kind)}
    if isinstance(kind, click.types.FloatParamType):
        return {"type": "number", **_bounds(kind)}
    if isinstance(kind, ShareType):
        return {"type": ["number", "string"]}
    return {"type": "string"}


def _bounds(kind: click.ParamType[Any]) -> dict[str, Any]:
    ends = {"minimum": getattr(kind, "min", None), "maximum": getattr(kind, "max", None)}
    return {name: value for name, value in ends.items() if value is not None}


def _is_switch(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Option) and bool(parameter.is_flag)


def _may_be_bare(parameter: click.Parameter) -> bool:
    """May it stand without a value, such as `--resume`?"""
    # click marks what was left out by a value of its own, not by None.
    return isinstance(parameter, click.Option) and isinstance(parameter.flag_value, str)


def _option_words(option: click.Option, value: Any) -> list[str]:
    name = max(option.opts, key=len)
    if option.is_flag:
        if value:
            return [name]
        return [max(option.secondary_opts, key=len)] if option.secondary_opts else []
    if isinstance(value, bool):  # of one that may be bare
        return [name] if value else []
    values: Sequence[Any] = value if isinstance(value, list) else [value]
    words = [_word(item) for item in values]
    if _may_be_bare(option) and (bad := next((w for w in words if w.startswith("-")), None)):
        # Of such an option click takes what begins with a dash for the next option.
        raise UsageError(f"{property_name(option)}: {bad!r} begins with a dash")
    return [f"{name}={word}" for word in words]


def _word(value: Any) -> str:
    """A word of a command line; UsageError for what none can hold."""
    text = value if isinstance(value, str) else repr(value)
    if "\0" in text:
        raise UsageError("an argument holds a null byte, which no command line can")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError("an argument is no UTF-8") from None
    return text


def _reads_form(command: click.Command) -> bool:
    return any(
        parameter.name == "file" and isinstance(parameter, click.Option)
        for parameter in command.params
    )
