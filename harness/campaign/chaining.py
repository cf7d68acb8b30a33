"""The figure over the baseline, chained from the kept steps; and what is known of the noise; pure.

Each step was measured against the state before it. Their product is the speed-up over the baseline
without that the baseline, which may be many times slower by now, has to run again and again. The
ends of the product are the products of the ends: all of the intervals hold at once with at least
the confidence that is left when what each may err by is taken from 1 (Bonferroni).

Which steps are in the product was chosen by the same looks: an attempt that is nothing is kept
where its interval errs, and only there. So since the seventh edition of the rules the doubts are
those of all attempts that were measured by then. The sum over the kept ones alone would hold for
steps that somebody had named beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness.campaign.chained_ratio import attempts_of, doubt_of, doubted, product
from harness.campaign.state import State
from harness.campaign.values import BenchOutcome, CaseResult, KnownNoise
from harness.stats.scatter import together

RECENT = 3
"""The noise of as many of the last measurements is what a look goes by: programs change."""


def chained(state: State, outcome: BenchOutcome, *, goes_on: bool = False) -> BenchOutcome:
    """A look's outcome with its figure over the baseline, from the steps kept before it.

    `goes_on`: it is a longer look at the attempt that was measured last, and no other one.
    The full case is not measured with every kept step, so that its figure is that of the step.
    """
    if not outcome.fast.run:
        return outcome
    kept = [i.bench for i in state.kept if i.bench is not None]
    earlier = attempts_of(state.iterations)
    attempts = [*(earlier[:-1] if goes_on else earlier), outcome]

    def linked(case: CaseResult) -> CaseResult:
        steps = [c.step for bench in kept for c in bench.together if c.case == case.case]
        alone = bool(outcome.others) and not steps  # then it says no more than the step
        whole = case.step if alone else product([*steps, case.step])
        if state.agreed.doubts_every_attempt:
            whole = doubted(whole, doubt_of(attempts, case.case))
        return replace(case, cumulative=whole, chained=True)

    full = outcome.full
    if full is not None and full.run:
        full = replace(full, cumulative=full.step, chained=True)
    others = tuple(linked(case) if case.run else case for case in outcome.others)
    return replace(outcome, fast=linked(outcome.fast), full=full, others=others)


def known_noise(state: State) -> tuple[KnownNoise, ...]:
    """What identical builds differed by in the last measurements, by host and case."""
    found: dict[tuple[str, str], list[KnownNoise]] = {}
    for known in (*state.sealed.noise, *_noises(state)):
        if known.noise.pairs:
            found.setdefault((known.host, known.case), []).append(known)
    return tuple(
        KnownNoise(host, case, together(known.noise for known in parts[-RECENT:]))
        for (host, case), parts in found.items()
    )


def _noises(state: State) -> Iterable[KnownNoise]:
    benches = (bench for iteration in state.iterations for _, bench in iteration.benches)
    return [KnownNoise(r.host, r.case, r.noise) for bench in benches for r in bench.results]
