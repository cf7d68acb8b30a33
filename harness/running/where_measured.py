"""On which machine each measurement of a stored run was made: a cluster's run has several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

HOSTS, HOST_OF = "hosts", "host_of"
"""What a gathered run's plan has beside `host`: its machines, and which one each cell was on."""

Cell = tuple[str, str, str]
"""Task, case and target."""


def hosts_in_plan(
    measured: Iterable[tuple[Mapping[str, Any], Sequence[Sequence[str]]]],
) -> Mapping[str, Any]:
    """What a plan says of its machines; of each part of a run its machine and its cells."""
    hosts: dict[tuple[Any, ...], tuple[int, Mapping[str, Any]]] = {}
    places = []
    for host, cells in measured:
        key = host.get("id"), host.get("hostname")
        at, _ = hosts.setdefault(key, (len(hosts), host))
        places += [[*cell[:3], at] for cell in cells]
    return {HOSTS: [host for _, host in hosts.values()], HOST_OF: places}


class HostsOf:
    """The machines of a run's measurements, by its plan."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self._host: Mapping[str, Any] = plan.get("host") or {}
        self._hosts: Sequence[Mapping[str, Any]] = plan.get(HOSTS, ())
        self._places: dict[Cell, int] = {
            (task, case, target): at for task, case, target, at in plan.get(HOST_OF, ())
        }

    def of(self, task: str, case: str, target: str) -> Mapping[str, Any]:
        """The machine of a cell as the store has it; empty where none is known."""
        at = self._places.get((task, case, target))
        return self._host if at is None else self._hosts[at]
