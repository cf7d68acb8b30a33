"""What the campaign's commands share: finding the campaign, reading input, answering."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.shared import offered_words
from harness.cli.shared.base import Answer
from harness.cli.shared.measuring import config_option
from harness.errors import ExitCode, UsageError
from harness.model import Jail
from harness.project.finding import read_config
from harness.system.store.files import read_given

if TYPE_CHECKING:
    from harness.campaign.advice import Advice
    from harness.campaign.agreed import Decision
    from harness.campaign.iteration import Iteration
    from harness.campaign.port import Workbench
    from harness.optimise import Campaign
    from harness.project.config import Config

_MOST_CHARACTERS = 1_000_000

campaign_option = click.option(
    "--campaign",
    "campaign_name",
    help="Which campaign of harness.toml, where there are several.",
    shell_complete=offered_words.campaigns,
)
file_option = click.option(
    "--file",
    "file",
    help="Read the fields from this file, or from standard input where it is `-`: TOML or JSON.",
)

then_option = click.option(
    "--then",
    type=click.Choice(["commit", "revert", "auto", "profile"]),
    help="Go on at once: commit or revert, as the result says, and decide; `profile` takes the"
    " profile for the next thought too.",
)


def note_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The fields of an iteration's entry in the log, and the file that may hold them."""
    for option in (
        click.option("--lesson", help="Outside the predicted interval: what it teaches."),
        click.option("--why", help="Outside the predicted interval: what explains it."),
        click.option("--notes", help="Observations, what to try next."),
        click.option("--surprise", help="What was unexpected; None where nothing was."),
        file_option,
    ):
        function = option(function)
    return function


def note_fields(options: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """What was said of an iteration's entry, and where; no fields where nothing was."""
    flags = {name: options[name] for name in ("surprise", "notes", "why", "lesson")}
    return read_input(options["file"], flags)


strict_option = click.option(
    "--strict", is_flag=True, help="Exit code 1 where there is a FLAG; it is recorded all the same."
)


def spoken(_: click.Context, parameter: click.Parameter, value: str | None) -> str:
    """The callback of an option that holds a reason: one that is given says something."""
    if value is not None and not value.strip():
        raise UsageError(f"--{parameter.name} is empty", hint="Say why; the reason is recorded.")
    return (value or "").strip()


def campaign_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--campaign` and `--config`."""
    made: Callable[..., Any] = campaign_option(config_option(function))
    return made


def named_campaign(config: Config, name: str | None) -> str:
    """The campaign that is named, or the only one; its journal is not looked at."""
    from harness.project.workload import only

    return name if name is not None else only(config.campaigns, "campaign")


@contextlib.contextmanager
def opened(options: Mapping[str, Any], *, lock: bool = True) -> Iterator[Campaign]:
    """The campaign that the options mean, with the checkout's lock held.

    `executor` among the options stands for what its section says.
    """
    from harness.optimise import open_campaign
    from harness.system.git.remembering import remembering

    with remembering():
        config, name = read_config(options["config_path"]), options["campaign_name"]
        if options.get("executor") is not None:
            from harness.optimise.terms import with_executor

            config = with_executor(config, named_campaign(config, name), options["executor"])
        campaign = open_campaign(config, name)
        if not lock:
            yield campaign
            return
        with campaign.locked():
            yield campaign


@contextlib.contextmanager
def workbench(campaign: Campaign) -> Iterator[Workbench]:
    """What builds and runs the campaign's target, with progress on a terminal."""
    from harness.cli.shared.measuring import progress
    from harness.optimise.conditions import Conditions
    from harness.optimise.terms import executor_of
    from harness.optimise.workbench import LocalWorkbench

    agreed = campaign.state.agreed if campaign.started else None
    conditions = Conditions(
        scope=campaign.checkout.scope,
        seeds=campaign.seeds,
        jail=Jail(agreed.jail) if agreed is not None else None,
        untracked=campaign.state.untracked if campaign.started else (),
    )
    executor = executor_of(campaign.section) if agreed is None else agreed.executor
    with progress() as listener:
        if not executor:
            yield LocalWorkbench(campaign.config, campaign.name, listener, conditions)
            return
        from harness.optimise.node_workbench import NodeWorkbench, as_sealed

        config = campaign.config if agreed is None else as_sealed(campaign.config, agreed)
        yield NodeWorkbench(config, campaign.name, executor, listener, conditions)


def answered(
    campaign: Campaign,
    text: str,
    result: Mapping[str, Any] | None = None,
    *,
    exit_code: ExitCode = ExitCode.FINE,
    error: str | Callable[[Advice], str] | None = None,
) -> Answer:
    """An answer with the campaign's state, its warnings, and what is to be done next.

    An error that speaks of the next action is made from it.
    """
    from harness.optimise import next_action

    advice = next_action(campaign)
    other = f"; or {advice.instead}" if advice.instead else ""
    if callable(error):
        error = error(advice)
    warnings = tuple(campaign.warnings)
    lines = [text, *(f"warning: {warning}" for warning in warnings)]
    lines.append(f"next ({advice.action}): {advice.line}")
    if advice.template and "--file" in advice.command:
        lines.append(f"with: {fields_of(advice.template)}")
        lines += _in_one_line(advice.template)
    return Answer(
        result={**(result or {}), "warnings": list(warnings)},
        text="\n".join(filter(None, lines)),
        exit_code=exit_code,
        error=error,
        hint=f"Next: {advice.line}{other}" if error else None,
        state=campaign.progress.step.value,
        next_actions=(advice.command,),
    )


def answered_end(campaign: Campaign, iteration: Iteration, how: str) -> Answer:
    """The answer to what ends an iteration, which became a commit of the branch or of a ref."""
    kept = iteration.commit or iteration.attempt
    return answered(
        campaign,
        f"iteration {iteration.number}: {how}",
        {"iteration": iteration.number, "outcome": iteration.outcome.value, "commit": kept},
    )


_RECORDS_GO_ON = (
    "git status shows the records as modified from here on: they tell of the commit too, and the"
    " next one takes them in; leave them"
)
"""Said once, after the first commit of an iteration."""


def closed_words(iteration: Iteration, decision: Decision, words: list[str]) -> dict[str, Any]:
    """What became of an iteration and of the loop; adds it to the words."""
    from harness.campaign.iteration import Outcome
    from harness.model.jsonable import jsonable

    kept = iteration.outcome is Outcome.KEPT
    made = iteration.commit if kept else iteration.attempt
    done = "committed as" if kept else "reverted; the attempt is kept as"
    words.append(f"{done} {made[:12]}" if made else "reverted; no code had changed")
    if iteration.number == 1:
        words.append(_RECORDS_GO_ON)
    words.append(f"{'stop' if decision.stop else 'go on'}: {decision.reason}")
    return {"commit": made, "decision": jsonable(decision)}


def _in_one_line(template: str) -> list[str]:
    """The call that does without a form, where its template names one."""
    from harness.campaign.templates import IN_ONE_LINE

    lines = (line for line in template.splitlines() if line.startswith(IN_ONE_LINE))
    return [f"or: {line.removeprefix(IN_ONE_LINE)}" for line in lines]


def fields_of(template: str) -> str:
    """The fields of a form, by name, with those of its parts in brackets."""
    from harness.model.forms import read_fields

    found = read_fields(template, "the form")
    names = [
        f"{name} ({', '.join(value[0])})" if isinstance(value, list) else name
        for name, value in found.items()
    ]
    return ", ".join(names)


def read_input(file: str | None, flags: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The fields of a file or standard input, with flags over them, and where they came from.

    Without either there are no fields.
    """
    from harness.model.forms import read_fields

    given = {key: value for key, value in flags.items() if value not in (None, (), "")}
    try:
        json.dumps(given, ensure_ascii=False, allow_nan=False, default=str).encode("utf-8")
    except ValueError as problem:
        raise UsageError(
            f"the options: want texts in UTF-8 and finite numbers: {problem}"
        ) from None
    if file is None:
        return given, "the options"
    source = "standard input" if file == "-" else file
    try:
        text = _read(file)
    except (OSError, ValueError) as problem:
        raise UsageError(f"{source[:200]}: cannot be read: {problem}") from None
    if len(text) > _MOST_CHARACTERS:
        raise UsageError(f"{source}: has more than {_MOST_CHARACTERS:,} characters")
    return {**read_fields(text, source), **given}, source


def _read(file: str) -> str:
    """The beginning of a file, or of standard input, as far as any form can go."""
    if file == "-":
        return sys.stdin.read(_MOST_CHARACTERS + 1)
    return read_given(Path(file), 4 * _MOST_CHARACTERS + 4).decode("utf-8")[: _MOST_CHARACTERS + 1]


def parse_options(values: Sequence[str]) -> list[dict[str, str]]:
    """`name | pros | cons`, each."""
    made = []
    for value in values:
        parts = [part.strip() for part in value.split("|")]
        if len(parts) != 3:
            raise UsageError(f'--option: want "name | pros | cons", got {value!r}')
        made.append(dict(zip(("name", "pros", "cons"), parts, strict=True)))
    return made
