"""Options that several commands share."""

from __future__ import annotations

import click

from harness.render.tables import FORMATS

format_option = click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    default="plain",
    show_default=True,
    help="How tables are laid out.",
)
