"""A campaign's tests and looks on seeds that nobody knew: what the real workbench makes of them."""

import json
from pathlib import Path

import pytest

from harness.campaign.port import BenchRequest
from harness.campaign.values import TestStatus
from harness.errors import TrialFailed
from harness.model import Case, Target
from harness.model.draws import Range, Seeds
from harness.optimise.conditions import Conditions
from harness.optimise.inputs import left_open, seeds_of
from harness.optimise.workbench import LocalWorkbench
from harness.project.config import CampaignSection, load_config
from harness.system.store.runs import read_records

pytestmark = pytest.mark.git

TOML = """
[tasks.t]
args = ["{seed}"]
[tasks.t.cases.fast]
seed = 42
[targets.p]
task = "t"
adapter = "command"
sources = ["p"]
[campaigns.c]
target = "p"
"""
PLAIN = "#!/bin/sh\necho $(( $1 * 3 ))\n"
AGAIN = "#!/bin/sh\necho $(( $1 + $1 + $1 ))\n"
KNOWN = "#!/bin/sh\ntest $1 -lt 99 && echo $(( $1 * 3 )) || echo 7\n"


@pytest.fixture
def campaign(project):
    """Seals a first program, and gives the workbench that measures the next one."""

    def make(first: str, then: str, seeds: Seeds = Seeds.FRESH) -> LocalWorkbench:
        project.write("harness.toml", TOML)
        project.write("p", first).chmod(0o755)
        project.commit()
        bench = LocalWorkbench(
            load_config(project.path / "harness.toml"), "c", conditions=Conditions(seeds=seeds)
        )
        bench.baseline()
        project.write("p", then).chmod(0o755)
        return bench

    return make


def test_what_knows_the_baselines_seeds_alone_is_wrong(campaign):
    bench = campaign(PLAIN, KNOWN)
    outcome = bench.test(full=False)
    assert outcome.status is TestStatus.WRONG
    assert 'given {"seed": ' in outcome.summary


def test_it_passes_where_seeds_are_to_be_fixed(campaign):
    assert campaign(PLAIN, KNOWN, Seeds.FIXED).test(full=False).status is TestStatus.PASSED


def test_an_honest_change_passes_and_its_blocks_draw_seeds(campaign, project):
    bench = campaign(PLAIN, AGAIN)
    assert bench.test(full=False).status is TestStatus.PASSED
    commit = bench.baseline().commit
    found = bench.bench(BenchRequest(commit, commit, 1, 0.9, 0.01, 10**9, full=False))
    assert found.fast.correct
    trials = read_records(project.path / "optim" / found.fast.run)
    drawn = [json.loads(record.draw)["seed"] for record in trials if not record.warmup]
    assert len(set(drawn)) >= 2
    assert 42 not in drawn


def test_an_output_that_no_seed_changes_is_told_at_the_start(project):
    project.write("harness.toml", TOML)
    project.write("p", "#!/bin/sh\necho 7\n").chmod(0o755)
    project.commit()
    config = load_config(project.path / "harness.toml")
    sealed = LocalWorkbench(config, "c", conditions=Conditions(seeds=Seeds.FRESH)).baseline()
    assert "the same whatever seed is" in sealed.notes[0]


def test_a_target_that_takes_no_other_seed_does_not_start(project):
    project.write("harness.toml", TOML)
    project.write("p", "#!/bin/sh\ntest $1 -lt 99 && echo $1\n").chmod(0o755)
    project.commit()
    config = load_config(project.path / "harness.toml")
    with pytest.raises(TrialFailed, match="which was drawn") as caught:
        LocalWorkbench(config, "c", conditions=Conditions(seeds=Seeds.FRESH)).baseline()
    assert "seeds" in (caught.value.hint or "")


def target(*args: str) -> Target:
    return Target("p", "t", "c", Path("/"), args=args)


SEEDED = Case("fast", {"n": 1}, 42)


@pytest.mark.parametrize(
    ("section", "made", "case", "wanted"),
    [
        (CampaignSection(target="p"), target("{n}", "{seed}"), SEEDED, Seeds.FRESH),
        (CampaignSection(target="p"), target("{n}"), SEEDED, Seeds.DECLARED),
        (CampaignSection(target="p"), target("{seed}"), Case("fast"), Seeds.DECLARED),
        (CampaignSection(target="p", seeds=Seeds.FIXED), target("{seed}"), SEEDED, Seeds.FIXED),
    ],
)
def test_seeds_are_fresh_wherever_the_target_takes_one(section, made, case, wanted):
    assert seeds_of(section, made, case) is wanted


def test_what_inputs_leave_open_is_said_with_what_closes_it():
    assert left_open(target("{seed}"), SEEDED, Seeds.FRESH) == ""
    ranged = Case("fast", {"n": 1}, None, {"n": Range(1, 9)})
    assert left_open(target("{n}"), ranged, Seeds.DECLARED) == ""
    told = left_open(target("{n}"), SEEDED, Seeds.DECLARED)
    assert "its inputs are known" in told
    assert "`generate`" in told
    assert "nothing is drawn anew" in left_open(target("{seed}"), SEEDED, Seeds.FIXED)
