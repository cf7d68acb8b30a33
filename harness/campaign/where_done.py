"""Where the work of a campaign was done, of one that goes to a cluster; pure."""

from __future__ import annotations

import json

from harness.campaign.iteration import Iteration
from harness.campaign.port import SealedBaseline
from harness.campaign.values import CaseResult, Terms


def executor_words(terms: Terms) -> str:
    """The executor of the terms with what it is told; empty: this machine."""
    if not terms.executor:
        return ""
    table = json.loads(terms.executor_table or "{}")
    said = ", ".join(f"{key} = {json.dumps(value)}" for key, value in table.items())
    return f"{terms.executor}{f' ({said})' if said else ''}"


def place_notes(iteration: Iteration, sealed: SealedBaseline) -> list[str]:
    """The nodes and jobs of an iteration; nothing of one that was made here.

    Every side of a look is built where it is measured. That it was another kind of machine than the
    baseline's is said: the figures of the two are not to be compared.
    """
    tests = (test for _, test in iteration.tests)
    tested = next((test.place for test in reversed([*tests]) if test.place), "")
    parts = [f"tested on {tested}"] if tested else []
    bench = iteration.bench
    results = [case for case in bench.results if case.place] if bench is not None else []
    parts += [f"{case.case} measured on {case.place}" for case in results]
    said = "; ".join(parts)
    notes = [f"{said[:1].upper()}{said[1:]}."] if said else []
    kinds = {known.host for known in sealed.noise}
    other = [case.case for case in results if kinds and case.host not in kinds]
    if other:
        notes.append(
            f"Measured on another kind of machine than the baseline's: {', '.join(other)}; all"
            " sides were built there."
        )
    return notes


def place_of_end(case: CaseResult) -> list[str]:
    """Where the last comparison was made."""
    return [f"measured on {case.place}"] if case.place else []
