"""`harness optimise`: a campaign on a program, without any file to be written before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli.campaign.started import started
from harness.cli.run import DashedCommand
from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import input_option


@command(
    cls=DashedCommand,
    epilog="Example: harness optimise solver.c -- boards.txt 1000",
)
@click.argument("sources", nargs=-1, required=True, metavar="PROGRAM...")
@click.option("--adapter", help="The language; otherwise as the program's name ends.")
@input_option
@click.option(
    "--agent-files", is_flag=True, help="Write AGENTS.md and a skill that say how to drive it."
)
def optimise_command(
    *, sources: tuple[str, ...], adapter: str | None, stdin: Path | None, agent_files: bool
) -> Answer:
    """Begin a campaign on PROGRAM, called with the arguments after `--`.

    Writes and commits harness.toml, seals the baseline, and says the next call. The program has to
    be committed, and nothing else may be changed: only our own file is committed unasked. The same
    call again goes on; `harness campaign abandon` ends it, after which it can begin anew.
    """
    from harness.optimise import open_campaign
    from harness.optimise.beginning import begin, subject_of
    from harness.running.guessing import adapter_of

    arguments: tuple[str, ...] = click.get_current_context().meta["arguments"]
    root = Path.cwd()
    chosen = adapter or adapter_of(Path(sources[0]))
    given = None if stdin is None else str(stdin)
    subject = subject_of(root, sources, arguments, adapter=chosen, stdin=given)
    begun = begin(root, subject)
    campaign = open_campaign(begun.config, subject.name)
    with campaign.locked():
        return started(campaign, agent_files=agent_files, first=_words(begun, adapter))


def _words(begun: Any, adapter: str | None) -> str:
    """What was taken for what, and what may be said better in the file."""
    from harness.project.first_config import looks_like_numbers

    subject = begun.subject
    lines = [f"wrote and committed {begun.config.path}"] if begun.written else []
    if adapter is None:
        lines.append(f"adapter: {subject.adapter}, as {subject.sources[0]} ends (--adapter)")
    if subject.inputs:
        lines.append(f"inputs: {', '.join(subject.inputs)}, copied into each trial's folder")
    if begun.written and (numbers := looks_like_numbers(subject.arguments)):
        lines.append(
            f"where one of {', '.join(numbers)} is a seed, write {{seed}} for it in `args`, and in"
            " the case seed = { from = 0, to = 4294967295 }: a gain then holds for more than one"
            " input (harness campaign abandon, edit harness.toml, commit, harness campaign start)"
        )
    return "".join(f"{line}\n" for line in lines)
