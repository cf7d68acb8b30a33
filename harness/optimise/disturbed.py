"""Where other programs disturb wall time: what CPU time would take to decide, and how it is had."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from harness.baseline import Baseline
from harness.baseline.store import TRIALS_NAME
from harness.campaign.port import SealedBaseline
from harness.campaign.values import Terms
from harness.model import Case, Metric, Trial
from harness.model.noise import Noise
from harness.optimise.budgets import SMALL, block_ns_of, blocks_of_small_gain
from harness.optimise.campaign import Campaign
from harness.profiles import crowded_share, waiting_is_unclear
from harness.project.first_config import is_first_config
from harness.project.workload import Workload
from harness.render.units import show_ns
from harness.stats.scatter import noise_of
from harness.system.store.runs import read_records

_FAR_SOONER = 4.0
"""CPU time is spoken of where wall time wants this many times as many blocks."""

_SOONER = 2.0
"""The same where wall time would not decide a small gain within the budget of a look."""

_WAITS = 0.3
"""A program whose CPU time is a smaller share of its wall time may mostly wait."""


def times_of_baseline(found: Baseline, case: Case, *, cpu: bool) -> list[float]:
    """The wall or CPU times of the baseline's trials of a case, in their order."""
    own = _trials_of_baseline(found, case)
    return [float(trial.cpu_ns if cpu else trial.wall_ns) for trial in own]


def _trials_of_baseline(found: Baseline, case: Case) -> list[Trial]:
    records = read_records(found.folder / TRIALS_NAME)
    return [r.trial for r in records if r.case == case.name and not r.warmup and r.trial.ok]


def cpu_noise_of_baseline(found: Baseline, workload: Workload) -> Noise:
    """What CPU times of the fast case differ by; nothing where that is no alternative."""
    section = workload.section
    if section is None or section.objective == Metric.CPU.value:
        return Noise()
    trials = _trials_of_baseline(found, workload.case)
    if not trials or mostly_waits(trials):
        return Noise()
    return noise_of([[float(trial.cpu_ns) for trial in trials]])


def mostly_waits(trials: Sequence[Trial]) -> bool:
    """Does a program wait for most of its time by itself?

    Where others had the CPUs for the rest of the time, a low share of CPU time is no sign of it.
    """
    share = median(trial.cpu_ns / max(1, trial.wall_ns) for trial in trials)
    crowded = median(map(crowded_share, trials))
    return share < _WAITS and not waiting_is_unclear(share, crowded)


def advice_on_cpu(campaign: Campaign, seen: Noise | None = None) -> str:
    """What to say where CPU time would decide a campaign far sooner; empty elsewhere.

    `seen` is the noise of wall time that a look has shown; otherwise it is that of the baseline.
    """
    state, path = campaign.state, campaign.config.path
    found = cpu_words(state.agreed, state.sealed, seen)
    if not found:
        return ""
    ours = path is not None and is_first_config(path.read_text("utf-8", errors="replace"))
    return f"{found} {_how(campaign.name, begun_by_call=ours)}"


def _how(name: str, *, begun_by_call: bool) -> str:
    """What has CPU time decide, which is agreed when a campaign starts."""
    if begun_by_call:
        return "`harness campaign abandon`, then the same `harness optimise` with --objective cpu"
    return (
        f'objective = "cpu" in [campaigns.{name}] of harness.toml has it decide; that is sealed'
        " when a campaign starts, so: `harness campaign abandon`, change and commit the file,"
        " `harness campaign start`"
    )


def cpu_words(terms: Terms, sealed: SealedBaseline, seen: Noise | None = None) -> str:
    """That CPU time would decide far sooner than wall time does; empty where it would not."""
    known = next((k.noise for k in sealed.noise if k.case == terms.case), None)
    wall = seen if seen is not None and seen.pairs else known
    if terms.objective != Metric.WALL.value or not sealed.cpu_noise.pairs or wall is None:
        return ""
    by_wall = blocks_of_small_gain(wall.known, terms)
    by_cpu = blocks_of_small_gain(sealed.cpu_noise.known, terms)
    block_ns = block_ns_of(sealed)
    in_time = by_wall * block_ns <= terms.bench_budget_ns
    if by_wall < (_FAR_SOONER if in_time else _SOONER) * by_cpu:
        return ""
    return (
        f"other programs disturb wall time here: a gain of {SMALL:.0%} wants about"
        f" {show_ns(by_wall * block_ns, 2)} by wall time and {show_ns(by_cpu * block_ns, 2)} by CPU"
        " time, which decides as well what one thread computes (wall time then informs, and a gain"
        " by threads or by less waiting is not seen). To have CPU time decide:"
    )
