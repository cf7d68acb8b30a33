"""The example adapter, registered as pip would register it: the harness finds and uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples/adapter"
SUM = 'my $sum = 0; $sum += $_ for 1 .. $ARGV[0]; print "$sum\\n";\n'


@pytest.fixture
def installed(tmp_path: Path) -> Any:
    """Calls `harness` in an empty folder, with the example's entry points on the path."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    package = project["name"].replace("-", "_")
    facts = tmp_path / "site" / f"{package}-{project['version']}.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    points = project["entry-points"]["harness.adapters"]
    lines = ["[harness.adapters]", *(f"{name} = {module}" for name, module in points.items())]
    (facts / "entry_points.txt").write_text("\n".join(lines))
    folder = tmp_path / "work"
    folder.mkdir()
    path = os.pathsep.join([str(facts.parent), str(EXAMPLE)])

    def harness(command: str, *words: str) -> dict[str, Any]:
        said = subprocess.run(
            [sys.executable, "-m", "harness", command, "--json", *words],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        envelope: dict[str, Any] = json.loads(said.stdout)
        return envelope

    harness.folder = folder  # type: ignore[attr-defined]
    return harness


def test_it_is_listed_beside_our_own(installed):
    found = {a["name"]: a for a in installed("adapters")["result"]["adapters"]}
    assert found["perl"]["distribution"] == "harness-perl"
    assert found["perl"]["toolchain_version"].startswith("Perl v5.")
    assert "c" in found


def test_it_builds_checks_and_times_a_program(installed):
    (installed.folder / "sum.pl").write_text(SUM)
    envelope = installed("run", "--adapter", "perl", "sum.pl", "--trials", "3", "--", "1000")
    assert envelope["ok"], envelope["error"]
    (measurement,) = envelope["result"]["measurements"]
    assert measurement["adapter"] == "perl"
    assert measurement["trials"] == 3
    assert measurement["output_ok"] is True


def test_its_errors_reach_the_user(installed):
    (installed.folder / "sum.pl").write_text("my $sum = ;\n")
    envelope = installed("run", "--adapter", "perl", "sum.pl")
    assert not envelope["ok"]
    assert "syntax error at" in envelope["error"]
