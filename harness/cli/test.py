"""`harness test`: is the current tree still right?"""

from __future__ import annotations

from typing import Any

import click

from harness.baseline import TestReport, load_baseline, run_test
from harness.cli.shared.base import Answer, command
from harness.cli.shared.workload import wanted_workload, workload_options, workload_session
from harness.errors import ExitCode
from harness.model.jsonable import jsonable
from harness.project.finding import read_config
from harness.render.bench import correctness_text
from harness.system.git.writing import Git


@command(epilog="Example: harness test --full")
@workload_options
@click.option("--full", is_flag=True, help="On the larger case.")
def test_command(*, full: bool, **options: Any) -> Answer:
    """Build the current tree, run it, and judge its outputs by the baseline's: PASS or FAIL.

    Runs in a throwaway copy of the tree, apart from the project. The exit code is 0 for PASS, 1 for
    a wrong output, 4 where it does not build, 5 where it does not run, 6 where the baseline was
    tampered with. In a campaign it is the TEST step, and is recorded.
    """
    made = _of_campaign(options, full=full)
    if made is not None:
        return made
    workload = wanted_workload(options)
    baseline = load_baseline(workload, Git(workload.root))
    with workload_session(workload, options["results"]) as session:
        report = run_test(session, workload, baseline, full=full)
    return _answer(report)


def _of_campaign(options: dict[str, Any], *, full: bool) -> Answer | None:
    """The test as a step of the campaign that is under way here; None where there is none."""
    from harness.cli.campaign.steps import test_in_campaign

    if options["target"] is not None:
        return None
    return test_in_campaign(read_config(options["config_path"]), options["campaign"], full=full)


def _answer(report: TestReport) -> Answer:
    """PASS or FAIL with the reasons."""
    lines = [correctness_text(report.agreement), *(f"note: {w}" for w in report.warnings)]
    return Answer(
        result={
            "verdict": "PASS" if report.ok else "FAIL",
            "case": report.case,
            "agreement": jsonable(report.agreement),
            "build_digest": report.build.digest,
            "warnings": list(report.warnings),
        },
        text="\n".join(lines),
        exit_code=ExitCode.FINE if report.ok else ExitCode.ANSWER_IS_NO,
        error=None if report.ok else f"wrong output on {report.case}",
        hint=None if report.ok else "Undo the change, or find out why the output differs.",
    )
