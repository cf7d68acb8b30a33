"""`harness baseline`: measure the reference of a campaign once, and seal it."""

from __future__ import annotations

from typing import Any

import click

from harness.bench.asking import BaselineResult
from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import MOST
from harness.cli.shared.measuring import progress, said, told_options
from harness.cli.shared.workload import project_of, workload_options, workload_said
from harness.correctness.declared import NOTHING_CHECKED


@command(epilog="Example: harness baseline --campaign nbody-c")
@workload_options
@click.option("--budget", help="Measure each case for at most this long; else the campaign's.")
@click.option("--trials", type=click.IntRange(2, MOST), help="The number of trials of each case.")
@click.option("--seed", type=int, help="Of the trials' layout; drawn and recorded if absent.")
@told_options
def baseline_command(**options: Any) -> Answer:
    """Measure the commit that is checked out as the baseline of a campaign, and seal it.

    Runs the fast case and the full one, stores outputs and trials in `optim/`, and writes the
    digest of their seal into the annotated tag `pre-optimization`. A baseline is made once
    and never modified: a second call is refused (exit code 7).
    """
    with progress() as listener:
        made = project_of(options).baseline(
            **workload_said(options, listener),
            **said(budget=options["budget"], trials=options["trials"], seed=options["seed"]),
        )
    return _answer(made)


def _answer(made: BaselineResult) -> Answer:
    """What was made, and what to do with it."""
    workload, baseline, document = made.workload, made.baseline, made.baseline.document
    lines = [str(made), "", f"seal: {baseline.root}", f"{baseline.folder}"]
    if document.dirty:
        files = ", ".join(document.changed_files[:5])
        lines.append(f"note: the commit was measured, without your changes to {files}")
    if not document.outputs and not any(r.outputs["stdout"].get("lines") for r in document.cases):
        lines.append(f"note: {NOTHING_CHECKED}, and nothing will be")
    relative = workload.folder.relative_to(workload.root)
    return Answer(
        result=made.to_dict(),
        text="\n".join(lines),
        next_actions=(f"git add {relative} && git commit -m 'Baseline'", "harness bench"),
    )
