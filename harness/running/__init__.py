"""Runs targets: makes them ready, times them in blocks, checks and stores every trial.

What is asked:

- `keywords`     the arguments of the Python API, and what its callers name
- `workload_keywords` those on a baseline
- `selecting`    the cells that a caller names, or that a stored run had
- `naming`       what callers name, and what is guessed of it
- `guessing`     the adapter that a file most likely wants
- `suites`       benchmarks of other frameworks, each as a case
- `side_by_side` what a comparison compares
- `pairs`        the cells of a comparison
- `gate_keywords` the arguments of a gate
- `settings`     how it is run: Settings, declared once

- `declared_options` options of targets, read by their adapters
- `variants`     variants of a target, each in a private copy of its own
- `trying_options` how variants are tried

What happens:

- `session`      folders, runner and orchestrator of a command, cleaned up at its end
- `experiment`   one whole run
- `ending`       when it ends: the stop rule of each group
- `executing`    a run whose shards an executor runs
- `trying`       variants raced, and the best of them confirmed
- `gate`         the working tree against its merge base
- `gate_base`    which commit that is
- `gate_changes` which changes can concern a target
- `commands`     the commands of a target beside its program
- `orchestrator` probe, build, check, time, record
- `made_once`    what several cells share is made once
- `cells`        what is run: Cell, Ready, Failed, Group
- `copies`       private copies of the user's tree
- `checking`     is an output right?
- `relating`     inputs changed by the project's own relations
- `resuming`     goes on with an interrupted run
- `listening`    who is told what goes on
- `installation` which adapters and plugins serve here
- `doctoring`    what makes this machine's timings unreliable

What comes of it:

- `run_results`  what a run gave, as values
- `suite_results` what comparing two builds of a suite gave
- `gate_results` what a gate found
- `try_results`  what trying variants gave
- `reports`      its report, and the report's form in the store
- `exporting`    the report in a file
- `reading_back` a stored run's report as the value that it was written from
- `history`      stored runs, listed
- `by_target`    what all stored runs have of each target together
- `catalogue`    which runs are stored, and what each has measured
- `loading`      stored runs as pandas tables
- `many`         many stored runs, each read by itself
- `pooling`      what all stored runs say together of two targets
- `stored_verdicts` the same as one value, with what decides
"""

from typing import TYPE_CHECKING

from harness.on_demand import loaded_when_used

if TYPE_CHECKING:
    from harness.running.cells import (
        MAX_FAILURES,
        Cell,
        Failed,
        Group,
        Prepared,
        Ready,
        discarding,
        make_groups,
        reference_of,
        same_group,
    )
    from harness.running.checking import check_outputs, remarks
    from harness.running.listening import Listener, Quiet
    from harness.running.orchestrator import Orchestrator
    from harness.running.resuming import resume_groups
    from harness.running.settings import Settings
else:
    __getattr__ = loaded_when_used(
        __name__,
        {
            "cells": "MAX_FAILURES Cell Failed Group Prepared Ready discarding"
            " make_groups reference_of same_group",
            "checking": "check_outputs remarks",
            "listening": "Listener Quiet",
            "orchestrator": "Orchestrator",
            "resuming": "resume_groups",
            "settings": "Settings",
        },
    )

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
