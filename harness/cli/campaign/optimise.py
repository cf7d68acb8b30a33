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
    help="What `{NAME}` in the arguments is; with NAME=900..1100 every look draws it anew, a whole"
    " number where both ends are. May be said several times.",
)
@click.option(
    "--objective",
    type=click.Choice(["wall", "cpu"]),
    help="The time that decides. Other programs disturb CPU time far less: on a machine that others"
    " use, cpu decides far sooner for a program of one thread; wall time then informs."
    "  [default: wall]",
)
@click.option(
    "--option",
    "adapter_options",
    multiple=True,
    metavar="NAME=VALUE",
    help="An option of the adapter, as [targets.*] has it: python=.venv/bin/python, compiler=clang,"
    " 'flags=-O3 -march=native', and of Julia program=/opt/julia/bin/julia. May be said several"
    " times.",
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
    from harness.cli.campaign.said_values import options_said, params_said
    from harness.optimise import open_campaign
    from harness.optimise.beginning import begin, subject_of, with_adapter_options, with_values
    from harness.running.guessing import adapter_of

    arguments: tuple[str, ...] = click.get_current_context().meta["arguments"]
    root, adapter, stdin = Path.cwd(), options["adapter"], options["stdin"]
    chosen = adapter or adapter_of(Path(sources[0]))
    given = None if stdin is None else str(stdin)
    subject = subject_of(root, sources, arguments, adapter=chosen, stdin=given)
    subject = with_values(subject, options["seed"], params_said(options["params"]))
    subject = with_adapter_options(subject, options_said(options["adapter_options"]))
    subject = replace(subject, objective=options["objective"] or "")
    with progress() as listener:
        begun = begin(root, subject, listener)
    campaign = open_campaign(begun.config, subject.name)
    with campaign.locked():
        return started(campaign, agent_files=agent_files, first=_words(begun, adapter))


def _words(begun: Any, adapter: str | None) -> str:
    """What was taken for what, and what may be said better in the file."""
    from harness.model.draws import Range
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
    drawn = {name: r for name, r in subject.params.items() if isinstance(r, Range)}
    for name, ends in drawn.items():
        lines.append(f"{{{name}}}: {ends.low} for the baseline; looks draw up to {ends.high}")
    numbers = looks_like_numbers(subject.arguments) if subject.seed is None else ()
    if begun.written and numbers:
        lines.append(
            f"where {' or '.join(numbers)} is a seed, say '{{seed}}' for it: a gain then holds"
            " for more than one input (harness campaign abandon, then this call with '{seed}')"
        )
    return "".join(f"{line}\n" for line in lines)
