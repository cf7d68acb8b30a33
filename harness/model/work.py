"""How much work a case is, as a task declares it: `work = "{n} * {steps} interactions"`."""

from __future__ import annotations

import math

from harness.frozen import dataclass
from harness.model.metrics import Better, MetricInfo
from harness.model.tasks import Case

THROUGHPUT = "throughput"
"""The name of the figure that work and time make: work per second of wall time."""


@dataclass(frozen=True, slots=True)
class Work:
    """An amount of work with a unit; the amount is a product of numbers and of parameters."""

    factors: tuple[str, ...]
    unit: str

    @classmethod
    def of(cls, text: str) -> Work:
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

    def amount(self, case: Case) -> float:
        """How much it is on a case; ValueError where a parameter is missing or no number."""
        try:
            filled = case.filled_in(self.factors)
        except (KeyError, IndexError) as missing:
            raise ValueError(f"no parameter {missing} in case {case.name!r}") from None
        amount = math.prod(map(float, filled))
        if not (math.isfinite(amount) and amount > 0):
            raise ValueError(f"want an amount above 0, got {amount:g} on case {case.name!r}")
        return amount
