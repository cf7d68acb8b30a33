"""Inputs that a generator makes: for the case's own values and for every draw."""

import json
from pathlib import Path

import pytest

import harness

CONFIG = """
[tasks.sum]
generate = ["/bin/sh", "make.sh", "{{n}}", "{{seed}}"]
[tasks.sum.cases.fast]
params = {{ n = 3 }}
seed = 5
[tasks.sum.cases.none]
params = {{ n = 0 }}
seed = 5

[targets.one]
task = "sum"
adapter = "command"
program = "/bin/sh"
args = ["-c", "cat numbers.txt; cat"]

[targets.two]
task = "sum"
adapter = "command"
program = "/bin/sh"
args = ["-c", "{script}"]
"""
MAKE = """
test $1 -gt 0 || { echo "n must be positive" >&2; exit 3; }
for i in $(seq $1); do echo $(( i * $2 )); done > numbers.txt
echo "seed $2"
"""
SAME = "cat numbers.txt - 2>&1"
KNOWN = "printf '5\\\\n10\\\\n15\\\\nseed 5\\\\n'"


@pytest.fixture
def project(tmp_path: Path):
    def make(script: str = SAME) -> Path:
        (tmp_path / "make.sh").write_text(MAKE)
        config = tmp_path / "harness.toml"
        config.write_text(CONFIG.format(script=script))
        return config

    return make


def compare(config: Path, **options: object) -> harness.ComparisonResult:
    results = config.parent / "results"
    return harness.compare("one", "two", config=config, results=results, trials=4, **options)


def test_files_and_standard_input_are_those_that_the_generator_made(project) -> None:
    config = project()
    found = harness.run("one", config=config, results=config.parent / "r", trials=1)
    assert not found.failures
    assert not compare(config).failures


def test_every_fresh_seed_has_inputs_of_its_own(project) -> None:
    config = project(KNOWN)
    assert not compare(config).failures
    found = compare(config, seeds="fresh")
    assert found.failures.keys() == {"two"}
    assert "expected" in found.failures["two"]
    drawn = {d for d in harness.load(config.parent / "results")["draw"] if d}
    assert len({json.loads(d)["seed"] for d in drawn}) == 4


def test_a_generator_that_fails_is_named_with_its_words(project) -> None:
    found = compare(project(), case="none")
    assert all("generator '/bin/sh make.sh 0 5'" in words for words in found.failures.values())
    assert "n must be positive" in found.failures["one"]


def test_a_placeholder_that_no_case_has_is_refused(project) -> None:
    config = project()
    config.write_text(config.read_text().replace('"{seed}"]', '"{sead}"]', 1))
    with pytest.raises(harness.ConfigError, match=r"tasks\.sum\.generate.*sead"):
        compare(config)


def stop(event: object) -> None:
    """Ctrl-C after the first trial."""
    if isinstance(event, harness.TrialStored):
        raise KeyboardInterrupt


def test_a_changed_generator_is_another_input(project) -> None:
    config = project()
    results = config.parent / "r"
    with pytest.raises(harness.Interrupted) as stopped:
        harness.run("one", config=config, results=results, trials=9, progress=stop)
    (config.parent / "make.sh").write_text(MAKE.replace("i *", "2 * i *"))
    with pytest.raises(harness.NotAllowed, match="not given what it was"):
        harness.resume(stopped.value.result.folder.name, config=config, results=results)
