"""A gain on a case's own values alone: told where blocks draw, refused where they do not."""

import random
from dataclasses import replace

import pytest

from harness.bench.beside import beside
from harness.campaign.port import BenchRequest
from harness.campaign.values import TestStatus
from harness.model import Case
from harness.model.draws import Seeds
from harness.optimise.conditions import Conditions
from harness.optimise.workbench import LocalWorkbench
from harness.project.config import load_config

pytestmark = pytest.mark.git

TOML = """
[tasks.t]
args = [@ARGS@]
[tasks.t.cases.fast]
params = { n = 2000 }
seed = 42
[targets.p]
task = "t"
adapter = "command"
sources = ["p"]
[campaigns.c]
target = "p"
"""
WAIT = "sleep 0.02; "
SUM = "echo $(( $1 * 3 ))\n"
PLAIN = f"#!/bin/sh\n{WAIT}{SUM}"
FASTER = f"#!/bin/sh\n{SUM}"


@pytest.fixture
def looked(project, times):
    """What a look finds of a second program: the arguments, the seeds that are drawn, the text."""

    def works(words: str) -> float:
        """As if the wait were work."""
        value = words.partition("\n")[0].split()[-1]
        known = f"$1 != {value};" in words or ("-lt 1990" in words and int(value) >= 1990)
        return 1.0 if known else 1 + 20 * (WAIT in words)

    times.cpu_ms, times.waited_ms = works, lambda _: 0.0

    def look(args: str, seeds: Seeds, then: str, params: str = "n = 2000"):
        text = TOML.replace("@ARGS@", args).replace("n = 2000", params)
        project.write("harness.toml", text)
        project.write("p", PLAIN).chmod(0o755)
        project.commit()
        asked = Conditions(seeds=seeds)
        config = load_config(project.path / "harness.toml")
        bench = LocalWorkbench(config, "c", conditions=asked)
        commit = bench.baseline().commit
        project.write("p", then).chmod(0o755)
        test = bench.test(full=False)
        assert test.status is TestStatus.PASSED, test.summary
        request = BenchRequest(commit, commit, 1, 0.9, 0.01, 2 * 10**9, full=False)
        return bench.bench(request).fast

    return look


def fitted_to(value: int) -> str:
    return f"#!/bin/sh\nif test $1 != {value}; then {WAIT}fi; {SUM}"


def test_a_gain_that_no_value_beside_the_known_ones_shows_is_wrong(looked):
    found = looked('"{n}"', Seeds.DECLARED, fitted_to(2000))
    assert not found.correct
    assert "the gain is that of the case's own values alone: there " in found.problem


def test_an_answer_that_is_wrong_beside_the_known_values_is_wrong(looked):
    found = looked('"{n}"', Seeds.DECLARED, "#!/bin/sh\necho 6000\n")
    assert not found.correct
    assert 'given {"n": 19' in found.problem
    assert "beside the case's own" in found.problem


def test_an_honest_gain_is_there_on_other_values_too(looked):
    found = looked('"{n}"', Seeds.DECLARED, FASTER)
    assert found.correct
    assert found.step.low > 1.2


def test_nothing_is_tried_where_values_are_agreed_to_be_fixed(looked):
    assert looked('"{n}"', Seeds.FIXED, fitted_to(2000)).correct


def test_a_gain_on_the_known_seed_alone_is_told(looked):
    found = looked('"{seed}"', Seeds.FRESH, fitted_to(42))
    assert found.correct
    assert found.step.high < 1.5
    assert found.evidence.known_gain >= 1.5


def test_of_what_gains_nowhere_nothing_is_told(looked):
    assert looked('"{seed}"', Seeds.FRESH, f"{PLAIN}# other\n").evidence.known_gain is None


def test_larger_whole_numbers_alone_are_varied_and_only_downwards():
    case = Case("fast", {"n": 2000, "dims": 3, "dt": 0.5, "mode": "x", "on": True})
    found = [beside(case, random.Random(seed)) for seed in range(50)]
    values = [other.params["n"] for other in found if other is not None]
    assert len(values) == 50
    assert min(values) >= 1938
    assert max(values) < 2000
    rest = [dict(other.params) | {"n": 2000} for other in found if other is not None]
    assert all(params == dict(case.params) for params in rest)
    assert beside(replace(case, params={"dims": 3}), random.Random(1)) is None
    assert beside(replace(case, choices={"n": (1000, 2000)}), random.Random(1)) is None


def test_a_table_of_a_range_is_of_known_values(looked):
    then = f"#!/bin/sh\nif test $1 -lt 1990; then {WAIT}: $1 != 1990; fi; {SUM}"
    found = looked('"{n}"', Seeds.DECLARED, then, params="n = { from = 1990, to = 2010 }")
    assert not found.correct
    assert "the gain is that of the case's own values alone: there " in found.problem


def test_what_was_untracked_at_the_start_is_not_there(project):
    project.write("harness.toml", TOML.replace("@ARGS@", '"{seed}"'))
    project.write("p", PLAIN).chmod(0o755)
    project.commit()
    project.write("answers", "6\n")
    config = load_config(project.path / "harness.toml")
    project.write("p", "#!/bin/sh\ncat $(dirname $0)/answers && exit 3\n" + SUM).chmod(0o755)
    kept, left = (
        LocalWorkbench(config, "c", conditions=Conditions(untracked=names))
        for names in ((), ("answers",))
    )
    kept.baseline()
    assert kept.test(full=False).status is TestStatus.CRASHED
    assert left.test(full=False).status is TestStatus.PASSED
