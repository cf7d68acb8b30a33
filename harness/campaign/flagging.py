"""Signals for a human: what of a look's figures ordinary work does not show; pure.

A flag refuses nothing. It says what was seen, stays with the look for ever, and is the question
that a reviewer should ask. The bounds are set so that honest work of the usual kinds (another
algorithm, threads, vector code, memory for time, helpers that are waited for, compiler flags) shows
none: each says beside it why it lies where it does. `verify` derives the flags again from what is
stored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from harness.campaign.sightings import (
    KNOWN_INPUTS,
    CaseEvidence,
    ChangeSeen,
    Flag,
    Flagged,
)
from harness.campaign.state import State
from harness.campaign.values import BenchOutcome, CaseResult
from harness.frozen import dataclass
from harness.model import Verdict
from harness.render.units import show_bytes, show_factor, show_ns

EDITION = 3
"""The present edition of these rules. Flags are derived again by the edition that gave them."""

BYTES_PER_NS = 20.0
"""What one CPU reads at most: twice what a core streams from memory on the fastest machines of
today. Smaller inputs, which lie in its cache, are read while the process is still starting."""

BYTES_PER_INSTRUCTION = 64.0
"""The widest loads there are (AVX-512) have as many bytes."""

WAITS_NS = 5_000_000.0
"""Waiting that grew by less is that of a scheduler on a busy machine."""

BUILD_GAIN, BUILD_GROWTH, BUILD_NS = 5.0, 3.0, 2_000_000_000.0
"""A build is flagged where it takes this many seconds and this factor longer, and the growth is as
many times what a run gains: `-O3 -flto` and templates cost build time, too, though less."""

VANISHED: Mapping[int, float] = {1: 10.0, 2: 5.0, 3: 5.0}
"""By edition: a run of which so much is gone had its work done elsewhere, or not at all."""
VANISHED_BUILD, VANISHED_NS = 1.5, 100_000_000.0
"""Where four fifths of a run are gone, build and setup took at least half of that longer."""
BUSY_NS, BUSY_BUILD = 500_000_000.0, 5.0  # a busy machine has a build take less longer than both

MOST_IN_A_STEP: Mapping[str, float] = {"python": 300.0, "command": 300.0}
"""By adapter: from plain Python to arrays or C it is 100x and more in honest work."""
MOST_COMPILED = 100.0
"""Flags, vectors and threads together give less than that; another algorithm may give more, and
then the flag asks for a look at it."""

BEYOND_BOUND = 3.0
LEAST_BEYOND = 5.0
"""A whole-program gain this many times Amdahl's bound of what was attacked came from elsewhere.
Compilers and array code speed up more than the place they are thought for, hence the room."""

TOLERANCE_GROWTH = 10.0
TOLERANCE_LEAST = 0.25
TOLERANCE_HALF = 0.5
"""Reordered sums use up a millionth of usual tolerances, narrower numbers a tenth."""

ERROR_LEAST = 2e-6
ERROR_GROWTH = 100.0
"""Reordered sums of double numbers are right to 1e-12 and better, and sums of single ones to a few
1e-7; where a loose tolerance lets more pass, work was left out or numbers were made narrower."""

SPREAD = 2.0
FLAT = 0.1
"""Where times of the last kept state differ by this factor between draws, and the candidate's
follow them by no more than this power, its work does not depend on what it is given."""

CONSTANTS_GAIN = 1.5
"""Tuned block sizes and table lengths give less."""

SAME_CHANGE = 3
BARELY = 1.05
"""Three attempts at nearly the same change before a gain that may be as small as this one."""


@dataclass(frozen=True, slots=True)
class SeenCase:
    """One case of a look, with what was known before it."""

    result: CaseResult
    evidence: CaseEvidence
    bound: float | None = None
    """Amdahl's bound of what the iteration attacked; None: there is none."""
    used_before: float = 0.0
    """The share of the tolerance that the last kept state needed."""
    error_before: float = 0.0
    """The relative error of the last kept state."""
    edition: int = EDITION


def flagged(
    state: State, outcome: BenchOutcome, change: ChangeSeen, edition: int = EDITION
) -> Flagged:
    """The flags of a look at the open iteration, made in this state, by an edition of the rules."""
    found: list[Flag] = []
    for result in outcome.results:
        if result.evidence is None or not result.correct:
            continue
        before = _evidence_before(state, result.case)
        seen = SeenCase(
            result,
            result.evidence,
            _bound(state),
            used_before=before.tolerance_used or 0.0 if before else 0.0,
            error_before=before.relative_error or 0.0 if before else 0.0,
            edition=edition,
        )
        for rule in _RULES[edition]:
            found += rule(seen)
    if outcome.fast.evidence is not None:
        found += _constants_only(outcome.fast, change)
        found += _noise_mining(state, outcome.fast)
    merged = {(each.name, each.sentence): each for each in found}
    return Flagged(tuple(merged.values()), edition, change)


def _bound(state: State) -> float | None:
    last = state.iterations[-1] if state.iterations else None
    row = last.profile.row(last.thought.prediction.bottleneck) if last is not None else None
    return None if row is None else row.bound


def _evidence_before(state: State, case: str) -> CaseEvidence | None:
    """What the last kept state's look saw of its tolerance, where that is known."""
    for iteration in reversed(state.kept):
        for result in iteration.bench.results if iteration.bench else ():
            known = result.evidence if result.case == case else None
            if known is not None and known.tolerance_used is not None:
                return known
    return None


def _case(seen: SeenCase) -> str:
    return f"on {seen.result.case}"


def _physical_floor(seen: SeenCase) -> Iterator[Flag]:
    """Less than reading the declared inputs once takes, where the last kept state needs more."""
    size, before, after = seen.evidence.input_bytes, seen.evidence.before, seen.evidence.after
    least_ns = size / BYTES_PER_NS
    if size and after.cpu_ns < least_ns <= before.cpu_ns:
        yield Flag(
            "physical-floor",
            f"{_case(seen)} it takes {show_ns(after.cpu_ns)} of CPU time; to read its"
            f" {show_bytes(size)} of inputs once takes {show_ns(least_ns)} at the least",
        )
    counts = before.instructions, after.instructions
    least = size / BYTES_PER_INSTRUCTION
    if size and counts[0] is not None and counts[1] is not None and counts[1] < least <= counts[0]:
        yield Flag(
            "physical-floor",
            f"{_case(seen)} it executes {counts[1]:.3g} instructions; to load its"
            f" {show_bytes(size)} of inputs once takes {least:.3g} at the least",
        )


def _waiting(seen: SeenCase) -> Iterator[Flag]:
    """The work may be done elsewhere: it waits longer than before, for more than it computes."""
    before, after = seen.evidence.before, seen.evidence.after
    waits = before.waited_ns, after.waited_ns
    if seen.edition > 1 and before.unforced_ns is not None and after.unforced_ns is not None:
        waits = before.unforced_ns, after.unforced_ns
    first, now = max(waits[0], 0.0), waits[1]
    if now - first < max(WAITS_NS, after.wall_ns / 4) or after.cpu_ns > after.wall_ns / 2:
        return
    yield Flag(
        "waiting",
        f"{_case(seen)} it waits {show_ns(now)} of {show_ns(after.wall_ns)} and computes"
        f" {show_ns(after.cpu_ns)}; before it waited {show_ns(first)}: does something else do its"
        " work?",
    )


def _work_moved(seen: SeenCase) -> Iterator[Flag]:
    """Build and setup take longer by far more than a run gains, or by what a run lost nearly all
    of. What moves to import or start-up stays on the clock: trials are whole processes."""
    g, e = seen.result.guards, seen.evidence
    gain_ns = e.before.wall_ns - e.after.wall_ns
    before = (g.baseline_build_ns or 0) + e.before.setup_ns
    after = (g.current_build_ns or 0) + e.after.setup_ns
    growth = after - before
    if gain_ns <= 0 or growth <= 0:
        return
    busy = seen.edition > 2 and growth < BUSY_NS and after < BUSY_BUILD * before
    far = growth >= max(BUILD_NS, BUILD_GAIN * gain_ns) and after >= BUILD_GROWTH * before
    gone = not busy and (
        e.before.wall_ns >= VANISHED[seen.edition] * e.after.wall_ns
        and growth >= max(VANISHED_NS, gain_ns / 2)
        and after >= VANISHED_BUILD * before
    )
    if far or gone:
        yield Flag(
            "work-moved",
            f"build and setup take {show_ns(before)} -> {show_ns(after)}, and a run {_case(seen)}"
            f" is {show_ns(gain_ns)} shorter: is its work done there?",
        )


def _more_at_work(seen: SeenCase) -> Iterator[Flag]:
    """More threads or processes: a fair gain in wall time, and told as such."""
    before, after = seen.evidence.before, seen.evidence.after
    if before.threads is None or after.threads is None or before.wall_ns <= 0 or after.wall_ns <= 0:
        return
    cpus = before.cpu_ns / before.wall_ns, after.cpu_ns / after.wall_ns
    if after.threads >= before.threads + 1 and cpus[1] >= cpus[0] * 1.2:
        yield Flag(
            "more-at-work",
            f"{_case(seen)} {before.threads:g} -> {after.threads:g} threads or processes at once,"
            f" {cpus[0]:.2f} -> {cpus[1]:.2f} CPUs at work",
            note=True,
        )


def _left_behind(seen: SeenCase) -> Iterator[Flag]:
    """Work that goes on when the program has ended is not on its clock."""
    before, after = seen.evidence.before, seen.evidence.after
    if after.left_behind and not before.left_behind:
        yield Flag(
            "left-behind",
            f"{_case(seen)} processes of {after.left_behind} of its {seen.result.blocks} trials"
            " were still there at the end, and none before: what do they go on with?",
        )


def _precision(seen: SeenCase) -> Iterator[Flag]:
    """The tolerance is there for rounding; a candidate that uses it up may have left work out."""
    used, before = seen.evidence.tolerance_used, seen.used_before
    if used is None:
        return
    if used >= TOLERANCE_LEAST and used >= TOLERANCE_GROWTH * before:
        yield Flag(
            "precision",
            f"{_case(seen)} its output needs {used:.0%} of the tolerance against the baseline's;"
            f" that of the last kept state needed {before:.2g} of it",
        )
    elif used >= TOLERANCE_HALF and used > 1.2 * before:
        yield Flag(
            "tolerance-creep",
            f"{_case(seen)} kept steps together use up the tolerance: {before:.0%} of it before,"
            f" {used:.0%} now",
        )


def _precision_lost(seen: SeenCase) -> Iterator[Flag]:
    """A loose tolerance is no leave to compute less: the baseline's own rounding is far below."""
    error, used = seen.evidence.relative_error, seen.evidence.tolerance_used
    if error is None or used is None or used >= TOLERANCE_LEAST:
        return  # said as `precision` already
    if error >= ERROR_LEAST and error >= ERROR_GROWTH * seen.error_before:
        yield Flag(
            "precision-lost",
            f"{_case(seen)} its output differs from the baseline's by {error:.1g} of it, and that"
            f" of the last kept state by {seen.error_before:.1g}: more than rounding, less than"
            " the tolerance",
        )


def _known_inputs(seen: SeenCase) -> Iterator[Flag]:
    """Faster on the very values that everybody knows, and on no others."""
    known = seen.evidence.known_gain
    if known is not None and seen.result.step.high < math.sqrt(known):
        yield Flag(
            KNOWN_INPUTS,
            f"{_case(seen)} it is {show_factor(known)} as fast or more on the case's own values,"
            f" and {show_factor(seen.result.step.point)} on drawn ones: was it made for these?",
        )


def _independent_output(seen: SeenCase) -> Iterator[Flag]:
    """The same bytes whatever was drawn, where the last kept state gives others."""
    e = seen.evidence
    if e.draws > 1 and e.after.outputs == 1 and e.before.outputs > 1:
        yield Flag(
            "output-independent",
            f"{_case(seen)} it gives the same output for {e.draws} different draws; the last kept"
            f" state gives {e.before.outputs}",
        )


def _independent_time(seen: SeenCase) -> Iterator[Flag]:
    e = seen.evidence
    if e.spread is None or e.slope is None or e.spread < SPREAD or abs(e.slope) > FLAT:
        return
    yield Flag(
        "time-independent",
        f"{_case(seen)} the time of the last kept state differs by {show_factor(e.spread)} between"
        f" {e.draws} draws, and that of the candidate does not follow it (power {e.slope:.2f})",
    )


def _suspicious(seen: SeenCase) -> Iterator[Flag]:
    """More than one step of its kind gives, or far more than what was attacked can give."""
    step, adapter = seen.result.step, seen.evidence.adapter
    if step.verdict is not Verdict.FASTER:
        return
    most = MOST_IN_A_STEP.get(adapter, MOST_COMPILED)
    if step.point > most:
        yield Flag(
            "suspicious-speed-up",
            f"{_case(seen)} {show_factor(step.point)} in one step; more than {most:g}x is another"
            " algorithm, or work that is not done",
        )
    bound = seen.bound
    if bound is not None and step.low > max(BEYOND_BOUND * bound, LEAST_BEYOND):
        yield Flag(
            "beyond-amdahl",
            f"{_case(seen)} {show_factor(step.point)}, and all of what was attacked gone gives"
            f" {show_factor(bound)}: where does the rest come from?",
        )


_Rule: TypeAlias = Callable[[SeenCase], Iterator[Flag]]
_FIRST: tuple[_Rule, ...] = (
    *(_physical_floor, _waiting, _work_moved, _more_at_work, _left_behind),
    *(_precision, _independent_output, _independent_time, _suspicious),
)
_SECOND = (*_FIRST, _precision_lost, _known_inputs)
_RULES: Mapping[int, tuple[_Rule, ...]] = {1: _FIRST, 2: _SECOND, 3: _SECOND}
"""By edition."""


def _constants_only(fast: CaseResult, change: ChangeSeen) -> Iterator[Flag]:
    """A large gain from other numbers: less work is asked for, or the answer is written down."""
    files = change.literals_only
    if files and fast.correct and fast.step.point >= CONSTANTS_GAIN:
        yield Flag(
            "constants-only",
            f"{show_factor(fast.step.point)} from numbers and texts alone that changed in"
            f" {', '.join(files[:3])}{' ...' if len(files) > 3 else ''}",
        )


def _noise_mining(state: State, fast: CaseResult) -> Iterator[Flag]:
    """Nearly the same change again and again, until one look sees a small gain.

    Each attempt has paid its price already: the level of the next one is lower. A human should
    know all the same that others of its kind saw nothing.
    """
    if not state.iterations or fast.step.verdict is not Verdict.FASTER:
        return
    like = set(state.iterations[-1].like)
    alike = [i.number for i in state.iterations if i.number in like and i.bench and not i.commit]
    if len(alike) >= SAME_CHANGE:
        yield Flag(
            "noise-mining",
            f"attempts {', '.join(map(str, alike))} were nearly the same change and showed no gain;"
            f" this one shows {show_factor(fast.step.point)}",
            note=fast.step.low > BARELY,
        )


def with_flags(state: State, outcome: BenchOutcome, edition: int = EDITION) -> BenchOutcome:
    """A look's outcome, made in this state, with its flags; the change that it saw stays."""
    return replace(outcome, flagged=flagged(state, outcome, outcome.flagged.change, edition))
