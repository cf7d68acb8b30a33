"""On which machine each measurement of a stored run was made: a cluster's run has several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.frozen import dataclass

HOSTS, HOST_OF = "hosts", "host_of"
"""What a gathered run's plan has beside `host`: its machines, and which one each cell was on."""

Cell = tuple[str, str, str]
"""Task, case and target."""


@dataclass(frozen=True, slots=True)
class MeasuredPart:
    """A part of a run that one job made on one machine."""

    host: Mapping[str, Any]
    cells: Sequence[Sequence[str]]
    """Task, case and target of each."""
    job: str | None = None
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class MeasuredAt:
    """Where a cell was measured."""

    host: Mapping[str, Any]
    """As the store has it; empty where none is known."""
    job: str | None = None
    """The scheduler's name of the job; None outside of a cluster."""
    attempt: int | None = None


def hosts_in_plan(parts: Iterable[MeasuredPart]) -> Mapping[str, Any]:
    """What a plan says of where its cells were measured; each machine is described once."""
    hosts: dict[tuple[Any, ...], tuple[int, Mapping[str, Any]]] = {}
    places = []
    for part in parts:
        key = part.host.get("id"), part.host.get("hostname")
        at, _ = hosts.setdefault(key, (len(hosts), part.host))
        places += [[*cell[:3], at, part.job, part.attempt] for cell in part.cells]
    return {HOSTS: [host for _, host in hosts.values()], HOST_OF: places}


class HostsOf:
    """The machines of a run's measurements, by its plan."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self._own = MeasuredAt(plan.get("host") or {})
        hosts: Sequence[Mapping[str, Any]] = plan.get(HOSTS, ())
        self._places: dict[Cell, MeasuredAt] = {
            (task, case, target): MeasuredAt(hosts[at], *job)
            for task, case, target, at, *job in plan.get(HOST_OF, ())
        }

    def place_of(self, task: str, case: str, target: str) -> MeasuredAt:
        """Where a cell was measured: the run's own machine, unless its plan says another."""
        return self._places.get((task, case, target), self._own)

    def of(self, task: str, case: str, target: str) -> Mapping[str, Any]:
        """The machine of a cell as the store has it; empty where none is known."""
        return self.place_of(task, case, target).host
