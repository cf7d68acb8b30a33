"""`harness ci`: a gate for pull requests."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

import click

from harness.api import Interrupted, ci
from harness.cli.shared import offered_words
from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import make_settings, settings_options
from harness.cli.shared.measuring import (
    config_option,
    named_place,
    progress,
    results_option,
    said,
)
from harness.errors import ExitCode
from harness.model.durations import write_duration
from harness.render.explaining import shown_again
from harness.running.gate_results import CiResult, GateStatus
from harness.running.listening import Told

FORMATS = ("text", "github", "gitlab", "markdown", "json", "junit")

SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable that names the file of the job's page."""


@command(epilog="Example: harness ci --base main --budget 5m --report gate.html")
@click.argument("targets", nargs=-1, shell_complete=offered_words.targets)
@click.option(
    "--base",
    metavar="REV",
    shell_complete=offered_words.revisions,
    help="Compare with the merge base of HEAD and REV. Left out: the pull request's target branch,"
    " where CI names one, else the default branch.",
)
@click.option("--task", help="Only targets of this task.", shell_complete=offered_words.tasks)
@click.option("--tag", help="Only targets that have this tag.")
@click.option(
    "--case", help="The case; otherwise each task's first one.", shell_complete=offered_words.cases
)
@settings_options(
    budget="Measure all for at most this long together, such as 10m; building comes before. What is"
    " decided leaves its time to the rest. Left out: 10 minutes.",
    confidence="Of all verdicts together, which share the error level.",
    threshold="A target may be slower by this share.",
)
@click.option(
    "--require-decision", is_flag=True, help="Exit with 8 where the budget decides not all."
)
@click.option(
    "--locate",
    is_flag=True,
    help="Profile both sides of the three slowest targets that fail, and name the function and line"
    " that take the further time. --format github does so.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How it is written. github, gitlab and markdown are a summary whose table folds; github"
    " appends it to the job's page where GITHUB_STEP_SUMMARY names one, and prints text and"
    " annotations then.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one page with everything: .html or .md.",
)
@config_option
@results_option
def ci_command(targets: tuple[str, ...], **options: Any) -> Answer:
    """Say whether this change made a target slower: a gate for pull requests.

    The working tree is compared with its merge base: both builds of each target, or of those named,
    run interleaved on this machine, so that its speed and its drift hit both alike. The workload
    and the configuration of now serve both sides. All verdicts share one error level.

    What cannot be concerned by the change is skipped in a moment; what is one program on both sides
    is built and not measured. A target that base has not got, or that does not build there, is
    shown alone.

    The exit code is 0 where no target is surely slower beyond the threshold, 1 where one is, is
    mixed or computes something else, and 8 for an open question with --require-decision.
    """
    keywords = ("base", "task", "tag", "case", "report")
    with progress() as listener:
        try:
            found = ci(
                *targets,
                settings=make_settings(options),
                require_decision=options["require_decision"],
                locate=options["locate"] or options["style"] == "github",
                **said(**{name: options[name] for name in keywords}),
                **named_place(options, Told(listener)),
            )
        except Interrupted as stop:
            if not isinstance(stop.result, CiResult):
                raise
            found = stop.result
    text = _written(found, options["style"])
    return Answer(
        result=found.to_dict(),
        text=text,
        exit_code=found.exit_code,
        error=_error(found),
        hint=_hint(found),
    )


def _written(found: CiResult, style: str) -> str:
    from harness.pages.of_gate import gate_annotations, gate_junit, gate_markdown, gate_text
    from harness.system.store.files import storage_errors

    if style == "text":
        return gate_text(found)
    if style == "github" and (page := os.environ.get(SUMMARY)):
        with storage_errors(Path(page)), Path(page).open("a", encoding="utf-8") as file:
            file.write(f"{gate_markdown(found)}\n")
        return "\n".join(filter(None, (gate_text(found), gate_annotations(found))))
    if style == "junit":
        return gate_junit(found)
    if style == "json":
        return json.dumps(found.to_dict(), indent=2, default=str)
    return gate_markdown(found)


def _error(found: CiResult) -> str | None:
    return None if found.exit_code is ExitCode.FINE else found.headline


def _hint(found: CiResult) -> str | None:
    """What shows a wrong output again, or what to do about a regression or an open question."""
    for row in (*found.with_(GateStatus.OTHER_OUTPUT), *found.with_(GateStatus.FAILED)):
        base = f"{row.target}@{found.base.short}"
        again = shlex.join(["harness", "compare", base, row.target, "--case", row.case])
        if shown := shown_again(row.why, again):
            return shown
    # `harness bisect` knows no benchmark that no case of harness.toml declares.
    slower = [row for row in found.with_(GateStatus.REGRESSED) if not row.of_suite]
    committed = found.head != found.base.commit
    if found.exit_code is ExitCode.ANSWER_IS_NO and slower and committed:
        name = slower[0].target
        return f"harness bisect {name} {found.base.short} HEAD finds the commit."
    if found.exit_code is ExitCode.UNDECIDED:
        if found.budget_needed_ns is None:
            return "A larger --budget may decide it."
        return f"--budget {write_duration(found.budget_needed_ns, 2)} would do, by what was seen."
    return None
