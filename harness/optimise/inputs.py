"""What a campaign's looks draw anew, and what its workload leaves open to an answer by heart."""

from __future__ import annotations

from harness.model import Case, Target
from harness.model.draws import Seeds
from harness.project.config import CampaignSection


def seeds_of(section: CampaignSection, target: Target, case: Case) -> Seeds:
    """What blocks draw: as it is said, else fresh seeds wherever the target takes one."""
    if section.seeds is not None:
        return section.seeds
    takes_one = target.takes("seed") and case.seed is not None
    return Seeds.FRESH if takes_one else Seeds.DECLARED


def left_open(target: Target, case: Case, seeds: Seeds) -> str:
    """What may be answered by heart although every output is checked; empty: nothing known."""
    if case.drawn_names(seeds) or case.holdout:
        return ""
    known = "its inputs are known" if seeds is not Seeds.FIXED else "nothing is drawn anew"
    return (
        f"{target.name} on {case.name}: {known}, and a program that answers them by heart passes"
        " every test. A seed that it takes (`{seed}` in `args`), `{ from = .., to = .. }` for a"
        " parameter, `generate` or `holdout` close that; `[[tasks.NAME.relations]]` has each test"
        " try inputs that nobody knows."
    )
