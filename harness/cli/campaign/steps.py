"""`harness profile`, `test` and `bench` within a campaign: gated, and recorded as its events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from harness.cli.campaign.common import answered, workbench
from harness.cli.shared.base import Answer
from harness.errors import ExitCode, UsageError
from harness.model.durations import parse_duration_ns
from harness.project.config import Config

if TYPE_CHECKING:
    from harness.campaign.advice import Advice
    from harness.campaign.values import BenchOutcome, CaseResult
    from harness.optimise import Campaign
    from harness.render.bench import BenchRow


_SETTLED = (
    *(
        "trials",
        "max_trials",
        "seed",
        "cpus",
        "jail",
        "metric",
        "confidence",
        "threshold",
        "results",
    ),
)
"""Options of `harness bench` that a campaign settles: a look is not tuned until it pleases."""


_ROWS = 5
"""The rows of a profile in the answer of a step."""


def _refuse(names: Sequence[str]) -> None:
    """UsageError where the command line itself says one of these."""
    context = click.get_current_context(silent=True)
    if context is None:
        return
    given = [n for n in names if context.get_parameter_source(n) is ParameterSource.COMMANDLINE]
    if given:
        raise UsageError(
            f"--{given[0].replace('_', '-')} is not the command line's to say in a campaign",
            hint="harness.toml settles it; --budget, --validate-full and --again are yours.",
        )


def profile_in_campaign(config: Config, name: str | None) -> Answer | None:
    """Profile the last kept state for the campaign; None where it does not wait for that."""
    from harness.campaign.patterns import fitting
    from harness.campaign.state import Step
    from harness.campaign.status import profile_table
    from harness.model.jsonable import jsonable
    from harness.optimise import active_campaign, run_profile

    campaign = active_campaign(config, name)
    waits = (Step.PROFILE, Step.THINK, Step.FINISH)
    if campaign is None or campaign.state.step not in waits:
        return None
    with campaign.locked(), workbench(campaign) as bench:
        outcome = run_profile(campaign, bench)
        found = fitting(outcome)
        names = "; ".join(f"{p.number} {p.name}" for p, _ in found)
        fits = f"\npatterns that fit (`harness think` says more): {names}" if found else ""
        text = profile_table(campaign.state, _ROWS) + fits
        return answered(campaign, text, jsonable(outcome))


def test_in_campaign(config: Config, name: str | None, *, full: bool) -> Answer | None:
    """Test the current tree for the campaign; None where no campaign is active here."""
    from harness.campaign.values import TestStatus
    from harness.model.jsonable import jsonable
    from harness.optimise import active_campaign, check_candidate

    campaign = active_campaign(config, name)
    if campaign is None:
        return None
    with campaign.locked(), workbench(campaign) as bench:
        outcome = check_candidate(campaign, bench, full=full)
        code = {
            TestStatus.PASSED: ExitCode.FINE,
            TestStatus.WRONG: ExitCode.ANSWER_IS_NO,
            TestStatus.BUILD_FAILED: ExitCode.BUILD,
            TestStatus.CRASHED: ExitCode.TRIAL,
        }[outcome.status]
        passed = outcome.status is TestStatus.PASSED
        word = None if outcome.status.repairable else "PASS" if passed else "FAIL"
        lines = [f"Correctness: {word or 'not known'} ({outcome.case})", *outcome.details]
        error = None if passed else f"{outcome.status.value}: {outcome.summary}"
        result = {"verdict": word, **jsonable(outcome)}
        return answered(campaign, "\n".join(lines), result, exit_code=code, error=error)


test_in_campaign.__test__ = False  # type: ignore[attr-defined]


def bench_in_campaign(config: Config, name: str | None, options: dict[str, Any]) -> Answer | None:
    """Measure the current tree for the campaign; None where no campaign is active here.

    `options`: `validate_full`, `budget` (a duration or None), `again`, `strict`.
    """
    from harness.model import Verdict
    from harness.model.jsonable import jsonable
    from harness.optimise import BenchOptions, active_campaign, bench_candidate

    campaign = active_campaign(config, name)
    if campaign is None:
        return None
    _refuse(_SETTLED)
    budget = options.get("budget")
    wanted = BenchOptions(
        full=bool(options.get("validate_full")),
        budget_ns=parse_duration_ns(budget, "--budget") if budget else None,
        again=bool(options.get("again")),
    )
    with campaign.locked(), workbench(campaign) as bench:
        # The same call twice measures once; the number of looks tells which of the two this was.
        looks = campaign.state.looks
        outcome = bench_candidate(campaign, bench, wanted)
        stored = campaign.state.looks == looks
        code = ExitCode.FINE
        error: str | Callable[[Advice], str] | None = None
        if outcome.crashed:
            code, error = ExitCode.TRIAL, f"crashed: {_problem(outcome)}"
        elif not outcome.correct:
            code, error = ExitCode.ANSWER_IS_NO, f"wrong output: {_problem(outcome)}"
        elif outcome.verdict is Verdict.SLOWER:
            code, error = ExitCode.ANSWER_IS_NO, "slower: a regression, to be reverted"
        elif outcome.verdict is Verdict.UNDECIDED:
            code, error = ExitCode.UNDECIDED, _undecided
        flags = [flag.line for flag in outcome.flagged.flags if not flag.note]
        if code is ExitCode.FINE and options.get("strict") and flags:
            code, error = ExitCode.ANSWER_IS_NO, flags[0]
        result = {**jsonable(outcome), "correct": outcome.correct, "verdict": outcome.verdict.value}
        text = _bench_text(campaign, outcome)
        if stored:
            text = f"nothing was measured: this is the stored result of look {looks}\n\n{text}"
        return answered(campaign, text, {**result, "stored": stored}, exit_code=code, error=error)


def _undecided(advice: Advice) -> str:
    other = f", or give it up: {advice.instead}" if advice.instead else ""
    return f"{advice.why}{other}"


def _bench_text(campaign: Campaign, outcome: BenchOutcome) -> str:
    """The guide's table by case, the two comparisons, guards, and whether it holds at scale."""
    from harness.campaign.gates import compare_words
    from harness.campaign.logs import scale_notes

    parts = [_case_text(r) for r in (outcome.fast, outcome.full) if r is not None and r.correct]
    parts += scale_notes(outcome) if outcome.correct else []
    iteration = campaign.state.iterations[-1]
    said = "PASS" if outcome.correct else "not known" if outcome.crashed else "FAIL"
    parts.append(f"Correctness: {said}")
    parts.append(f"{compare_words(iteration)}; verdict: {outcome.verdict.value}")
    parts += ["\n".join(flag.line for flag in outcome.flagged.flags)]
    return "\n\n".join(filter(None, parts))


def _case_text(result: CaseResult) -> str:
    from harness.campaign.logs import guard_notes
    from harness.render.bench import bench_table
    from harness.render.units import show_speed_up

    before = "Last kept" if result.chained else "Baseline"
    table = bench_table([*_phases(result), *_totals(result)], before=before)
    lines = [f"case {result.case}, {result.blocks} blocks; {result.metric} time decides", table]
    compared = {"last kept state": result.step, "baseline": result.cumulative}
    if result.chained and result.cumulative == result.step:
        del compared["baseline"]  # the last kept state is the baseline, or nothing more is known
    elif result.chained:
        compared = {"last kept state": result.step, "baseline, chained": result.cumulative}
    for word, ratio in compared.items():
        sure = f" ({100 * ratio.confidence:.6g} % interval)" if ratio.bounded else ""
        shown = f"{show_speed_up(ratio.estimate)}, {ratio.verdict.value}"
        lines.append(f"against the {word}: {shown}{sure}")
    if result.chained and result.stopped_because != "the verdict is sure":
        lines.append(f"stopped: {result.stopped_because}")
    return "\n".join([*lines, *_informs(result), *result.doubts, *guard_notes(result)])


def _informs(result: CaseResult) -> Iterator[str]:
    """The time that does not decide, of a look whose objective says which one does."""
    from harness.render.units import show_factor

    g = result.guards
    sides = {"wall": (g.baseline_wall_ns, g.current_wall_ns)}
    sides["cpu"] = (g.baseline_cpu_ns, g.current_cpu_ns)
    for name, (before, after) in sides.items():
        if result.chained and name != result.metric and before and after:
            yield f"by {name} time it is {show_factor(before / after)}, which informs"


def _phases(result: CaseResult) -> Iterator[BenchRow]:
    """A row per phase; a ratio where both sides are long enough to have one."""
    from harness.render.bench import BELOW_THE_CLOCK, BenchRow, is_below_the_clock
    from harness.render.units import show_ns

    for p in result.phases:
        times = show_ns(p.baseline_ns), show_ns(p.current_ns)
        if is_below_the_clock(min(p.baseline_ns, p.current_ns)):
            yield BenchRow(p.name, *times, None, BELOW_THE_CLOCK)
        else:
            yield BenchRow(p.name, *times, _gain(p.baseline_ns, p.current_ns))


def _totals(result: CaseResult) -> Iterator[BenchRow]:
    """The whole program by wall time, and by CPU time where that decides; phases are wall times."""
    from harness.render.bench import NOT_DECIDING, TOTAL, BenchRow
    from harness.render.units import show_ns

    g, by_cpu = result.guards, result.metric == "cpu"
    total = result.step if result.chained else result.cumulative
    sides = [("wall", g.baseline_wall_ns, g.current_wall_ns)]
    if by_cpu:
        sides.append(("CPU", g.baseline_cpu_ns, g.current_cpu_ns))
    for clock, before, after in sides:
        if before is None or after is None:
            continue
        name = f"{TOTAL} ({clock})" if by_cpu else TOTAL
        times = show_ns(before), show_ns(after)
        if clock.lower() == result.metric:
            yield BenchRow(name, *times, total.estimate, total.verdict.value)
        else:
            yield BenchRow(name, *times, _gain(before, after), NOT_DECIDING)


def _gain(before: float, after: float) -> float | None:
    return before / after if after > 0 else None


def _problem(outcome: BenchOutcome) -> str:
    return " ".join(r.problem for r in (outcome.fast, outcome.full) if r is not None and r.problem)
