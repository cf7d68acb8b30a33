"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from harness.analysis import Question
from harness.errors import UsageError
from harness.model import Metric
from harness.render.tables import FORMATS

format_option = click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    default="plain",
    show_default=True,
    help="How tables are laid out.",
)


def question_options(function: Any) -> Any:
    """The options that say how sure and how fine an answer has to be."""
    for option in (
        click.option(
            "--metric",
            type=click.Choice(["auto", *(m.value for m in Metric)]),
            default="auto",
            help="What decides; auto takes CPU time where wall time is disturbed.",
        ),
        click.option(
            "--confidence",
            type=float,
            default=0.95,
            show_default=True,
            help="Of the intervals and the verdict.",
        ),
        click.option(
            "--threshold",
            type=float,
            default=0.01,
            show_default=True,
            help="Differences below this share are equivalent in practice.",
        ),
    ):
        function = option(function)
    return function


def make_question(options: Mapping[str, Any]) -> Question:
    """The Question that `question_options` asked for; UsageError where it makes no sense."""
    confidence, threshold = options["confidence"], options["threshold"]
    if not 0.5 <= confidence < 1:
        raise UsageError(f"--confidence: want at least 0.5 and below 1, got {confidence}")
    if not 0 < threshold < 1:
        raise UsageError(f"--threshold: want a share above 0 and below 1, got {threshold}")
    precision = _share(options.get("precision"))
    metric = None if options["metric"] == "auto" else Metric(options["metric"])
    return Question(metric, confidence, threshold, precision)


def _share(text: str | None) -> float | None:
    """`2%` or `0.02` as a share."""
    if text is None:
        return None
    try:
        share = float(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        share = math.nan
    if not 0 < share < 1:
        raise UsageError(f"--precision: want a share such as 2% or 0.02, got {text!r}")
    return share


precision_option = click.option(
    "--precision",
    help="Go on until the ratio (of a single target, its time) is known to this share on either"
    " side, such as 2%.",
)

input_option = click.option(
    "--input",
    "stdin",
    type=click.Path(path_type=Path),
    help="For a FILE or program: what it reads on standard input, from the beginning in every"
    " trial.",
)
