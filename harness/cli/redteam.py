"""`harness redteam`: try on this machine what makes programs seem faster than they are."""

from __future__ import annotations

import click

from harness.cli.shared.base import Answer, command, guard
from harness.errors import ExitCode
from harness.model import Jail
from harness.redteam.all_techniques import TECHNIQUES
from harness.redteam.suite import chosen, kinds, tried
from harness.redteam.told import BAD, Tried


@command(
    name="redteam",
    epilog="Example: harness redteam --kind replay --level strict",
)
@click.option("--kind", "wanted", multiple=True, type=click.Choice(kinds()), help="Of this kind.")
@click.option("--only", multiple=True, metavar="NAME", help="This technique alone.")
@click.option(
    "--level",
    type=click.Choice([level.value for level in Jail]),
    help="The jail of every trial; otherwise what a campaign has by default.",
)
@click.option(
    "--apart", is_flag=True, help="Make each command a process of its own, as a shell does."
)
@click.option("--list", "listed", is_flag=True, help="Name the techniques, and try none.")
def redteam_command(
    wanted: tuple[str, ...], only: tuple[str, ...], level: str | None, apart: bool, listed: bool
) -> Answer:
    """Try known ways to seem faster, each as an agent's iteration in a tiny campaign.

    Each is blocked (refused, called wrong, or no gain was seen), flagged (kept, and the log says
    what to look at), silent (kept without a word), or not applicable here. Honest changes are
    tried, too: they are to be kept without a flag. The exit code is 1 where one is silent, or an
    honest change is accused. All of it happens in a temporary folder.
    """
    from harness.redteam.callers import InForks, in_process_of_its_own
    from harness.redteam.tabling import table, tally, to_dict, totals

    techniques = chosen(TECHNIQUES, wanted, only)
    if listed:
        names = [f"{t.kind.value}: {t.name} ({t.language})" for t in techniques]
        return Answer(result={"techniques": names}, text="\n".join(names))
    caller = in_process_of_its_own if apart else InForks(lambda words: guard(_cli(), words))
    findings: list[Tried] = []
    for found in tried(techniques, caller, Jail(level) if level else None):
        findings.append(found)
        click.echo(
            f"{len(findings)}/{len(techniques)} {found.technique}: {found.result.value}"
            f" ({found.wall_s:.0f} s; {tally(findings)})",
            err=True,
        )
    bad = [found for found in findings if found.result in BAD]
    return Answer(
        result={
            "findings": [to_dict(found) for found in findings],
            "totals": totals(findings),
            "level": level or Jail.STRICT.value,  # a campaign's default
        },
        text=f"{table(findings)}\n\n{totals(findings)}",
        exit_code=ExitCode.ANSWER_IS_NO if bad else ExitCode.FINE,
        error=", ".join(f"{found.technique}: {found.result.value}" for found in bad) or None,
    )


def _cli() -> click.Group:
    from harness.cli import cli

    return cli
