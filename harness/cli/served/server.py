"""The SDK's server: tools are listed and called; the project is the current folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import mcp_types as types
from jsonschema import Draft202012Validator
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server

from harness import __version__
from harness.cli.served.children import Called, call_tool
from harness.cli.served.small_answers import read_answer
from harness.cli.served.tools import ServedCommand, tools
from harness.cli.shared.escaping import visible
from harness.errors import ExitCode, HarnessError, UsageError
from harness.optimise.agent_texts import FOR_TOOLS

READ_ANSWER = "read_answer"

_READ_ANSWER = types.Tool(
    name=READ_ANSWER,
    description="Read what an answer left out: its `cut.answer`, from an offset on.",
    input_schema={
        "type": "object",
        "properties": {
            "answer": {"type": "string", "description": "The name in `cut.answer`."},
            "offset": {"type": "integer", "minimum": 0, "maximum": 1_000_000_000, "default": 0},
        },
        "required": ["answer"],
        "additionalProperties": False,
    },
    annotations=types.ToolAnnotations(read_only_hint=True, open_world_hint=False),
)

_ANSWERS = frozenset({ExitCode.FINE, ExitCode.ANSWER_IS_NO, ExitCode.UNDECIDED})
"""Exit codes of commands that did what was asked, whatever they found."""

_Context = ServerRequestContext[Any, Any]


def make_server(chosen: str = "all") -> Server[Any]:
    """The server of the project in the current folder, with the tools that are chosen."""
    served = tools(chosen)
    return Server(
        "harness",
        version=__version__,
        title="optim-harness",
        instructions=FOR_TOOLS,
        on_list_tools=partial(_list_tools, served),
        on_call_tool=partial(_call_tool, served),
    )


def as_listed(tool: ServedCommand) -> types.Tool:
    """A tool as it is listed."""
    return types.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=tool.schema(),
        annotations=types.ToolAnnotations(read_only_hint=tool.changes_nothing or None),
    )


async def _list_tools(
    served: Mapping[str, ServedCommand], _: _Context, __: types.PaginatedRequestParams | None
) -> types.ListToolsResult:
    return types.ListToolsResult(tools=[*map(as_listed, served.values()), _READ_ANSWER])


async def _call_tool(
    served: Mapping[str, ServedCommand], context: _Context, asked: types.CallToolRequestParams
) -> types.CallToolResult:
    async def tell(count: float, words: str) -> None:
        await context.session.report_progress(count, None, words)

    arguments = asked.arguments or {}
    try:
        if asked.name == READ_ANSWER:
            check_arguments(_READ_ANSWER.input_schema, arguments)
            piece = read_answer(arguments["answer"], arguments.get("offset", 0))
            return _result(Called({"ok": True, "result": piece}, int(ExitCode.FINE)))
        tool = served.get(asked.name)
        if tool is None:
            raise UsageError("there is no such tool", hint="tools/list has them all.")
        check_arguments(tool.schema(), arguments)
        line, stdin = tool.line(arguments)
    except HarnessError as problem:
        code = int(problem.exit_code)
        said = {
            "ok": False,
            "command": visible(asked.name)[:100],
            "result": {},
            "error": visible(problem.message),
            "hint": visible(problem.hint),
            "next_actions": [],
            "exit_code": code,
        }
        return _result(Called(said, code))
    return _result(await call_tool(tool, line, stdin, tell))


def check_arguments(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """UsageError for the first argument that the schema does not allow."""
    problem = next(iter(Draft202012Validator(schema).iter_errors(arguments)), None)
    if problem is not None:
        where = ".".join(map(str, problem.absolute_path))
        raise UsageError(f"{where}: {problem.message}"[:500].removeprefix(": "))


def _result(called: Called) -> types.CallToolResult:
    """The answer as text alone, which every client hands on.

    A tool without an output schema owes no structured content. Beside it some clients drop the
    text, others the structure, and some show a model both, which pays for the same words twice.
    """
    text = json.dumps(called.answer)  # ASCII alone: nothing in it acts on a terminal
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)],
        is_error=called.exit_code not in _ANSWERS,
    )
