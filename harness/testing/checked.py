"""What the conformance suite found of an adapter, as one value; needs no pytest."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from harness.errors import ExitCode
from harness.frozen import dataclass
from harness.render.tables import layout
from harness.testing.promises import PROMISES


class CheckOutcome(enum.StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the suite, and how it ended."""

    name: str
    """That of the test: `test_probe_is_stable`."""
    outcome: CheckOutcome
    reason: str = ""
    """Why it failed or was skipped."""

    @property
    def promise(self) -> str:
        """What the adapter does that passes it."""
        return PROMISES.get(self.name, self.title)

    @property
    def title(self) -> str:
        """The name in words."""
        return self.name.removeprefix("test_").replace("_", " ").replace(" s ", "'s ")


@dataclass(frozen=True, slots=True, repr=False)
class CheckedAdapter:
    """An adapter with every check of the suite."""

    adapter: str
    sample: str
    """The file with the programs."""
    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.outcome is CheckOutcome.FAILED)

    @property
    def ok(self) -> bool:
        """Did no check fail?"""
        return not self.failed

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.FINE if self.ok else ExitCode.ANSWER_IS_NO

    def table(self, style: str = "plain") -> str:
        """One row per check."""
        rows = [(c.title, c.outcome.value, _first_line(c.reason) or "-") for c in self.checks]
        return layout(["check", "outcome", "reason"], rows, style)

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness adapters check --json`."""
        checks = [{**asdict(check), "promise": check.promise} for check in self.checks]
        return {"adapter": self.adapter, "sample": self.sample, "checks": checks}

    def __str__(self) -> str:
        return "\n".join([self.table(), "", *self._lines()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table("html")

    def _lines(self) -> Iterator[str]:
        """The failures in full, and the count."""
        for check in self.failed:
            yield f"{check.title}: an adapter that passes {check.promise}."
            yield from (f"  {line}" for line in check.reason.splitlines())
        counted = Counter(check.outcome for check in self.checks)
        told = ", ".join(f"{counted[each]} {each.value}" for each in CheckOutcome if counted[each])
        yield f"{self.adapter}: {told} (programs of {self.sample})"


def _first_line(reason: str) -> str:
    line = reason.strip().partition("\n")[0]
    return line if len(line) <= 90 else f"{line[:87]}..."
