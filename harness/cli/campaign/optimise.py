"""`harness optimise`: a campaign on a program, without any file to be written before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from harness.cli.campaign.started import started
from harness.cli.run import DashedCommand
from harness.cli.shared import offered_words
from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import input_option
from harness.cli.shared.measuring import progress
from harness.errors import UsageError
from harness.model import ParamValue


@command(
    cls=DashedCommand,
    epilog="Example: harness optimise solver.c -- boards.txt '{seed}'",
)
@click.argument(
    "sources",
    nargs=-1,
    required=True,
    metavar="PROGRAM...",
    shell_complete=offered_words.targets_or_files,
)
@click.option(
    "--adapter",
    help="The language; otherwise as the program's name ends.",
    shell_complete=offered_words.adapter_names,
)
@input_option
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    help="What `{seed}` in the arguments is for the baseline; looks and tests draw others."
    "  [default: 1]",
)
@click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    help="What `{NAME}` in the arguments is. May be said several times.",
)
@click.option(
    "--objective",
    type=click.Choice(["wall", "cpu"]),
    help="The time that decides. Other programs disturb CPU time far less; wall time then"
    " informs.  [default: wall]",
)
@click.option(
    "--agent-files", is_flag=True, help="Write AGENTS.md and a skill that say how to drive it."
)
def optimise_command(*, sources: tuple[str, ...], agent_files: bool, **options: Any) -> Answer:
    """Begin a campaign on PROGRAM, called with the arguments after `--`.

    `{seed}` in an argument is a seed, which every look draws anew: a gain then holds for more than
    one input. The program is run once as it is called, before anything is kept.

    Writes and commits harness.toml (to one that is there and has PROGRAM as a target it adds the
    campaign), seals the baseline, and says the next call. The program has to
    be committed, and nothing else may be changed: only our own file is committed unasked. The same
    call again goes on; `harness campaign abandon` ends it, after which it can begin anew.
    """
    from harness.optimise import open_campaign
    from harness.optimise.beginning import begin, subject_of, with_values
    from harness.running.guessing import adapter_of

    arguments: tuple[str, ...] = click.get_current_context().meta["arguments"]
    root, adapter, stdin = Path.cwd(), options["adapter"], options["stdin"]
    chosen = adapter or adapter_of(Path(sources[0]))
    given = None if stdin is None else str(stdin)
    subject = subject_of(root, sources, arguments, adapter=chosen, stdin=given)
    subject = with_values(subject, options["seed"], _values(options["params"]))
    subject = replace(subject, objective=options["objective"] or "")
    with progress() as listener:
        begun = begin(root, subject, listener)
    campaign = open_campaign(begun.config, subject.name)
    with campaign.locked():
        return started(campaign, agent_files=agent_files, first=_words(begun, adapter))


def _values(given: tuple[str, ...]) -> dict[str, ParamValue]:
    """The parameters by name, each whole number as one; UsageError for what is no NAME=VALUE."""
    found: dict[str, ParamValue] = {}
    for text in given:
        name, equals, value = text.partition("=")
        plain = name.isascii() and name.isidentifier()
        if not equals or not plain or name == "seed" or name in found:
            raise UsageError(
                f"--param {text!r}: want NAME=VALUE, each name once; a seed is --seed's to say",
                hint="Such as --param size=1000, with '{size}' after `--`.",
            )
        # As a number only where it is written back the same: 007 stays a text.
        whole = value.isascii() and value.isdecimal() and str(int(value)) == value
        found[name] = int(value) if whole else value
    return found


def _words(begun: Any, adapter: str | None) -> str:
    """What was taken for what, and what may be said better in the file."""
    from harness.project.first_config import looks_like_numbers

    subject = begun.subject
    if begun.declared:
        added = f"added [campaigns.{subject.name}] to {begun.config.path} and committed it\n"
        return added if begun.written else ""
    lines = [f"wrote and committed {begun.config.path}"] if begun.written else []
    if adapter is None:
        ending = Path(subject.sources[0]).suffix
        why = f"since the name ends with {ending}" if ending else "which runs it as it is"
        lines.append(f"adapter: {subject.adapter}, {why} (--adapter says another one)")
    if subject.inputs:
        lines.append(f"inputs: {', '.join(subject.inputs)}, copied into each trial's folder")
    if subject.seed is not None:
        lines.append(f"{{seed}}: {subject.seed} for the baseline (--seed); looks draw others")
    elif begun.written and (numbers := looks_like_numbers(subject.arguments)):
        lines.append(
            f"where {' or '.join(numbers)} is a seed, say '{{seed}}' for it: a gain then holds"
            " for more than one input (harness campaign abandon, then this call with '{seed}')"
        )
    return "".join(f"{line}\n" for line in lines)
