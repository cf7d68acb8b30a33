"""The Rust adapter keeps the contract."""

from pathlib import Path

import pytest

from harness.model import Case, TrialPlan
from harness.plugins import Adapters
from harness.system.process.runner import LocalRunner
from harness.testing import make_target, suite_of

pytestmark = pytest.mark.needs("rustc")
PLACES = """\
#[inline(never)]
fn one() -> u32 { 1 }
#[inline(never)]
fn other() -> u32 { 2 }
fn main() { println!("{:p} {:p}", one as fn() -> u32, other as fn() -> u32); }
"""


class TestRust(suite_of("rust")):
    """The programs are in `adapters/harness_rust/sample.toml`."""


def test_a_crate_is_linked_in_several_layouts(local_runner: LocalRunner, tmp_path: Path) -> None:
    (tmp_path / "work.rs").write_text(PLACES)
    options = {"layouts": 3, "flags": ["-C", "opt-level=0", "-C", "relocation-model=static"]}
    target = make_target(tmp_path, adapter="rust", sources=(tmp_path / "work.rs",), options=options)
    adapter = Adapters().get("rust")
    made = adapter.build(target, adapter.probe(local_runner), tmp_path / "builds", local_runner)
    places = set()
    for layout in range(3):
        plan = TrialPlan(pad_bytes=layout * 4096 // 3 + 1)
        trial = adapter.time(made, Case("only"), plan, local_runner)
        assert trial.layout == layout
        assert trial.output is not None, trial.message
        places.add(trial.output.stdout.read_text())
    assert len(places) == 3
