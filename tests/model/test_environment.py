"""The programs on both sides of a variable write its name alike."""

from pathlib import Path

import pytest

from harness.model import environment

ROOT = Path(__file__).parents[2]
LAUNCHERS = ("launcher.c", "fallback_worker.py")
SPEAKERS = {
    environment.STEADY: (
        *(f"harness/system/launcher/{name}" for name in LAUNCHERS),
        "adapters/harness_python/driver.py",
    ),
    environment.PHASES: ("adapters/harness_python/markers/harness_phases.py", "docs/phases.md"),
    environment.STEP: ("docs/proposers.md",),
    environment.AGENT_FOLDER: ("docs/proposers.md",),
    environment.METRICS: ("docs/configuration.md",),
}


@pytest.mark.parametrize(
    ("name", "path"), [(name, path) for name, paths in SPEAKERS.items() for path in paths]
)
def test_a_variable_has_one_name_on_both_sides(name: str, path: str):
    assert name in (ROOT / path).read_text(encoding="utf-8")
