"""In how many layouts a campaign builds its target."""

import json
from pathlib import Path

import pytest

from harness.project.config import load_config
from harness.project.workload import CAMPAIGN_LAYOUTS, find_workload

TOML = """
[tasks.t]
[tasks.t.cases.only]
[targets.a]
task = "t"
adapter = "c"
sources = ["a.c"]
[campaigns.faster]
target = "a"
case = "only"
"""


def layouts_in(root: Path, baseline: str | None) -> int:
    (root / "harness.toml").write_text(TOML)
    (root / "a.c").write_text("int main(void) { return 0; }\n")
    if baseline is not None:
        (root / "optim").mkdir()
        (root / "optim/baseline.json").write_text(baseline)
    return find_workload(load_config(root / "harness.toml")).target.layouts


def test_a_campaign_that_begins_has_several(tmp_path: Path) -> None:
    assert layouts_in(tmp_path, None) == CAMPAIGN_LAYOUTS > 1


def test_one_under_way_has_as_many_as_its_baseline(tmp_path: Path) -> None:
    assert layouts_in(tmp_path, json.dumps({"recipe": {"layouts": 3}})) == 3


@pytest.mark.parametrize("baseline", ['{"recipe": {"name": "a"}}', "[]", '{"recipe": 7}', "{"])
def test_a_baseline_that_says_nothing_of_it_has_one(tmp_path: Path, baseline: str) -> None:
    assert layouts_in(tmp_path, baseline) == 1


def test_outside_of_campaigns_a_target_is_built_as_it_is(tmp_path: Path) -> None:
    layouts_in(tmp_path, None)
    assert load_config(tmp_path / "harness.toml").target("a").layouts == 1
