"""The keyword arguments of an import."""

from __future__ import annotations

from harness.model import Metric
from harness.running.keywords import Place


class ImportOptions(Place, total=False):
    """How a file of another tool is taken in, and by what functions of one process are judged."""

    tool: str
    task: str
    metric: Metric | str
    confidence: float
    threshold: float | str
