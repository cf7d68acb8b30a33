"""How long a candidate may run, by what the baseline took."""

from dataclasses import replace
from types import SimpleNamespace

from harness.baseline.limiting import LEAST_NS, TIMES, limited
from harness.project.config import load_config
from harness.project.workload import find_workload
from harness.testing import make_target

SECOND = 1_000_000_000
CONFIG = """
[tasks.t.cases.one]
params = {}
[targets.x]
task = "t"
adapter = "command"
args = ["true"]
"""


def _limit(took_ns: list[tuple[float, float | None]], declared_ns: int, tmp_path) -> int:
    (tmp_path / "harness.toml").write_text(CONFIG)
    found = find_workload(load_config(tmp_path / "harness.toml"))
    target = replace(make_target(tmp_path), timeout_ns=declared_ns)
    times = [SimpleNamespace(wall_ns=SimpleNamespace(point=p, high=h)) for p, h in took_ns]
    cases = [SimpleNamespace(timing=timing) for timing in times]
    baseline = SimpleNamespace(document=SimpleNamespace(cases=cases))
    return limited(replace(found, target=target), baseline).target.timeout_ns


def test_a_quick_program_has_the_least_and_a_slow_one_many_times_its_own(tmp_path) -> None:
    assert _limit([(0.2 * SECOND, 0.3 * SECOND)], 600 * SECOND, tmp_path) == LEAST_NS
    slow = [(1 * SECOND, 2 * SECOND), (9 * SECOND, 10 * SECOND), (5 * SECOND, None)]
    assert _limit(slow, 600 * SECOND, tmp_path) == TIMES * 10 * SECOND


def test_a_shorter_timeout_that_is_declared_stands(tmp_path) -> None:
    assert _limit([(9 * SECOND, None)], 5 * SECOND, tmp_path) == 5 * SECOND
