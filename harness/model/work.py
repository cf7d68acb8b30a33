"""How much work a case is, as a task declares it: `work = "{n} * {steps} interactions"`."""

from __future__ import annotations

import math
from collections.abc import Mapping

from harness.frozen import dataclass
from harness.model.metrics import Better, MetricInfo

THROUGHPUT = "throughput"
"""The name of the figure that work and time make: work per second of wall time."""


@dataclass(frozen=True, slots=True)
class WorkOfCase:
    """An amount of work with a unit; the amount is a product of numbers and of parameters."""

    factors: tuple[str, ...]
    unit: str

    @classmethod
    def of(cls, text: str) -> WorkOfCase:
        """Read `{n} * {steps} bodies`; ValueError for what is no amount with a unit."""
        amount, _, unit = text.strip().rpartition(" ")
        factors = tuple(factor.strip() for factor in amount.split("*"))
        if not all(factors) or not unit or "{" in unit:
            raise ValueError(f"want an amount and a unit such as '{{n}} bodies', got {text!r}")
        return cls(factors, unit)

    @property
    def info(self) -> MetricInfo:
        """What its throughput is."""
        return MetricInfo(THROUGHPUT, f"{self.unit}/s", Better.HIGHER, source="launcher")

    def amount(self, values: Mapping[str, object]) -> float:
        """How much it is by a case's values; ValueError where one is missing or no number."""
        try:
            amount = math.prod(float(factor.format_map(values)) for factor in self.factors)
        except (KeyError, IndexError) as missing:
            known = ", ".join(sorted(values))
            raise ValueError(f"no parameter {missing} in a case; it has: {known}") from None
        if not (math.isfinite(amount) and amount > 0):
            raise ValueError(f"want an amount above 0, got {amount:g}")
        return amount
