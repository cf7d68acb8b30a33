"""The sealed baseline of a campaign: made once, verified at every use, and tested against.

- `make`     builds and measures the commit that is checked out, stores and seals what it gave
- `store`    loads a baseline, and verifies it against the tag
- `check`    checks the working tree by the baseline's outputs
- `sides`    targets at one state of their sources, in private folders
- `agreeing` outputs over seeds, against stored ones
- `related`  the relations that a right program obeys
- `document` `baseline.json`
"""

from harness.baseline.check import TestReport, run_test
from harness.baseline.make import LABEL, BaselineSettings, make_baseline
from harness.baseline.store import Baseline, load_baseline, tag_baseline

__all__ = [
    "LABEL",
    "Baseline",
    "BaselineSettings",
    "TestReport",
    "load_baseline",
    "make_baseline",
    "run_test",
    "tag_baseline",
]
