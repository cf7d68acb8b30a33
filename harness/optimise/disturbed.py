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
from harness.profiles import crowded_share, waiting_is_unclear
from harness.project.workload import Workload
from harness.render.units import show_ns
from harness.stats.scatter import noise_of
from harness.system.store.runs import read_records

_FAR_SOONER = 4.0
"""CPU time is spoken of where wall time wants this many times as many blocks."""

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


def cpu_words(name: str, terms: Terms, sealed: SealedBaseline, seen: Noise | None = None) -> str:
    """What to say where CPU time would decide far sooner than wall time does; empty elsewhere.

    `seen` is the noise of wall time that a look has shown; otherwise it is that of the baseline.
    """
    known = next((k.noise for k in sealed.noise if k.case == terms.case), None)
    wall = seen if seen is not None and seen.pairs else known
    if terms.objective != Metric.WALL.value or not sealed.cpu_noise.pairs or wall is None:
        return ""
    by_wall = blocks_of_small_gain(wall.known, terms)
    by_cpu = blocks_of_small_gain(sealed.cpu_noise.known, terms)
    if by_wall < _FAR_SOONER * by_cpu:
        return ""
    block_ns = block_ns_of(sealed)
    return (
        f"other programs disturb wall time here: a gain of {SMALL:.0%} wants about"
        f" {show_ns(by_wall * block_ns, 2)} by wall time and {show_ns(by_cpu * block_ns, 2)} by CPU"
        f' time. objective = "cpu" in [campaigns.{name}] of harness.toml (or `harness optimise'
        " --objective cpu`) has CPU time decide; it is sealed when a"
        " campaign starts, so: `harness campaign abandon && harness campaign start`; wall time then"
        " informs, and a gain by threads or by less waiting is not seen"
    )
