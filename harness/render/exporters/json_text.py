"""JSON: the whole run by the fields of `harness.model.Run`, and what failed."""

from __future__ import annotations

import json
from collections.abc import Mapping

from harness.hookspecs import hookimpl
from harness.model import Run
from harness.model.jsonable import jsonable


@hookimpl
def harness_suffix() -> str:
    return ".json"


@hookimpl
def harness_export(run: Run, failures: Mapping[tuple[str, str, str], str]) -> str:
    failed = [
        {"task": task, "case": case, "target": target, "failure": words}
        for (task, case, target), words in failures.items()
    ]
    return json.dumps({**jsonable(run), "failures": failed}, indent=1, ensure_ascii=False)
