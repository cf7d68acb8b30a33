"""What a test and a look found, as parts of an answer: words, JSON, exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.campaign.exit_codes import answer_of_look, answer_of_test
from harness.cli.campaign.common import answered
from harness.cli.shared.base import Answer
from harness.errors import ExitCode
from harness.frozen import dataclass
from harness.model.jsonable import jsonable

if TYPE_CHECKING:
    from harness.campaign.advice import Advice
    from harness.campaign.profile_values import ProfileOutcome
    from harness.campaign.values import BenchOutcome, CaseResult, TestOutcome
    from harness.optimise import Campaign
    from harness.optimise.completing import Profiled
    from harness.render.bench import BenchRow


_ROWS = 5
"""The rows of a profile in the answer of a step."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one step has to say."""

    text: str
    result: Mapping[str, Any]
    exit_code: ExitCode = ExitCode.FINE
    error: str | Callable[[Advice], str] | None = None

    def after(self, words: str) -> Part:
        """The same with words before its own."""
        return replace(self, text=f"{words}\n\n{self.text}")

    def with_part(self, more: Part) -> Part:
        """The same with what a later step has to say; the exit code stays."""
        text = "\n\n".join(filter(None, (self.text, more.text)))
        return replace(self, text=text, result={**self.result, **more.result})

    def answer(self, campaign: Campaign, more: Mapping[str, Any] | None = None) -> Answer:
        """The whole answer, which ends with what is to be done next."""
        result = {**self.result, **(more or {})}
        return answered(campaign, self.text, result, exit_code=self.exit_code, error=self.error)


def of_a_test(outcome: TestOutcome) -> Part:
    """What a test found."""
    code, problem = answer_of_test(outcome)
    passed = code is ExitCode.FINE
    word = None if outcome.status.repairable else "PASS" if passed else "FAIL"
    lines = [f"Correctness: {word or 'not known'} ({outcome.case})", *outcome.details]
    result = {"verdict": word, **jsonable(outcome)}
    return Part("\n".join(lines), result, code, problem or None)


def of_a_profile(campaign: Campaign, outcome: ProfileOutcome) -> Part:
    """Where the last kept state spends its time, and the patterns that fit."""
    from harness.campaign.patterns import fitting
    from harness.campaign.status import profile_table

    names = "; ".join(f"{p.number} {p.name}" for p, _ in fitting(outcome))
    fits = f"\npatterns that fit (`harness think` says more): {names}" if names else ""
    return Part(profile_table(campaign.state, _ROWS) + fits, jsonable(outcome))


def of_the_next_profile(campaign: Campaign, profiled: Profiled) -> Part:
    """The profile that the end of an iteration took along, where one was due."""
    if profiled.outcome is None:
        text = f"no profile could be taken: {profiled.problem}" if profiled.problem else ""
        return Part(text, {"profile": None, "profile_problem": profiled.problem})
    part = of_a_profile(campaign, profiled.outcome)
    return Part(part.text, {"profile": part.result, "profile_problem": ""})


def of_a_look(campaign: Campaign, outcome: BenchOutcome, *, strict: bool) -> Part:
    """What a look found."""
    code, problem = answer_of_look(outcome, strict=strict)
    error = _undecided if code is ExitCode.UNDECIDED else problem or None
    result = {**jsonable(outcome), "correct": outcome.correct, "verdict": outcome.verdict.value}
    text = _bench_text(campaign, outcome)
    if code is ExitCode.UNDECIDED or campaign.state.looks == 1:
        from harness.optimise.disturbed import advice_on_cpu

        words = advice_on_cpu(campaign, outcome.fast.noise)
        text += f"\n\n{words}" if words else ""
    return Part(text, result, code, error)


def _undecided(advice: Advice) -> str:
    other = f", or give it up: {advice.instead}" if advice.instead else ""
    return f"{advice.why}{other}"


def _bench_text(campaign: Campaign, outcome: BenchOutcome) -> str:
    """The guide's table by case, the two comparisons, guards, and whether it holds at scale."""
    from harness.campaign.case_notes import case_notes, scale_notes
    from harness.campaign.flag_lines import how_to_answer
    from harness.campaign.gates import compare_words

    parts = [_case_text(r) for r in outcome.results if r.correct]
    parts += [*scale_notes(outcome), *case_notes(outcome)] if outcome.correct else []
    iteration = campaign.state.iterations[-1]
    parts.append(f"Correctness: {_correct_words(outcome)}")
    parts.append(f"{compare_words(iteration)}; verdict: {outcome.verdict.value}")
    flags = [flag.line for flag in outcome.flagged.flags]
    parts.append("\n".join(filter(None, (*flags, how_to_answer(iteration)))))
    return "\n\n".join(filter(None, parts))


def _correct_words(outcome: BenchOutcome) -> str:
    if not outcome.correct:
        wrong = next(case for case in outcome.results if not case.correct)
        word = "not known" if outcome.crashed else "FAIL"
        return f"{word} ({wrong.case}: {wrong.problem})" if wrong.problem else word
    further = outcome.fast.further_draws
    return f"PASS (and on {further} further draws)" if further else "PASS"


def _case_text(result: CaseResult) -> str:
    from harness.campaign.cost_notes import guard_notes
    from harness.campaign.objectives import objective_words
    from harness.render.bench import bench_table
    from harness.render.units import show_speed_up

    before = "Last kept" if result.chained else "Baseline"
    table = bench_table([*_phases(result), *_totals(result)], before=before)
    lines = [
        f"case {result.case}, {result.blocks} blocks; {objective_words(result.metric)} decides",
        table,
    ]
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
