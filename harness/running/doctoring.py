"""What is found on this machine that makes timings unreliable, as one value."""

from __future__ import annotations

from typing import Any

from harness.errors import ExitCode, UsageError
from harness.frozen import dataclass
from harness.model.jsonable import jsonable
from harness.plugins import Problem
from harness.render.tables import layout
from harness.running.installation import serving_plugins
from harness.system.jail.means import NO_LAUNCHER, find_means, weaknesses
from harness.system.launcher.launching import get_launcher
from harness.system.machine import diagnosis
from harness.system.machine.diagnosis import Finding, Severity
from harness.system.process.passing import passing_folder
from harness.system.process.places import launcher_cache


@dataclass(frozen=True, slots=True, repr=False)
class DoctorReport:
    """What was looked at on this machine, and what to do about it."""

    findings: tuple[Finding, ...]

    @property
    def problems(self) -> tuple[Finding, ...]:
        """Those that make timings unreliable."""
        return tuple(f for f in self.findings if f.severity is Severity.PROBLEM)

    @property
    def exit_code(self) -> ExitCode:
        """What `harness doctor` answers its shell, whatever was found: it is no test."""
        return ExitCode.FINE

    @property
    def ok(self) -> bool:
        return True

    def table(self, style: str = "plain") -> str:
        """One row per thing looked at."""
        rows = [[f.name, f.severity.value, f.seen] for f in self.findings]
        return layout(["looked at", "finding", "seen"], rows, style)

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness doctor --json`."""
        return {"findings": jsonable(self.findings), "problems": [f.name for f in self.problems]}

    def __str__(self) -> str:
        return self.table()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table("html")


def look_at_this_machine(watch_s: float) -> DoctorReport:
    """Look at everything that is known to disturb timings; watches the CPUs for `watch_s`.

    Raises UsageError for a time that is no number of seconds from 0 to 60.
    """
    number = isinstance(watch_s, (int, float)) and not isinstance(watch_s, bool)
    if not number or not 0 <= watch_s <= 60:
        raise UsageError(f"watch_s: want seconds from 0 to 60, got {watch_s!r}")
    return DoctorReport((*diagnosis.diagnose(watch_s=watch_s), _jail(), _plugins()))


def _jail() -> Finding:
    """Which jail this machine can make, tried out."""
    with passing_folder("doctor") as folder:
        launcher = get_launcher(launcher_cache(otherwise=folder))
        found = find_means(launcher.command) if launcher.compiled else NO_LAUNCHER
    lacks = weaknesses(found)
    seen = f"strict, by {found.best.value}" if found.best else "private at most"
    remedy = "Allow user namespaces (user.max_user_namespaces, AppArmor); or have Linux 6.12."
    if not lacks:
        return Finding("jail", Severity.FINE, seen)
    return Finding("jail", Severity.NOTE, seen, "; ".join(lacks), remedy)


def _plugins() -> Finding:
    """Every plugin but adapters, tried; those that do not serve are named with their reasons."""
    left_out: list[Problem] = []
    serving = serving_plugins(left_out.append)
    if not left_out:
        count = sum(map(len, serving.values()))
        return Finding("plugins", Severity.FINE, f"{count} metrics, exporters and others serve")
    return Finding(
        "plugins",
        Severity.PROBLEM,
        f"left out: {', '.join(problem.name for problem in left_out)}",
        "; ".join(problem.message for problem in left_out),
        " ".join(dict.fromkeys(problem.hint for problem in left_out if problem.hint)),
    )
