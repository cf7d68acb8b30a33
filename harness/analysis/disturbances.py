"""Which trials were kept from a CPU by others."""

from __future__ import annotations

from harness.model import TrialRecord

KEPT_WAITING = 0.01
"""A trial is disturbed where it was kept from a CPU for more than this share of its time."""


def is_disturbed(record: TrialRecord) -> bool:
    """Was the trial kept from a CPU, by whatever the kernel reports?"""
    trial = record.trial
    kept_ns = trial.steal_ns + (trial.pressure_ns or 0)
    if trial.cpu_ns < trial.wall_ns:
        # Both figures are of the whole machine: others may have waited, not this program.
        kept_ns = min(kept_ns, trial.wall_ns - trial.cpu_ns)
    return kept_ns > KEPT_WAITING * max(trial.wall_ns, 0)
