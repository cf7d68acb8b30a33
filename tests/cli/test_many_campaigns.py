"""Commands that read many campaigns: one that is damaged is named and stops nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from harness import Project

RECORDED = Path(__file__).parents[2] / "optim"

CONFIG = """
[tasks.nbody]
cases.fast.params = { n = 1 }

[targets.nbody-c]
task = "nbody"
adapter = "command"
program = "true"

[campaigns.nbody-c]
target = "nbody-c"
case = "fast"

[campaigns.harness]
target = "nbody-c"
case = "fast"
"""


def two_campaigns(folder: Path) -> None:
    """One whole, and one of which a byte was changed."""
    (folder / "harness.toml").write_text(CONFIG)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    for name in ("nbody-c", "harness"):
        to = folder / "optim" / name / "events.jsonl"
        to.parent.mkdir(parents=True)
        shutil.copyfile(RECORDED / name / "events.jsonl", to)
    damaged = folder / "optim" / "harness" / "events.jsonl"
    content = bytearray(damaged.read_bytes())
    content[100] ^= 1
    damaged.write_bytes(content)


def test_the_list_names_the_damaged_one_and_goes_on(folder, harness):
    two_campaigns(folder)
    said = harness("campaign", "list", "--json")
    assert said.code == 6
    assert [c["campaign"] for c in said.result["campaigns"]] == ["nbody-c"]
    (damaged,) = said.result["damaged"]
    assert "harness/events.jsonl: event 1" in damaged


def test_a_program_reads_the_list_that_the_command_prints(folder, harness):
    two_campaigns(folder)
    found = Project.open(folder).campaigns()
    said = harness("campaign", "list", "--json").result
    assert json.loads(json.dumps(found.to_dict())) == said
    assert not found.ok
    assert [c.name for c in found.campaigns] == ["nbody-c"]
    assert "nbody-c" in found._repr_html_()


def test_the_search_names_the_damaged_one_and_goes_on(folder, harness):
    two_campaigns(folder)
    said = harness("surprises", "--json")
    assert said.code == 6
    assert {finding["campaign"] for finding in said.result["findings"]} == {"nbody-c"}
    assert "harness/events.jsonl: event 1" in said.envelope["error"]
