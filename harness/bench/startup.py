"""Start-up: what a target takes before its work begins; steady mode alone can tell it apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.model import Estimate, Mode, SteadyPlan
from harness.running import Cell, Settings
from harness.running.experiment import Experiment, perform
from harness.running.session import Session

TRIALS = 5


def startup_of(session: Session, cells: Sequence[Cell]) -> Mapping[str, Estimate]:
    """The time until each cell's process was ready for its work, by label, interleaved.

    A cell without a steady mode (a language without a driver, a work that ends its process) is left
    out: a guard that cannot be had stops nothing.
    """
    experiment = Experiment(
        cells=tuple(cells),
        settings=Settings(
            mode=Mode.STEADY,
            trials=TRIALS,
            warmup=0,
            steady=SteadyPlan(samples=1, min_sample_ns=0, budget_ns=0),
        ),
        origin={"kind": "start-up"},
    )
    report = perform(session.orchestrator, session.results, experiment)
    if report.interrupted:
        raise KeyboardInterrupt
    return {m.target: m.ready_ns for m in report.run.measurements if m.ready_ns is not None}
