"""`harness baseline`: measure the reference of a campaign once, and seal it."""

from __future__ import annotations

from typing import Any

import click

from harness.baseline import Baseline, BaselineSettings, make_baseline, tag_baseline
from harness.cli.shared.base import Answer, command
from harness.cli.shared.workload import wanted_workload, workload_options, workload_session
from harness.correctness.agreement import NOTHING_CHECKED
from harness.model.durations import parse_duration_ns
from harness.project.workload import Workload
from harness.render.tables import layout
from harness.render.units import show_bytes, show_ns
from harness.system.git.writing import Git


@command(epilog="Example: harness baseline --campaign nbody-c")
@workload_options
@click.option("--budget", help="Measure each case for at most this long; else the campaign's.")
@click.option("--trials", type=click.IntRange(2), help="The number of trials of each case.")
@click.option("--seed", type=int, help="Of the trials' layout; drawn and recorded if absent.")
def baseline_command(**options: Any) -> Answer:
    """Measure the commit that is checked out as the baseline of a campaign, and seal it.

    Runs the fast case and the full one, stores outputs and trials in `optim/`, and writes the
    root of their seal into the annotated tag `pre-optimization`. A baseline is made once and never
    modified: a second call is refused (exit code 7).
    """
    workload = wanted_workload(options)
    plan = BaselineSettings(
        budget_ns=budget_ns(options["budget"], workload),
        trials=options["trials"],
        seed=options["seed"],
    )
    with workload_session(workload, options["results"]) as session:
        baseline = make_baseline(session, workload, plan)
        tag = tag_baseline(workload, Git(workload.root), baseline)
    return _answer(workload, baseline, tag)


def budget_ns(given: str | None, workload: Workload) -> int:
    """The budget asked for, else the campaign's, else a minute."""
    section = workload.section
    value = given or (section.bench_budget if section else "60s")
    return parse_duration_ns(value, "--budget")


def _answer(workload: Workload, baseline: Baseline, tag: str) -> Answer:
    """What was made, and what to do with it."""
    document = baseline.document
    rows = [
        [
            record.case.name,
            show_ns(record.timing.wall_ns.point),
            show_bytes(record.timing.max_rss_bytes),
            str(record.timing.trials),
            ", ".join(record.outputs),
        ]
        for record in document.cases
    ]
    lines = [
        f"baseline of {workload.campaign or workload.target.name} at {baseline.commit[:12]},"
        f" tag {tag}",
        "",
        layout(["case", "wall (median)", "peak memory", "trials", "outputs"], rows),
        "",
        f"seal: {baseline.root}",
        f"{baseline.folder}",
    ]
    if document.dirty:
        files = ", ".join(document.changed_files[:5])
        lines.append(f"note: the commit was measured, without your changes to {files}")
    if not document.outputs and not any(r.outputs["stdout"].get("lines") for r in document.cases):
        lines.append(f"note: {NOTHING_CHECKED}, and nothing will be")
    relative = workload.folder.relative_to(workload.root)
    return Answer(
        result={
            "campaign": workload.campaign,
            "target": workload.target.name,
            "commit": baseline.commit,
            "dirty": document.dirty,
            "tag": tag,
            "seal": baseline.root,
            "folder": baseline.folder,
            "cases": {r.case.name: r.timing.wall_ns.point for r in document.cases},
        },
        text="\n".join(lines),
        next_actions=(f"git add {relative} && git commit -m 'Baseline'", "harness bench"),
    )
