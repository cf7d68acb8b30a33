"""`harness report`: a run, a task or a campaign as one page for colleagues."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.api import report
from harness.cli.shared import offered_words
from harness.cli.shared.base import Answer, command
from harness.cli.shared.measuring import config_option, named_place, results_option, said

if TYPE_CHECKING:
    from harness.pages.made_pages import PageResult


@command(epilog="Example: harness report -o report.html    harness report --task nbody --format md")
@click.argument("what", metavar="[RUN|CAMPAIGN]", required=False)
@click.option(
    "--task",
    help="Of the stored runs of this task the latest with the most targets.",
    shell_complete=offered_words.tasks,
)
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write: .html or .md. Left out: report.html, or Markdown on standard output.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["html", "md"]),
    help="How it is written; left out: as the file's suffix says, else html.",
)
@click.option(
    "--plots",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write every picture as PNG and SVG into this folder, too.",
)
@config_option
@results_option
def report_command(what: str | None, **options: Any) -> Answer:
    """Make one HTML page of a run, a task or a campaign, to be handed on; nothing is measured.

    RUN is the id of a stored run, the beginning of one, or its folder; left out, what was done
    last: the latest run, or a campaign that was at work since.

    The page needs no network: the answer in words, tables that sort, pictures with their figures,
    what the run does not prove, and the commands to repeat it.

    Pictures want matplotlib (pip install matplotlib), else the page has their figures as tables.
    `--format md` is text for a pull request.
    """
    path, style = options["path"], options["style"]
    printed = path is None and style == "md"
    if path is None and not printed and options["plots"] is None:
        path = Path("report.html")
    asked = said(task=options["task"], path=path, format=style, plots=options["plots"])
    made = report(what, **asked, **named_place(options))
    if printed and made.note:
        click.echo(f"harness: {made.note}", err=True)
    text = made.markdown().rstrip("\n") if printed else _told(made)
    return Answer(result={**made.to_dict(), **({"text": text} if printed else {})}, text=text)


def _told(made: PageResult) -> str:
    """The page's file, what it is of, what it lacks, and where its pictures are."""
    from harness.pages.made_pages import format_of, undrawn

    pages = [path for path in made.written if path.suffix not in (".png", ".svg")]
    pictures = [path for path in made.written if path.suffix in (".png", ".svg")]
    lacks = [f"it {why}" for p in pages if (why := undrawn(made.document, format_of(p, None)))]
    more = [f"{len(pictures)} pictures in {pictures[0].parent}"] if pictures else []
    note = [made.note] if made.note else []
    return "\n".join((*map(str, pages), *note, *lacks, *more))
