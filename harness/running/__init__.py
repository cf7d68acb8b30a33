"""Runs targets: makes them ready, times them in blocks, checks and stores every trial.

Six rooms, one name space:

- `cells`     what is run: Cell, Ready, Failed, Group
- `settings`  how it is run: Settings, declared once
- `core`      the Orchestrator: probe, build, check, time, record
- `judging`   is an output right?
- `resuming`  goes on with an interrupted run
- `listening` who is told what goes on
"""

from harness.running.cells import (
    MAX_FAILURES,
    Cell,
    Failed,
    Group,
    Prepared,
    Ready,
    make_groups,
    reference_of,
    same_group,
)
from harness.running.checking import check_outputs, remarks
from harness.running.listening import Listener, Quiet
from harness.running.orchestrator import Orchestrator, discarding
from harness.running.resuming import resume_groups
from harness.running.settings import Settings

__all__ = [
    "MAX_FAILURES",
    "Cell",
    "Failed",
    "Group",
    "Listener",
    "Orchestrator",
    "Prepared",
    "Quiet",
    "Ready",
    "Settings",
    "check_outputs",
    "discarding",
    "make_groups",
    "reference_of",
    "remarks",
    "resume_groups",
    "same_group",
]
