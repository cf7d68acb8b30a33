"""What all commands share: their answer, the JSON envelope, and how errors end."""

from __future__ import annotations

import errno
import functools
import json
import math
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

import click

from harness.errors import ExitCode, HarnessError
from harness.frozen import dataclass
from harness.render.page import Page, written_on

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command has to say, for people and for programs."""

    result: Mapping[str, Any] = field(default_factory=dict)
    text: str | Callable[[], str] = ""
    """For people, on standard output; under --json not printed, and a callable is not called."""
    exit_code: ExitCode = ExitCode.FINE
    error: str | None = None
    hint: str | None = None
    state: str | None = None
    """The state of the campaign, where there is one."""
    next_actions: Sequence[str] = ()


def envelope(command: str, answer: Answer) -> dict[str, Any]:
    """The one object that `--json` prints."""
    return {
        "ok": answer.exit_code is ExitCode.FINE,
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "state": answer.state,
        "result": answer.result,
        "error": answer.error,
        "hint": answer.hint,
        "next_actions": list(answer.next_actions),
    }


SERVED = threading.Event()
"""Set where an agent's server is told: the envelope has the words for people, too."""

WORDS = "harness.words"
"""In the context of a command: its words as they were typed."""


class OneEach(click.Command):
    """Refuses an option that is given twice, of which click would take the last in silence."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta.setdefault(WORDS, tuple(args))
        # The parser eats its list and names every option as often as it stands there.
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for parameter in order:
            single = isinstance(parameter, click.Option) and not (
                parameter.multiple or parameter.is_flag or parameter.count
            )
            if single and order.count(parameter) > 1:
                name = max(parameter.opts, key=len)
                several = next((o for p in self.params for o in p.opts if o == f"{name}s"), None)
                raise click.UsageError(
                    f"{name} is given more than once; it takes one value"
                    + (f" ({several} takes several, with commas)" if several else ""),
                    ctx=ctx,
                )
        return super().parse_args(ctx, args)


def command(**attributes: Any) -> Callable[[Callable[..., Answer]], click.Command]:
    """A click command whose function returns an Answer; adds `--json` and prints for it."""

    def decorate(function: Callable[..., Answer]) -> click.Command:
        @functools.wraps(function)
        def run(*args: Any, as_json: bool, **kwargs: Any) -> None:
            with written_on(terminal_page()):  # a text that is a callable is made as it is printed
                answer = function(*args, **kwargs)
                _print(_command_path(), answer, as_json)
            raise SystemExit(int(answer.exit_code))

        option = click.option(
            "--json", "as_json", is_flag=True, help="Print one JSON envelope on standard output."
        )
        made: click.Command = click.command(**{"cls": OneEach, **attributes})(option(run))
        return made

    return decorate


def terminal_page() -> Page:
    """The terminal that standard output is, where it is one; COLUMNS says its width elsewhere too.

    https://no-color.org: NO_COLOR, of any value, and a terminal that is dumb, want no colours.
    """
    terminal, columns = sys.stdout.isatty(), os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdigit() and int(columns) else None
    if width is None and terminal:
        width = shutil.get_terminal_size().columns
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "") == "dumb"
    return Page(width, colour=terminal and not plain)


def _command_path() -> str:
    path = click.get_current_context().command_path
    return path.split(" ", 1)[1] if " " in path else path


def _print(name: str, answer: Answer, as_json: bool) -> None:
    if as_json:
        document = envelope(name, answer)
        if SERVED.is_set():
            document["text"] = answer.text if isinstance(answer.text, str) else answer.text()
        click.echo(_as_json(document))
    elif text := answer.text if isinstance(answer.text, str) else answer.text():
        click.echo(text)
    if answer.error and not as_json:
        _complain(answer.error, answer.hint or "")


def _as_json(document: dict[str, Any]) -> str:
    try:
        return json.dumps(document, allow_nan=False, default=str)
    except ValueError:  # JSON knows no NaN and no infinity
        return json.dumps(_finite(document), allow_nan=False, default=str)


def _finite(value: Any) -> Any:
    """The same value with null for every number that JSON cannot hold."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _complain(message: str, hint: str) -> None:
    click.echo(f"harness: {message}", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)


def guard(group: click.Group, arguments: Sequence[str]) -> int:
    """Run the command line; every error becomes its message and its exit code."""
    as_json = "--json" in _before_dashes(arguments)
    name = next((a for a in arguments if not a.startswith("-")), "")
    try:
        group.main(list(arguments), prog_name="harness", standalone_mode=False)
    except SystemExit as leave:
        return int(leave.code or 0)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except (KeyboardInterrupt, click.Abort):
        _fail(name, as_json, ExitCode.INTERRUPTED, "interrupted")
        return ExitCode.INTERRUPTED
    except click.ClickException as problem:
        if isinstance(problem, getattr(click.exceptions, "NoArgsIsHelpError", ())):
            click.echo(problem.format_message(), err=True)  # the help itself: nothing went wrong
            return ExitCode.USAGE
        hint = ""
        if isinstance(problem, click.UsageError) and problem.ctx is not None:
            hint = f"Try `{problem.ctx.command_path} --help`."
        _fail(name, as_json, ExitCode.USAGE, problem.format_message(), hint)
        return ExitCode.USAGE
    except HarnessError as problem:
        wanted = problem.exit_code is ExitCode.BUG and not getattr(problem, "traceback_kept", False)
        kept = _keep_traceback(problem) if wanted else ""
        hint = " ".join(filter(None, (_in_flags(problem.hint), kept)))
        _fail(name, as_json, problem.exit_code, _in_flags(problem.message), hint)
        return problem.exit_code
    except MemoryError:
        _fail(
            name, as_json, ExitCode.USAGE, "memory ran out", "Is an output or an input this large?"
        )
        return ExitCode.USAGE
    except OSError as problem:
        if problem.errno not in _OF_THE_MACHINE:
            return _bug(name, as_json, problem)
        from harness.system.store.files import not_written

        place = Path(os.fsdecode(problem.filename or "the disk"))
        failure = not_written(place, problem, "use")
        _fail(name, as_json, ExitCode.USAGE, failure.message, _in_flags(failure.hint))
        return ExitCode.USAGE
    except UnicodeEncodeError as problem:
        return _not_utf_8(name, as_json, problem)
    except Exception as problem:
        return _bug(name, as_json, problem)
    return ExitCode.FINE


_OF_THE_MACHINE = (errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What the machine refuses is no bug of ours, wherever it is met."""


def _not_utf_8(name: str, as_json: bool, problem: UnicodeEncodeError) -> int:
    """Name what cannot stand in a record; anything else that cannot be encoded is a bug."""
    if problem.reason != "surrogates not allowed":
        return _bug(name, as_json, problem)
    # Names of files are bytes to Linux; records are UTF-8, so that anybody can read them.
    shown = problem.object.encode("utf-8", "backslashreplace").decode()
    message = f"not UTF-8, and it would stand in a record: {shown[:200]}"
    _fail(name, as_json, ExitCode.USAGE, message, "Rename the file or folder in UTF-8.")
    return ExitCode.USAGE


def _bug(name: str, as_json: bool, problem: Exception) -> int:
    message = f"a bug: {type(problem).__name__}: {problem}"
    _fail(name, as_json, ExitCode.BUG, message, _keep_traceback(problem))
    return ExitCode.BUG


def _in_flags(text: str) -> str:
    """What was said in the words of the Python API, in those of the command line."""
    # Every option is declared behind this import, and most calls end well.
    from harness.cli.shared import wording

    return wording.in_flags(text)


def _fail(name: str, as_json: bool, code: ExitCode, message: str, hint: str = "") -> None:
    if as_json:
        answer = Answer(exit_code=code, error=message, hint=hint or None)
        click.echo(_as_json(envelope(name, answer)))
    _complain(message, hint)


def _before_dashes(arguments: Sequence[str]) -> Sequence[str]:
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def _keep_traceback(problem: BaseException) -> str:
    """Write the traceback to a file; returns a sentence that names it."""
    import tempfile

    text = "".join(traceback.format_exception(problem))
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            encoding="utf-8",
            prefix="harness-traceback-",
            suffix=".txt",
            delete=False,
            errors="backslashreplace",
        ) as file:
            file.write(text)
    except OSError as trouble:
        return f"The traceback cannot be kept ({trouble}); please report it:\n{text}"
    return f"The traceback is kept in {file.name}; please report it."
