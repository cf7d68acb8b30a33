"""Packages from elsewhere, registered as pip would register them: found and used like our own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples/adapter"
SUM = 'my $sum = 0; $sum += $_ for 1 .. $ARGV[0]; print "$sum\\n";\n'


@dataclass(frozen=True)
class Elsewhere:
    """An empty folder to work in, and a folder of installed packages."""

    folder: Path
    site: Path

    def install(self, name: str, points: Mapping[str, Mapping[str, str]]) -> None:
        """What pip leaves behind: a distribution's metadata with its entry points by group."""
        facts = self.site / f"{name.replace('-', '_')}-0.1.0.dist-info"
        facts.mkdir(parents=True)
        (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
        lines = []
        for group, pairs in points.items():
            lines += [f"[{group}]", *(f"{point} = {module}" for point, module in pairs.items())]
        (facts / "entry_points.txt").write_text("\n".join(lines))

    def harness(self, command: str, *words: str) -> tuple[int, dict[str, Any]]:
        """Exit code and envelope of a fresh `harness`."""
        said = subprocess.run(
            [sys.executable, "-m", "harness", command, "--json", *words],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(self.site), str(EXAMPLE)])},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return said.returncode, json.loads(said.stdout)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Elsewhere:
    for name in ("work", "site"):
        (tmp_path / name).mkdir()
    return Elsewhere(tmp_path / "work", tmp_path / "site")


@pytest.fixture
def perl(elsewhere: Elsewhere) -> Elsewhere:
    """With the example adapter installed."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    elsewhere.install(project["name"], project["entry-points"])
    return elsewhere


def test_an_adapter_is_listed_beside_our_own(perl):
    _, envelope = perl.harness("adapters")
    found = {a["name"]: a for a in envelope["result"]["adapters"]}
    assert found["perl"]["distribution"] == "harness-perl"
    assert found["perl"]["toolchain_version"].startswith("Perl v5.")
    assert "c" in found


def test_an_adapter_builds_checks_and_times_a_program(perl):
    (perl.folder / "sum.pl").write_text(SUM)
    code, envelope = perl.harness("run", "--adapter", "perl", "sum.pl", "--trials", "3", "--", "9")
    assert code == 0, envelope["error"]
    (measurement,) = envelope["result"]["measurements"]
    assert measurement["adapter"] == "perl"
    assert measurement["trials"] == 3
    assert measurement["output_ok"] is True


def test_an_adapter_s_error_reaches_the_user_with_its_exit_code(perl):
    (perl.folder / "sum.pl").write_text("my $sum = ;\n")
    code, envelope = perl.harness("run", "--adapter", "perl", "sum.pl")
    assert code == 4
    assert "syntax error at" in envelope["error"]


def test_an_adapter_that_breaks_is_named_with_its_hook_and_stops_nothing_else(elsewhere):
    (elsewhere.site / "broken.py").write_text(
        "from harness_command import harness_probe, harness_build, harness_run\n"
        "from harness.hookspecs import hookimpl\n"
        "@hookimpl\n"
        "def harness_time():\n"
        "    return 1 / 0\n"
    )
    elsewhere.install("harness-broken", {"harness.adapters": {"broken": "broken"}})
    (elsewhere.folder / "harness.toml").write_text(
        "[tasks.t]\n"
        '[targets.bad]\ntask = "t"\nadapter = "broken"\nprogram = "echo"\nargs = ["hi"]\n'
        '[targets.good]\ntask = "t"\nadapter = "command"\nprogram = "echo"\nargs = ["hi"]\n'
    )
    code, envelope = elsewhere.harness("run", "--trials", "2")
    assert code == 5
    assert "adapter 'broken': harness_time raised ZeroDivisionError" in envelope["error"]
    trials = {m["target"]: m["trials"] for m in envelope["result"]["measurements"]}
    assert trials["good"] == 2


def test_a_cross_cutting_plugin_takes_part_in_every_trial(elsewhere):
    (elsewhere.site / "counting.py").write_text(
        "from pathlib import Path\n"
        "from harness.hookspecs import hookimpl\n"
        "@hookimpl(wrapper=True)\n"
        "def harness_time(build):\n"
        "    trial = yield\n"
        "    with Path('counted').open('a') as file:\n"
        "        print(build.target.adapter, trial.status.value, file=file)\n"
        "    return trial\n"
    )
    elsewhere.install("harness-counting", {"harness.plugins": {"counting": "counting"}})
    words = ("--adapter", "command", "--trials", "2", "--warmup", "1", "--", "true")
    code, _ = elsewhere.harness("run", *words)
    assert code == 0
    assert (elsewhere.folder / "counted").read_text().splitlines() == ["command ok"] * 3


def test_two_packages_with_one_name_are_named_and_stop_nothing_else(perl):
    perl.install("other-perl", {"harness.adapters": {"perl": "other_perl"}})
    code, envelope = perl.harness("run", "--adapter", "perl", "--", "true")
    assert code == 3
    assert "harness-perl 0.1.0 and other-perl 0.1.0" in envelope["error"]
    assert "pip uninstall harness-perl or other-perl" in envelope["error"]
    code, _ = perl.harness("run", "--adapter", "command", "--trials", "2", "--", "true")
    assert code == 0
    code, envelope = perl.harness("adapters")
    found = [a for a in envelope["result"]["adapters"] if a["name"] == "perl"]
    assert code == 0
    assert [a["distribution"] for a in found] == ["harness-perl", "other-perl"]
    assert {a["status"] for a in found} == {"broken"}


def test_a_third_party_that_takes_a_name_of_ours_is_left_out_by_name(elsewhere):
    elsewhere.install("other-commands", {"harness.adapters": {"command": "other_commands"}})
    code, _ = elsewhere.harness("run", "--adapter", "command", "--trials", "2", "--", "true")
    assert code == 0
    code, envelope = elsewhere.harness("adapters")
    (problem,) = envelope["result"]["left_out"]
    assert code == 0
    assert problem["distribution"] == "other-commands"
    assert "pip uninstall other-commands" in problem["hint"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("import sys; sys.exit(0)", "SystemExit"),
        ("import no_such_module_here", "ModuleNotFoundError"),
        ("HARNESS_CONTRACT = 99", "contract 99"),
    ],
)
def test_a_broken_package_is_listed_with_what_to_uninstall_and_stops_nothing(
    elsewhere, body, words
):
    (elsewhere.site / "breaks.py").write_text(f"print('noise')\n{body}\n")
    groups = ("harness.adapters", "harness.plugins", "harness.proposers")
    elsewhere.install("harness-breaks", {group: {"breaks": "breaks"} for group in groups})
    code, envelope = elsewhere.harness("adapters")
    found = {a["name"]: a for a in envelope["result"]["adapters"]}
    assert code == 0
    assert words in found["breaks"]["problem"]
    assert found["command"]["ok"]
    problems = envelope["result"]["left_out"]
    assert len(problems) == 2, "the plugin of every adapter, and the proposer"
    assert all(words in problem["message"] for problem in problems)
    assert all("harness-breaks" in problem["hint"] for problem in problems)
    code, _ = elsewhere.harness("run", "--adapter", "command", "--trials", "2", "--", "true")
    assert code == 0
