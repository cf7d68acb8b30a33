"""The page of a campaign: what each iteration gained, and how good the predictions were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from harness.campaign.case_notes import case_notes, case_words
from harness.campaign.flag_lines import flag_lines
from harness.campaign.gates import measured_words
from harness.campaign.iteration import Iteration
from harness.campaign.logs import trust_lines
from harness.campaign.objectives import objective_words
from harness.campaign.scoring import describe_scores, score
from harness.campaign.state import Progress, State, Step
from harness.campaign.status import profile_table
from harness.campaign.values import CaseResult, Ratio
from harness.errors import NotAllowed
from harness.model import Host, Verdict
from harness.pages.run_parts import host_grid
from harness.render.documents import (
    Chapter,
    Commands,
    Document,
    Grid,
    Part,
    Picture,
    Points,
    TableCell,
    Words,
)
from harness.render.drawings import Attempt, Bars, Climb, Interval, Steps
from harness.render.units import show_bytes, show_factor, show_ns, show_speed_up


def campaign_document(
    state: Progress, host: Host | None = None, toolchain: Sequence[str] = ()
) -> Document:
    """A campaign as a page, finished or under way; NotAllowed where it was not started.

    `host` and `toolchain` (a target, its toolchain, its options) are those of the baseline.
    """
    if not isinstance(state, State):
        raise NotAllowed(
            "the campaign was not started: there is nothing to report",
            hint="`harness campaign start` begins it.",
        )
    begun = datetime.fromtimestamp(state.started_at_ns / 1e9, UTC)
    return Document(
        title=f"Campaign {state.name}",
        subtitle=f"{state.agreed.target}, case {case_words(state.agreed)}; begun"
        f" {begun:%Y-%m-%d} (UTC), from commit {state.sealed.commit[:12]}.",
        summary=tuple(_summary(state)),
        sections=(
            Chapter("Iterations", (*_iterations(state), *_predictions(state))),
            Chapter("Before and after", tuple(_before_and_after(state))),
            Chapter("What this does not prove", tuple(_not_proved(state))),
            Chapter("Machine and toolchain", tuple(_surroundings(host, toolchain))),
            Chapter("To check and repeat it", tuple(_again(state))),
        ),
    )


def _summary(state: State) -> Iterator[str]:
    kept, tried = len(state.kept), len(state.iterations)
    done = f"{tried} iterations, {kept} of them kept."
    if state.step is not Step.FINISHED:
        yield (
            f"The campaign is under way: so far {show_factor(state.cumulative)} over the baseline,"
            f" after {done}"
        )
    elif state.headline is not None:
        result = state.headline
        shown = show_speed_up(result.cumulative.estimate)
        yield (
            f"{state.agreed.target} is {shown} as fast as the baseline on {result.case}"
            f" ({100 * result.cumulative.confidence:.6g} % interval, by"
            f" {objective_words(result.metric)}), after {done}"
        )
    else:
        yield f"The campaign ended without a decided gain, after {done}"
    if state.decision is not None and state.decision.stop:
        yield f"It stopped: {state.decision.reason}."
    yield f"Predictions: {describe_scores(score(state.iterations))}."


def _iterations(state: State) -> Iterator[Part]:
    if not state.iterations:
        yield Words("No iteration was begun.")
        return
    rows = []
    for i in state.iterations:
        step = i.result.step if i.result else None
        total = i.result.cumulative if i.result else None
        rows.append(
            (
                TableCell(str(i.number), i.number),
                i.title,
                i.thought.prediction.bottleneck,
                TableCell(_predicted(i), i.thought.prediction.middle),
                _ratio_cell(step),
                _ratio_cell(total if _was_kept(state, i) else None),
                i.outcome.value,
                (i.commit or i.attempt)[:7] or "-",
            )
        )
    heads = ("iteration", "what was tried", "bottleneck", "predicted", "measured")
    yield Grid.of(
        "Speed-ups over the last kept state, and over the baseline for what was kept",
        (*heads, "over the baseline", "outcome", "commit"),
        rows,
    )
    yield _climb(state)


def _was_kept(state: State, iteration: Iteration) -> bool:
    return any(kept.number == iteration.number for kept in state.kept)


def _predicted(iteration: Iteration) -> str:
    prediction = iteration.thought.prediction
    return f"{prediction.low:g}x to {prediction.high:g}x"


def _ratio_cell(ratio: Ratio | None) -> TableCell:
    if ratio is None:
        return TableCell("-")
    return TableCell(show_speed_up(ratio.estimate), ratio.point)


def _steps(state: State) -> tuple[Attempt, ...]:
    found = []
    for i in state.iterations:
        step = i.result.step if i.result else None
        kept = _was_kept(state, i)
        prediction = i.thought.prediction
        found.append(
            Attempt(
                number=i.number,
                total=i.result.cumulative.point if i.result and kept else None,
                predicted=(prediction.low, prediction.high),
                measured=_interval(step),
                kept=kept,
            )
        )
    return tuple(found)


def _interval(ratio: Ratio | None) -> Interval | None:
    if ratio is None:
        return None
    ends = (ratio.low, ratio.high) if ratio.bounded else (None, None)
    return Interval("", ratio.point, *ends)


def _climb(state: State) -> Picture:
    steps = _steps(state)
    rows = [
        (TableCell(str(s.number), s.number), TableCell(show_factor(s.total), s.total))
        for s in steps
        if s.total is not None
    ]
    told = ", ".join(f"{row[1].text} after {row[0].text}" for row in rows[-4:]) or "nothing kept"
    return Picture(
        slug="climb",
        title="Speed-up over the baseline by iteration",
        alt=f"Stairs that rise at every kept iteration: {told}.",
        drawing=Climb(steps),
        content=Grid.of("Kept iterations", ("iteration", "over the baseline"), rows),
    )


def _predictions(state: State) -> Iterator[Part]:
    measured = [i for i in state.iterations if i.result is not None]
    if not measured:
        return
    rows = []
    for i in measured:
        assert i.result is not None
        point, prediction = i.result.step.point, i.thought.prediction
        rows.append(
            (
                TableCell(str(i.number), i.number),
                TableCell(_predicted(i), prediction.middle),
                TableCell(measured_words(i.result.step, prediction), point),
                "inside"
                if prediction.holds(point)
                else "above"
                if point > prediction.high
                else "below",
                TableCell(f"{point / prediction.middle:.2f}", point / prediction.middle),
            )
        )
    inside = sum(row[3] == "inside" for row in rows)
    yield Picture(
        slug="predictions",
        title="Predicted and measured speed-up of each iteration",
        alt=f"{inside} of {len(rows)} measured speed-ups lie within the predicted interval.",
        drawing=Steps(_steps(state)),
        content=Grid.of(
            "Calibration of the predictions",
            ("iteration", "predicted", "measured", "lies", "measured / middle predicted"),
            rows,
        ),
        note="Bars are what was predicted before the code changed, marks what was measured then.",
    )


def _last(state: State) -> CaseResult | None:
    """The result at the end, else that of the last kept iteration."""
    if state.ending and state.ending.result:
        return state.headline or state.ending.result.fast
    bench = state.kept[-1].bench if state.kept else None
    return bench.fast if bench else None


def _before_and_after(state: State) -> Iterator[Part]:
    result = _last(state)
    if result is None:
        return
    side = "last kept state" if result.chained else "baseline"
    if result.phases:
        largest = sorted(result.phases, key=lambda p: -max(p.baseline_ns, p.current_ns))[:10]
        rows = tuple((p.name, (p.baseline_ns, p.current_ns)) for p in largest)
        told = "; ".join(f"{n} {show_ns(b)} to {show_ns(c)}" for n, (b, c) in rows[:3])
        yield Picture(
            slug="phases",
            title=f"Phases of the {side} and of the last candidate: {result.case}",
            alt=f"Time in each phase, as the target reports it. {told}.",
            drawing=Bars("ns", (side, "candidate"), rows),
            content=Grid.of(
                "Phases",
                ("phase", side, "candidate"),
                [(n, TableCell(show_ns(b), b), TableCell(show_ns(c), c)) for n, (b, c) in rows],
            ),
        )
    yield _guards(result, side)
    ended = state.ending.result if state.ending else None
    bench = ended or (state.kept[-1].bench if state.kept else None)
    yield from (Words(note) for note in (case_notes(bench) if bench else ()))


def _guards(result: CaseResult, side: str) -> Grid:
    g = result.guards
    pairs = (
        ("wall time", g.baseline_wall_ns, g.current_wall_ns, show_ns),
        ("CPU time", g.baseline_cpu_ns, g.current_cpu_ns, show_ns),
        ("build", g.baseline_build_ns, g.current_build_ns, show_ns),
        ("start-up", g.baseline_ready_ns, g.current_ready_ns, show_ns),
    )
    rows = [(name, show(b), show(c)) for name, b, c, show in pairs if b and c]
    if g.baseline_rss_bytes and g.current_rss_bytes:
        rows.append(
            ("peak memory", show_bytes(g.baseline_rss_bytes), show_bytes(g.current_rss_bytes))
        )
    return Grid.of(
        f"What the gain may have cost, on {result.case}", ("what", side, "candidate"), rows
    )


def _not_proved(state: State) -> Iterator[Part]:
    yield Points(tuple(_doubts(state)))


def _doubts(state: State) -> Iterator[str]:
    if state.step is not Step.FINISHED:
        yield "The campaign is not finished: its figures over the baseline are not the final ones."
    result = _last(state)
    hosts = {b.fast.host for i in state.iterations for _, b in i.benches if b.fast.host}
    if len(hosts) > 1:
        yield f"Its looks are from {len(hosts)} machines: ratios hold within each of them alone."
    else:
        yield "All of it was measured on one machine: on another one the gain may differ."
    if result is not None and result.chained:
        yield (
            "The figure over the baseline is the product of the kept steps, not measured at one"
            " time."
        )
    if state.agreed.full_case is None and not state.agreed.cases:
        yield f"It was measured on one case ({state.agreed.case}): larger work may go otherwise."
    ended = state.ending.result if state.ending else None
    if ended and ended.full and ended.full.cumulative.verdict is Verdict.UNDECIDED:
        yield f"On the full case ({ended.full.case}) the gain is undecided."
    if state.agreed.seeds == "fixed":
        yield "Every trial had the same input: a change that suits this input alone would pass."
    undecided = [i.number for i in state.iterations if i.outcome.value == "undecided"]
    if undecided:
        names = f"{'s' * (len(undecided) > 1)} {', '.join(map(str, undecided))}"
        yield f"Undecided, and so not kept: iteration{names}."
    looks = f"{state.looks} looks at {state.attempts} candidates"
    yield (
        f"Of {looks} the kept ones were chosen: about {100 * state.agreed.false_keep_rate:g} % of"
        " kept changes may be no gain."
        if state.agreed.weighs
        else f"{looks} were made; the chance of any false keep among them is held to"
        f" {100 * state.agreed.total_level:g} %."
    )
    yield from flag_lines(state.iterations)
    yield from (f"What decides beside the code changed: {line}" for line in trust_lines(state))


def _surroundings(host: Host | None, toolchain: Sequence[str]) -> Iterator[Part]:
    if toolchain:
        heads = ("target", "toolchain", "options")
        yield Grid.of("What made the baseline", heads, [tuple(toolchain)])
    if host is not None:
        yield host_grid(host)


def _again(state: State) -> Iterator[Part]:
    yield Commands(
        (
            f"harness verify --campaign {state.name}",
            f"git diff {state.place.tag}..{state.kept_commit[:12]}",
            f"harness compare {state.agreed.target}@{state.sealed.commit[:12]}"
            f" {state.agreed.target}@{state.kept_commit[:12]}",
        )
    )
    yield Words(
        "The first derives every figure of this page again from what is stored, the last measures"
        " the baseline against the last kept state on your machine."
    )
    if state.profile is not None and profile_table(state):
        yield Grid.of(
            "Where the time goes now",
            ("bottleneck", "share with all that it calls"),
            [
                (r.name, TableCell(f"{100 * r.share:.3g} %", r.share))
                for r in state.profile.rows[:8]
            ],
        )
